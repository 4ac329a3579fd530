"""Accounts of one call in exports of their own: the first that knows the usage is billed, for a while."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from exports import export, span_message
from records import SECOND, T0, batch, call, span_id
from spanglass.call import Usage
from spanglass.errors import StoreUnavailable
from spanglass.semconv import attributes as attr
from spanglass.server.allowance import Allowance
from spanglass.server.app import known_calls
from spanglass.server.counters import Counters
from spanglass.server.normalise.recent import RecentCalls
from spanglass.server.pipeline import Pipeline
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Batch, Signal, Status, StoredSpan
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Written

USAGE = Usage(100, 20)
CALL: dict[str, str | float] = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 100}


def telling(number: int, parent: int | None = None, *, trace: int = 1, **more: Any) -> StoredSpan:  # noqa: ANN401 - fields of a call
    """Return a call that lasts a second, with its usage unless told otherwise."""
    response_id = more.pop("response_id", None)
    made = call(trace, number, parent, **{"usage": USAGE, **more})
    assert made.facts.call is not None
    return StoredSpan(made.span, replace(made.facts, call=replace(made.facts.call, response_id=response_id)), made.cost)


def sent(recent: RecentCalls, *exports: StoredSpan) -> list[bool]:
    """Return whether each is a call after all, each sent in an export of its own."""
    calls = []
    for one in exports:
        calls.append(recent.compare([one])[0].facts.call is not None)
        recent.keep()
    return calls


@pytest.mark.parametrize(
    ("first", "second", "calls"),
    [
        (telling(2, 1), telling(1), [True, False]),  # a client inside a framework: the inner one ends first
        (telling(1), telling(2, 1), [True, False]),  # a client first, then its gateway
        (telling(1, response_id="a"), telling(2, 9, response_id="a"), [True, False]),
        (telling(1, response_id="a"), telling(2, 9, response_id="a", at=5), [True, True]),
        (telling(1, response_id="a"), telling(2, response_id="a", trace=2), [True, False]),
        (telling(1, response_id="a"), telling(2, response_id="a", trace=2, at=5), [True, True]),
        (telling(1, response_id="a"), telling(2, response_id="a", trace=2, usage=Usage(100, 21)), [True, True]),
        (telling(1, response_id="a"), telling(2, response_id="a", trace=2, model="claude"), [True, True]),
        (telling(1, response_id="a"), telling(2, response_id="a", trace=2, usage=None), [True, False]),
        (telling(1, response_id="a", usage=None), telling(2, response_id="a", trace=2), [True, True]),
        (telling(1, usage=None), telling(2, 1), [True, True]),  # the second alone knows the usage
        (telling(1), telling(2, 1, usage=None), [True, False]),
        (telling(1), telling(2, 1, usage=None, status=Status.ERROR), [True, True]),  # an attempt that failed
        (telling(1), telling(2, 1, model="claude", usage=Usage(7, 7)), [True, True]),
        (telling(1), telling(2, 9), [True, True]),
        (telling(1, response_id="a"), telling(1, response_id="a"), [True, True]),  # sent again, as it is stored once
    ],
)
def test_accounts_in_exports_of_their_own(first: StoredSpan, second: StoredSpan, calls: list[bool]) -> None:
    """Place, response id, time and usage decide, as within one export; what is written already stays."""
    assert sent(RecentCalls(), first, second) == calls


def test_the_mark_names_the_call() -> None:
    """Who reads the span finds the one that is billed."""
    recent = RecentCalls()
    recent.compare([telling(2, 1)])
    recent.keep()

    assert recent.compare([telling(1)])[0].span.attributes == {attr.DUPLICATE_OF: span_id(2)}


def test_one_export_is_compared_with_itself() -> None:
    """Two traces of one export, as of a framework whose client begins a trace of its own, tell of one response."""
    found = RecentCalls().compare([telling(1, response_id="a"), telling(2, response_id="a", trace=2)])

    assert [one.facts.call is not None for one in found] == [True, False]


def test_what_was_not_written_is_forgotten() -> None:
    """After a failed commit the accounts may come again in any order: the first that is written then stands."""
    recent = RecentCalls()
    recent.compare([telling(1)])
    recent.forget()

    assert sent(recent, telling(2, 1), telling(1)) == [True, False]


def test_forged_ids_are_not_remembered() -> None:
    """A response id or a model of a megabyte takes no room, and is a call each time."""
    recent = RecentCalls()

    assert sent(recent, telling(1, response_id="a" * 2000), telling(2, response_id="a" * 2000)) == [True, True]
    assert not recent._entries


def test_the_oldest_are_forgotten() -> None:
    """The memory is bounded, whatever is sent."""
    recent = RecentCalls(most=30)
    sent(recent, *(telling(number, number + 1000, response_id=str(number)) for number in range(2, 100)))

    assert len(recent._entries) == 30
    assert sent(recent, telling(500, 2), telling(501, 99)) == [True, False]


def test_calls_are_known_after_a_restart(tmp_path: Path) -> None:
    """What was stored before is compared with what comes after: a gateway's account, whose client's is in the file."""
    now = (time.time_ns() - T0) / SECOND
    store = DuckDBStore(tmp_path)
    store.write(
        [
            batch(
                telling(2, 1, at=now),
                telling(3, response_id="a", at=now),
                telling(4, at=0),
                telling(5, at=now, usage=None),
            )
        ]
    )
    store.close()
    store = DuckDBStore(tmp_path)
    recent = RecentCalls()
    recent.recall(known_calls(store))
    store.close()

    assert sent(
        recent,
        telling(1, at=now),
        telling(13, response_id="a", trace=2, at=now),
        telling(14, 4, at=0),  # long ago
        telling(15, 5, at=now),  # alone knows the usage
    ) == [False, False, True, True]


def test_a_store_that_cannot_say_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    """The server starts without what it might have known, and says so."""
    store = DuckDBStore(None)
    store.close()

    assert known_calls(store) == ()
    assert "counted twice" in caplog.text


def test_a_failed_commit_leaves_no_calls_behind() -> None:
    """An account that was refused with a failed commit is billed once, by whichever account is written first."""

    class Failing(DuckDBStore):
        fails = True

        def write(self, batches: Sequence[Batch]) -> Written:
            """Fail the first time."""
            if self.fails:
                self.fails = False
                raise StoreUnavailable("the disk is full")
            return super().write(batches)

    async def main() -> list[object]:
        store = Failing(None)
        pipeline = Pipeline(store, allowance=Allowance(1_000_000), counters=Counters(), probe_s=60)
        first, second = (
            export([span_message(number, attributes={**CALL, "gen_ai.response.id": "a"})]).SerializeToString()
            for number in (1, 2)
        )
        with pytest.raises(StoreUnavailable):
            await pipeline.submit(Decoder(Limits()).decode(Signal.TRACES, first, received_ns=T0))
        for body in (second, first):
            await pipeline.submit(Decoder(Limits()).decode(Signal.TRACES, body, received_ns=T0))
        rows = store.select("SELECT operation FROM spans ORDER BY span_id", {})
        await pipeline.close()
        store.close()
        return [row["operation"] for row in rows]

    assert asyncio.run(main()) == [None, "chat"]


def test_the_server_compares_exports() -> None:
    """What arrives in two exports is one call in the store, with one cost."""

    async def main() -> list[object]:
        store = DuckDBStore(None)
        pipeline = Pipeline(store, allowance=Allowance(1_000_000), counters=Counters())
        for number in (1, 2):
            message = span_message(number, attributes={**CALL, "gen_ai.response.id": "a"})
            body = export([message]).SerializeToString()
            await pipeline.submit(Decoder(Limits()).decode(Signal.TRACES, body, received_ns=T0))
        rows = store.select("SELECT operation FROM spans ORDER BY span_id", {})
        await pipeline.close()
        store.close()
        return [row["operation"] for row in rows]

    assert asyncio.run(main()) == ["chat", None]
