"""`/api/v1/tail`: spans as they are committed, as server-sent events; read from the store, so any server tells all."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from spanglass.errors import Overloaded, QueryError, SpanglassError, StoreUnavailable
from spanglass.server.api.parameters import FILTERS, Asked, Parameter
from spanglass.server.api.questions import Questions
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.span_row import SpanRow
from spanglass.server.query.tail import Arrived, Key, arrived

PATH: Final = "/api/v1/tail"
MOST_LISTENERS: Final = 32
MOST_WAITING: Final = 1_000
"""Spans held for one listener; what is beyond is dropped, and it is told how many."""
MOST_AT_ONCE: Final = 500
"""Spans told of one look at the store."""
_OVERLAP_NS: Final = 10 * 1_000_000_000
"""How far each look goes back: spans are committed a while after they are received, and clocks differ."""
_EVERY_S: Final = 1.0
_HEARTBEAT_S: Final = 15.0
_RETRY_MS: Final = 2_000
_ID: Final = re.compile(r"(\d{1,19})\.(\d{1,19})\.([0-9a-f]{16})")
_Told = tuple[Key, bytes]


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a `dropped` event: how many spans came that were not told, since more came than can be."""

    dropped: int


class Stream(NamedTuple):
    """What is told as it happens.

    Attributes:
        path: Of the endpoint.
        summary: One line.
        parameters: Of the query string.
        events: Types of the data of its events, by kind.
        resume: What the header Last-Event-ID does.
    """

    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    events: Mapping[str, type[msgspec.Struct]]
    resume: str


TAIL: Final = Stream(
    "/api/v1/tail",
    "Spans as they come in, as server-sent events.",
    FILTERS,
    {"span": SpanRow, "dropped": Dropped},
    "The id of the last event that was read: what came after it is told first.",
)


class Listener:
    """Who listens: what it has yet to be sent.

    Attributes:
        dropped: Spans that came and will not be sent, not told of yet.
    """

    def __init__(self, after: Key | None) -> None:
        self.dropped = 0
        self._after = after
        self._ended = False
        self._waiting: list[_Told] = []
        self._known: dict[Key, None] = {}
        self._changed = asyncio.Event()

    def tell(self, spans: list[_Told], dropped: int) -> None:
        """Hold spans that it has not been told, as many as there is room for."""
        fresh = [told for told in spans if told[0] not in self._known and (not self._after or told[0] > self._after)]
        room = MOST_WAITING - len(self._waiting)
        self._waiting += fresh[:room]
        self.dropped += dropped + len(fresh[room:])
        self._known.update(dict.fromkeys(key for key, _ in fresh))
        for key in list(islice(self._known, max(0, len(self._known) - MOST_WAITING))):
            del self._known[key]
        if self._waiting or self.dropped:
            self._changed.set()

    def end(self) -> None:
        """Tell it that nothing more comes."""
        self._ended = True
        self._changed.set()

    async def events(self, heartbeat_s: float) -> AsyncGenerator[bytes, None]:
        """Yield what it is sent, until the end."""
        yield f"retry: {_RETRY_MS}\n\n".encode()
        while not self._ended:
            try:
                async with asyncio.timeout(heartbeat_s):
                    await self._changed.wait()
            except TimeoutError:
                yield b": nothing new\n\n"
                continue
            self._changed.clear()
            told, self._waiting = self._waiting, []
            dropped, self.dropped = self.dropped, 0
            if dropped:
                yield b"event: dropped\ndata: " + msgspec.json.encode(Dropped(dropped=dropped)) + b"\n\n"
            if told:
                yield b"".join(_event(key, data) for key, data in sorted(told))


class _Feed:
    """One question, and who listens to its answers."""

    def __init__(self, filters: Filters, since_ns: int) -> None:
        self.filters = filters
        self.listeners: set[Listener] = set()
        self._known: dict[Key, None] = {}
        self._since_ns = since_ns

    def since_ns(self, now_ns: int) -> int:
        """Return from when on to look; what came before has been told, or will not be."""
        return max(self._since_ns, now_ns - _OVERLAP_NS)

    def take(self, found: Arrived, since_ns: int) -> None:
        """Tell the listeners what they have not been told."""
        fresh = [(key, msgspec.json.encode(row)) for key, row in found.spans if key not in self._known]
        inside = [key for key in self._known if key.received_ns > since_ns]
        dropped = 0
        if found.more:
            told_again = len(found.spans) - len(fresh)
            dropped = max(0, found.more - (len(inside) - told_again))
            self._since_ns = found.spans[0][0].received_ns
        self._known = dict.fromkeys([*inside, *(key for key, _ in fresh)])
        for listener in self.listeners:
            listener.tell(fresh, dropped)


class Tail:
    """Looks what has come in while anybody listens, once for all who ask the same."""

    def __init__(
        self,
        questions: Questions,
        *,
        every_s: float = _EVERY_S,
        heartbeat_s: float = _HEARTBEAT_S,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Look at nothing yet.

        Args:
            questions: How the store is asked.
            every_s: Seconds between two looks.
            heartbeat_s: Seconds without news after which a listener is sent a comment, so that it knows of the
                connection, and the server of the listener.
            clock_ns: Unix nanoseconds.
        """
        self._questions = questions
        self._every_s = every_s
        self._heartbeat_s = heartbeat_s
        self._clock_ns = clock_ns
        self._feeds: dict[Filters, _Feed] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def route(self) -> Route:
        """Where it is asked."""
        return Route(TAIL.path, self._answer, methods=["GET"])

    def close(self) -> None:
        """Let every listener go."""
        self._closed = True
        for feed in self._feeds.values():
            for listener in feed.listeners:
                listener.end()
        if self._looking is not None:
            self._looking.cancel()

    async def _answer(self, request: Request) -> Response:
        filters = Asked(request.query_params, TAIL.parameters).filters
        Conditions(filters)  # what cannot be asked is refused before anything is sent
        after = _read_id(request.headers.get("last-event-id"))
        if self._closed:
            raise StoreUnavailable("The server is shutting down.")
        if sum(len(feed.listeners) for feed in self._feeds.values()) >= MOST_LISTENERS:
            raise Overloaded(
                f"{MOST_LISTENERS} listeners follow the live tail already; close one, or ask /api/v1/search.",
                retry_after_s=_RETRY_MS / 1000,
            )
        listener = Listener(after)
        feed = self._feeds.setdefault(filters, _Feed(filters, self._since_ns(after)))
        feed.listeners.add(listener)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

        def left() -> None:
            feed.listeners.discard(listener)
            if not feed.listeners and self._feeds.get(filters) is feed:
                del self._feeds[filters]

        return _Followed(self._events(listener, filters, after), left)

    def _since_ns(self, after: Key | None) -> int:
        """Return from when on a new feed tells: from now or, for who comes back, from where looks overlap."""
        now_ns = self._clock_ns()
        return now_ns if after is None else now_ns - _OVERLAP_NS

    async def _events(self, listener: Listener, filters: Filters, after: Key | None) -> AsyncGenerator[bytes, None]:
        if after is not None:  # what came while it was away
            found = await self._ask(filters, after.received_ns - 1)
            if found is not None:
                listener.tell([(key, msgspec.json.encode(row)) for key, row in found.spans], found.more)
        async with aclosing(listener.events(self._heartbeat_s)) as events:
            async for event in events:
                yield event

    async def _look(self) -> None:
        try:
            while self._feeds:
                began = time.monotonic()
                for feed in list(self._feeds.values()):
                    since_ns = feed.since_ns(self._clock_ns())
                    found = await self._ask(feed.filters, since_ns)
                    if found is not None:
                        feed.take(found, since_ns)
                # Where looks are slow they are fewer: listeners take half a thread at most.
                await asyncio.sleep(max(self._every_s, time.monotonic() - began))
        finally:
            self._looking = None

    async def _ask(self, filters: Filters, since_ns: int) -> Arrived | None:
        """Return what came since; None where the store cannot say just now, which the next look makes up for."""
        with suppress(SpanglassError):
            return await self._questions.read(partial(arrived, since_ns=since_ns, filters=filters, limit=MOST_AT_ONCE))
        return None


class _Followed(StreamingResponse):
    """Events, until there are no more or the listener has left."""

    def __init__(self, events: AsyncGenerator[bytes, None], left: Callable[[], None]) -> None:
        # x-accel-buffering: nginx holds answers back until they end, unless told not to.
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(events, headers=headers, media_type="text/event-stream")
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


def _event(key: Key, data: bytes) -> bytes:
    return b"id: %d.%d.%s\nevent: span\ndata: %s\n\n" % (key.received_ns, key.start_ns, key.span_id.encode(), data)


def _read_id(text: str | None) -> Key | None:
    """Return the span that a listener was told last.

    Raises:
        QueryError: It is none that this server gave.
    """
    if not text:
        return None
    found = _ID.fullmatch(text)
    if found is None or max(int(found[1]), int(found[2])) >= 2**63:
        raise QueryError("The Last-Event-ID is not one this server gave; leave it out to begin with what comes next.")
    return Key(int(found[1]), int(found[2]), found[3])
