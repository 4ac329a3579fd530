"""Accounts of one call in exports of their own: the first that knows the usage is billed, for a while."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from exports import export, span_message
from records import T0, call, span_id
from spanglass.call import Usage
from spanglass.semconv import attributes as attr
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.normalise.recent import RecentCalls
from spanglass.server.pipeline import Pipeline
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Signal, Status, StoredSpan
from spanglass.server.store.duckdb import DuckDBStore

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
    return [recent.compare([one])[0].facts.call is not None for one in exports]


@pytest.mark.parametrize(
    ("first", "second", "calls"),
    [
        (telling(2, 1), telling(1), [True, False]),  # a client inside a framework: the inner one ends first
        (telling(1), telling(2, 1), [True, False]),  # a client first, then its gateway
        (telling(1, response_id="a"), telling(2, 9, response_id="a"), [True, False]),
        (telling(1, response_id="a"), telling(2, 9, response_id="a", at=5), [True, True]),
        (telling(1, response_id="a"), telling(2, response_id="a", trace=2), [True, True]),
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

    assert recent.compare([telling(1)])[0].span.attributes == {attr.DUPLICATE_OF: span_id(2)}


def test_the_oldest_are_forgotten() -> None:
    """The memory is bounded, whatever is sent."""
    recent = RecentCalls(most=30)
    sent(recent, *(telling(number, number + 1000, response_id=str(number)) for number in range(2, 100)))

    assert len(recent._entries) == 30
    assert sent(recent, telling(500, 2), telling(501, 99)) == [True, False]


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
