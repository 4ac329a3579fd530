"""The live tail, over the real application and store: listeners that come, go, come back, and do not read."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.types import ASGIApp, Message

import records
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.api.application import application
from spanglass.server.api.questions import Questions
from spanglass.server.api.stream import MOST_AT_ONCE, MOST_LISTENERS, MOST_WAITING, TAIL, Listener, Tail
from spanglass.server.counters import Counters
from spanglass.server.query.tail import Key
from spanglass.server.record import Status, StoredSpan
from spanglass.server.store.duckdb import DuckDBStore

SECOND = 1_000_000_000
NOW = records.T0 + 3600 * SECOND


@dataclass
class Reader:
    """One listener at the application's door."""

    status: int = 0
    text: str = ""
    ended: bool = False
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, app: ASGIApp, query: str, last_id: str | None) -> None:
        """Ask, and read until the end or until it leaves."""
        headers = [(b"host", b"localhost:4400")]
        if last_id is not None:
            headers.append((b"last-event-id", last_id.encode()))
        scope = {"type": "http", "method": "GET", "path": TAIL.path, "query_string": query.encode(), "headers": headers}
        await app({**scope, "root_path": "", "asgi": {"version": "3.0"}}, self._receive, self._send)
        self.ended = True

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return kind and data of each event so far."""
        found = []
        for block in self.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "event" in fields:
                found.append((fields["event"], json.loads(fields["data"])))
        return found

    @property
    def names(self) -> list[str]:
        """Return the names of the spans so far."""
        return [data["name"] for kind, data in self.events if kind == "span"]

    @property
    def last_id(self) -> str:
        """Return the id of the last span."""
        return self.text.rpartition("id: ")[2].partition("\n")[0]

    async def _receive(self) -> Message:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()


class Server:
    """The application with its tail, and a clock that stands still."""

    def __init__(self, store: DuckDBStore) -> None:
        self.store = store
        self.questions = Questions(store)
        self.tail = Tail(self.questions, every_s=0.01, heartbeat_s=0.05, clock_ns=lambda: NOW)
        access = Access("127.0.0.1")
        self.app = application(
            self.questions, access, counters=Counters(), allowance=Allowance(1000), more=[self.tail.route]
        )
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, query: str = "", last_id: str | None = None) -> Reader:
        """Let one more listen."""
        reader = Reader()
        self._tasks.add(asyncio.create_task(reader.listen(self.app, query, last_id)))
        return reader

    def receive(self, *spans: StoredSpan, at: float = 1.0) -> None:
        """Commit spans that were received so many seconds from now."""
        digest = hashlib.blake2b(repr([(s.span.span_id, at) for s in spans]).encode(), digest_size=16).digest()
        self.store.write([replace(records.batch(*spans), digest=digest, received_ns=NOW + round(at * SECOND))])

    async def close(self) -> None:
        """Stop, and see that every listener is let go."""
        self.tail.close()
        await asyncio.wait_for(asyncio.gather(*self._tasks), 20)
        self.questions.close()


@asynccontextmanager
async def serving(store: DuckDBStore) -> AsyncIterator[Server]:
    server = Server(store)
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    opened = DuckDBStore(None)
    yield opened
    opened.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, 20 seconds at most."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it waits for what others do in their own time
            await asyncio.sleep(0.01)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_spans_are_told_once_as_they_come(store: DuckDBStore) -> None:
    """What was there before is not told; what comes is, once, also where it is committed later than what came after."""

    async def scenario() -> None:
        async with serving(store) as server:
            server.receive(records.span(1, 1, name="before"), at=-20)
            reader = server.join()
            await until(lambda: "retry" in reader.text)
            server.receive(records.call(2, 2, cost=records.computed("0.01"), user="ann"), at=2)
            await until(lambda: len(reader.names) == 1)
            server.receive(records.span(3, 3, name="late"), at=1)
            await until(lambda: len(reader.names) == 2)
            await until(lambda: reader.text.count(": nothing new") > 2)

            assert (reader.status, reader.names) == (200, ["chat gpt", "late"])
            told = reader.events[0][1]
            assert (told["trace_id"], told["model"], told["user_id"]) == (records.trace_id(2), "gpt", "ann")
            assert (told["cost"]["state"], told["cost"]["amount"]) == ("computed", "0.01")

    run(scenario())


def test_listeners_hear_what_they_asked_for(store: DuckDBStore) -> None:
    """Filters and a query narrow, each by the span itself."""

    async def scenario() -> None:
        async with serving(store) as server:
            errors = server.join("status=error")
            quick = server.join("q=name%3Aa*%20-duration%3E2s")
            said = server.join("q=said%3Arefund")
            await until(lambda: all("retry" in one.text for one in (errors, quick, said)))
            server.receive(
                records.span(1, 1, name="a", at=3590, status=Status.ERROR),
                records.span(1, 2, name="ab", at=3590, lasts=3, attributes={"gen_ai.output.messages": "A refund!"}),
                records.span(1, 3, name="b", at=3590),
            )
            await until(lambda: bool(errors.names and quick.names and said.names))

            assert (errors.names, quick.names, said.names) == (["a"], ["a"], ["ab"])

    run(scenario())


def test_who_comes_back_hears_what_was_missed(store: DuckDBStore) -> None:
    """With the id of its last event a listener hears all that came after it, and nothing twice."""

    async def scenario() -> None:
        async with serving(store) as server:
            reader = server.join()
            await until(lambda: "retry" in reader.text)
            server.receive(records.span(1, 1, name="a", at=1), records.span(1, 2, name="b", at=2), at=1)
            await until(lambda: len(reader.names) == 2)
            first_id = reader.text.partition("id: ")[2].partition("\n")[0]
            reader.leave.set()
            await until(lambda: reader.ended)
            server.receive(records.span(1, 3, name="c"), at=2)
            back, middle = server.join("", reader.last_id), server.join("", first_id)
            await until(lambda: bool(back.names) and len(middle.names) == 2)
            server.receive(records.span(1, 4, name="d"), at=3)
            await until(lambda: len(back.names) == 2 and len(middle.names) == 3)
            await until(lambda: back.text.count(": nothing new") > 2)

            assert (back.names, middle.names) == (["c", "d"], ["b", "c", "d"])

    run(scenario())


def test_more_than_can_be_told_is_dropped_and_counted(store: DuckDBStore) -> None:
    """Of a flood the newest are told, with how many were not; all together are as many as came."""

    async def scenario() -> None:
        async with serving(store) as server:
            reader = server.join()
            await until(lambda: "retry" in reader.text)
            server.receive(*(records.span(1, number, at=number) for number in range(1, 101)), at=1)
            await until(lambda: len(reader.names) == 100)
            server.receive(*(records.span(1, number, at=number) for number in range(101, 1_001)), at=2)
            await until(lambda: len(reader.names) > 100)
            await until(lambda: reader.text.count(": nothing new") > 2)

            dropped = sum(data["dropped"] for kind, data in reader.events if kind == "dropped")
            assert (len(reader.names), dropped) == (100 + MOST_AT_ONCE, 900 - MOST_AT_ONCE)

    run(scenario())


def test_a_listener_that_does_not_read_holds_little() -> None:
    """Beyond a bound spans are counted, not held; the count is told first, then what is held, in order."""

    async def scenario() -> None:
        listener = Listener(None)
        for flood in range(3):
            keys = [Key(flood * 1_000 + number, 0, "0" * 16) for number in range(1_000)]
            listener.tell([(key, b"{}") for key in reversed(keys)], 5)
        events = listener.events(1)
        opening, dropped, spans = [await anext(events) for _ in range(3)]
        await events.aclose()

        assert opening.startswith(b"retry: ")
        assert dropped == b'event: dropped\ndata: {"dropped":%d}\n\n' % (3 * 1_000 + 15 - MOST_WAITING)
        ids = [int(block.split(b".")[0].removeprefix(b"id: ")) for block in spans.split(b"\n\n")[:-1]]
        assert (len(ids), ids == sorted(ids)) == (MOST_WAITING, True)

    run(scenario())


def test_only_so_many_listen_at_a_time(store: DuckDBStore) -> None:
    """One too many is told so, and there is room again when one leaves."""

    async def scenario() -> None:
        async with serving(store) as server:
            readers = [server.join() for _ in range(MOST_LISTENERS)]
            await until(lambda: all("retry" in reader.text for reader in readers))
            refused = server.join()
            await until(lambda: refused.ended)
            readers[0].leave.set()
            await until(lambda: readers[0].ended)
            late = server.join()
            await until(lambda: "retry" in late.text)

            assert (refused.status, late.status) == (503, 200)
            assert "32 listeners follow the live tail" in json.loads(refused.text)["error"]["message"]

    run(scenario())


@pytest.mark.parametrize(
    ("query", "last_id", "message"),
    [
        ("q=a(b", None, "cannot be read at character"),
        ("from=1h", None, "no parameter 'from'"),
        ("", "x", "Last-Event-ID"),
        ("", f"{2**63}.1.{'0' * 16}", "Last-Event-ID"),
    ],
)
def test_what_cannot_be_asked_is_refused(store: DuckDBStore, query: str, last_id: str | None, message: str) -> None:
    """A wrong query, parameter or id is answered with 400 before any event."""

    async def scenario() -> None:
        async with serving(store) as server:
            reader = server.join(query, last_id)
            await until(lambda: reader.ended)

            assert reader.status == 400
            assert message in json.loads(reader.text)["error"]["message"]

    run(scenario())


def test_after_the_end_nobody_is_let_in(store: DuckDBStore) -> None:
    """A server that stops ends what it streams, and takes no more listeners."""

    async def scenario() -> None:
        server = Server(store)
        reader = server.join()
        await until(lambda: "retry" in reader.text)
        server.tail.close()
        await until(lambda: reader.ended)
        late = server.join()
        await until(lambda: late.ended)
        await server.close()

        assert (reader.status, late.status) == (200, 503)

    run(scenario())
