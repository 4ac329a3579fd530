"""The write path: durable before it returns, grouped, bounded, and alive whatever a store does."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NoReturn

import pytest
from msgspec.structs import replace

from exports import export, span_message
from records import T0
from spanglass.call import Cost, CostState, Usage
from spanglass.errors import Overloaded, PayloadTooLarge, StoreUnavailable
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.pipeline import Pipeline, cost_of, prepare, was_refused
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Batch, Call, Received, Signal, Status, Value
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Parameter, Row, Written

CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini"}
COUNT = "SELECT count(*) AS n FROM spans"


def received(number: int, attributes: Mapping[str, str | float] | None = None) -> Received:
    body = export([span_message(number, attributes=attributes or CALL)]).SerializeToString()
    return Decoder(Limits()).decode(Signal.TRACES, body, received_ns=T0)


class Gate:
    """A store that writes when it is let, and remembers what each round brought."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.rounds: list[int] = []
        self.failures: list[Exception] = []

    def write(self, batches: Sequence[Batch]) -> Written:
        """Wait, then take the batches or fail."""
        self.entered.set()
        assert self.open.wait(10)
        self.rounds.append(len(batches))
        if self.failures:
            raise self.failures.pop()
        return Written.of(batches, spans=sum(len(batch.spans) for batch in batches), logs=0, points=0)

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """The write path asks nothing."""
        raise AssertionError(sql, parameters)

    def roll_up(self, until_ns: int) -> int:
        """The write path makes no summaries."""
        raise AssertionError(until_ns)

    def size(self) -> int:
        """Nothing is on disk."""
        return 0

    def close(self) -> None:
        """Nothing is open."""


class Bench:
    """A pipeline with its parts in sight."""

    def __init__(self, store: Gate | DuckDBStore, limit: int = 1_000_000, probe_s: float = 5.0) -> None:
        self.counters, self.allowance = Counters(), Allowance(limit)
        self.pipeline = Pipeline(store, allowance=self.allowance, counters=self.counters, probe_s=probe_s)


def test_a_request_is_on_disk_when_submit_returns() -> None:
    """A span is there to be read, with its cost, as soon as its sender is told."""

    async def main() -> tuple[Sequence[Row], Counters]:
        store = DuckDBStore(None)
        bench = Bench(store)
        usage = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
        await bench.pipeline.submit(received(1, {**CALL, **usage}))
        rows = store.select("SELECT work, cost_state, cost_amount FROM spans", {})
        await bench.pipeline.close()
        store.close()
        return rows, bench.counters

    rows, counters = asyncio.run(main())

    assert rows == [{"work": "llm", "cost_state": "computed", "cost_amount": Decimal("0.00021")}]
    assert (counters.stored, counters.duplicates, sum(counters.commits)) == ({Signal.TRACES: 1}, {}, 1)


def test_a_request_sent_twice_counts_once() -> None:
    """Both senders are told it is kept; it is kept once, and the other counted as a duplicate."""

    async def main() -> tuple[Sequence[Row], Counters]:
        store = DuckDBStore(None)
        bench = Bench(store)
        await asyncio.gather(bench.pipeline.submit(received(1)), bench.pipeline.submit(received(1)))
        await bench.pipeline.submit(received(1))
        rows = store.select(COUNT, {})
        await bench.pipeline.close()
        store.close()
        return rows, bench.counters

    rows, counters = asyncio.run(main())

    assert rows == [{"n": 1}]
    assert (counters.stored, counters.duplicates) == ({Signal.TRACES: 1}, {Signal.TRACES: 2})


def test_what_waits_shares_a_commit() -> None:
    """While one commit runs, what arrives is gathered into the next."""

    async def main() -> Gate:
        store = Gate()
        bench = Bench(store)
        first = asyncio.create_task(bench.pipeline.submit(received(1)))
        await asyncio.to_thread(store.entered.wait, 10)
        rest = [asyncio.create_task(bench.pipeline.submit(received(number))) for number in range(2, 12)]
        await asyncio.sleep(0)
        assert not first.done()
        store.open.set()
        await asyncio.gather(first, *rest)
        await bench.pipeline.close()
        return store

    assert asyncio.run(main()).rounds == [1, 10]


def test_a_full_queue_refuses_and_recovers() -> None:
    """Beyond the limit a sender is told when to come back; what was accepted is kept, and then there is room again."""

    async def main() -> Bench:
        store = Gate()
        size = received(1).size
        bench = Bench(store, limit=size * 2)
        accepted = [asyncio.create_task(bench.pipeline.submit(received(number))) for number in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as caught:
            await bench.pipeline.submit(received(3))
        assert caught.value.retry_after_s >= 1
        store.open.set()
        await asyncio.gather(*accepted)
        await bench.pipeline.submit(received(3))
        await bench.pipeline.close()
        return bench

    bench = asyncio.run(main())

    assert bench.counters.stored == {Signal.TRACES: 3}
    assert bench.allowance.held == 0


def test_content_is_shed_before_a_sender_is_refused() -> None:
    """With half of the queue taken what arrives is kept without its messages, counted, and takes less room."""
    messages: dict[str, str | float] = {
        **CALL,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.input.messages": "x" * 50_000,
    }

    async def main() -> tuple[Bench, Sequence[Row]]:
        store = DuckDBStore(None)
        bench = Bench(store, limit=120_000)
        waiting = bench.allowance.hold()
        with waiting:
            await bench.pipeline.submit(received(1, messages))
            waiting.add(20_000)
            await bench.pipeline.submit(received(2, messages))
            await bench.pipeline.submit(received(3, messages))
        await bench.pipeline.close()
        rows = store.select("SELECT json_extract_string(attributes, '$.\"spanglass.shed\"[0]') AS shed FROM spans", {})
        store.close()
        return bench, rows

    bench, rows = asyncio.run(main())

    assert [row["shed"] for row in rows] == [None, "gen_ai.input.messages", "gen_ai.input.messages"]
    assert bench.counters.shed == {(Signal.TRACES, "queue"): 2}
    assert bench.allowance.held == 0


def test_an_export_too_large_for_the_queue_is_kept_without_content_or_refused_for_good() -> None:
    """What fits once its content is gone is kept; what does not is not worth sending again."""

    async def main() -> Bench:
        store = DuckDBStore(None)
        bench = Bench(store, limit=20_000)
        await bench.pipeline.submit(received(1, {**CALL, "gen_ai.input.messages": "x" * 50_000}))
        with pytest.raises(PayloadTooLarge, match="SPANGLASS_QUEUE_MIB"):
            await bench.pipeline.submit(received(2, {f"{number}": "x" * 200 for number in range(100)}))
        await bench.pipeline.close()
        store.close()
        return bench

    bench = asyncio.run(main())

    assert bench.counters.shed == {(Signal.TRACES, "size"): 1}
    assert bench.allowance.held == 0


@pytest.mark.parametrize("failure", [StoreUnavailable("disk full"), KeyError("a bug")], ids=["told", "unforeseen"])
def test_a_failed_write_fails_its_requests_and_no_others(failure: Exception) -> None:
    """The senders of a round that failed are told, and the next round is served."""

    async def main() -> Bench:
        store = Gate()
        store.open.set()
        store.failures.append(failure)
        bench = Bench(store)
        with pytest.raises(StoreUnavailable):
            await bench.pipeline.submit(received(1))
        await bench.pipeline.submit(received(1))
        await bench.pipeline.close()
        return bench

    bench = asyncio.run(main())

    assert bench.counters.stored == {Signal.TRACES: 1}
    assert bench.allowance.held == 0


def test_a_fault_is_known_until_writing_goes_on_by_itself() -> None:
    """While writes fail the counters say why; an attempt of the server's own finds out when that is over."""

    async def main() -> tuple[str | None, Gate]:
        store = Gate()
        store.open.set()
        store.failures += [StoreUnavailable("disk full"), StoreUnavailable("disk full")]
        bench = Bench(store, probe_s=0.02)
        with pytest.raises(StoreUnavailable):
            await bench.pipeline.submit(received(1))
        said = bench.counters.fault
        while bench.counters.fault:  # noqa: ASYNC110 - the writer thread clears it and knows of no event
            await asyncio.sleep(0.01)
        await bench.pipeline.close()
        return said, store

    said, store = asyncio.run(main())

    assert said == "disk full"
    assert len(store.rounds) == 3  # the request, and two attempts


class Hostile(dict[str, Value]):
    """Attributes that break whoever looks into them."""

    def get(self, *_: object) -> NoReturn:
        """Fail."""
        raise RuntimeError("a bug")


def test_a_span_that_cannot_be_understood_is_kept_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours in one span costs neither it nor its neighbours: it is kept without facts, and logged."""
    good = received(1).spans[0]
    bad = replace(good, attributes=Hostile(good.attributes))

    batch = prepare(replace(received(1), spans=[good, bad]))

    assert [stored.facts.work for stored in batch.spans] == ["llm", "other"]
    assert batch.spans[1].span is bad
    assert "please report this" in caplog.text


def test_a_sender_that_left_does_not_stop_the_rest() -> None:
    """A cancelled request is written all the same, and its bytes are given back."""

    async def main() -> Bench:
        store = Gate()
        bench = Bench(store)
        leaver = asyncio.create_task(bench.pipeline.submit(received(1)))
        await asyncio.to_thread(store.entered.wait, 10)
        leaver.cancel()
        await asyncio.sleep(0)
        store.open.set()
        await bench.pipeline.submit(received(2))
        await bench.pipeline.close()
        return bench

    bench = asyncio.run(main())

    assert (bench.counters.stored, bench.allowance.held) == ({Signal.TRACES: 2}, 0)


def test_closing_writes_what_waits_and_refuses_the_rest() -> None:
    """A stopping server keeps what it accepted."""

    async def main() -> Gate:
        store = Gate()
        bench = Bench(store)
        waiting = [asyncio.create_task(bench.pipeline.submit(received(number))) for number in (1, 2, 3)]
        await asyncio.to_thread(store.entered.wait, 10)
        closing = asyncio.create_task(bench.pipeline.close())
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable, match="stopping"):
            await bench.pipeline.submit(received(4))
        store.open.set()
        await asyncio.gather(closing, *waiting)
        return store

    assert sum(asyncio.run(main()).rounds) == 3


def test_closing_leaves_no_request_without_an_answer_while_its_content_is_shed() -> None:
    """A request that is being made smaller when the server stops is kept or refused, and holds nothing afterwards."""

    async def main() -> tuple[Bench, BaseException | None]:
        store = Gate()
        store.open.set()
        bench = Bench(store, limit=20_000)
        large = received(1, {**CALL, "gen_ai.input.messages": "x" * 50_000})
        sent = asyncio.create_task(bench.pipeline.submit(large))
        await asyncio.sleep(0)
        await bench.pipeline.close()
        (outcome,) = await asyncio.wait_for(asyncio.gather(sent, return_exceptions=True), 10)
        return bench, outcome

    bench, outcome = asyncio.run(main())

    assert outcome is None or isinstance(outcome, StoreUnavailable)
    assert bench.allowance.held == 0


USAGE = Usage(1000, 100)
PRODUCER = Cost(CostState.COMPUTED, Decimal("9.99"), "local")


@pytest.mark.parametrize(
    ("call", "state", "amount"),
    [
        (Call("chat", "openai", "gpt-4o-mini", usage=USAGE), "computed", Decimal("0.00021")),
        (Call("chat", "openai", "gpt-4o-mini", usage=USAGE, producer_cost=PRODUCER), "computed", Decimal("0.00021")),
        (Call("chat", "openai", "gpt-4o-mini", usage=USAGE, reported_cost=Decimal(2)), "reported", Decimal(2)),
        (Call("chat", "nobody", "unheard-of", usage=USAGE, producer_cost=PRODUCER), "computed", Decimal("9.99")),
        (Call("chat", "openai", "gpt-4o-mini", producer_cost=PRODUCER), "computed", Decimal("9.99")),
        (Call("chat", "nobody", "unheard-of", usage=USAGE), "unpriced", None),
    ],
    ids=["own", "own before producer's", "reported first", "unknown model", "no usage", "nothing known"],
)
def test_cost_is_taken_from_who_knows_best(call: Call, state: str, amount: Decimal | None) -> None:
    """Reported goes before our own, our own before the producer's, and nothing known is unpriced, never 0."""
    cost = cost_of(call, at_ns=T0)

    assert (cost.state, cost.amount) == (state, amount)


@pytest.mark.parametrize(
    ("call", "status", "refused"),
    [
        (Call("chat", "openai"), Status.ERROR, True),
        (Call("chat", "openai"), Status.UNSET, False),
        (Call("chat", "openai", incomplete=True), Status.ERROR, False),
        (Call("chat", "openai", response_id="r"), Status.ERROR, False),
        (Call("chat", "openai", first_chunk_ns=1), Status.ERROR, False),
        (Call("chat", "openai", usage=USAGE), Status.ERROR, False),
    ],
    ids=["refused", "no error", "cut stream", "an id", "a first chunk", "usage"],
)
def test_a_refused_call_is_no_spend(call: Call, status: Status, refused: bool) -> None:  # noqa: FBT001 - a column of the table
    """A 429 costs nothing and is not unpriced; an answer that broke off cost something nobody knows."""
    sent = replace(received(1).spans[0], status=status)

    assert was_refused(sent, call) is refused
