"""The hook on httpx and its twin httpx2: every transport, sync and async; which requests matter is for `calls` to say.

The library's own HTTP transports are hooked where they handle a request, so each attempt is seen, also one made by
another transport that retries, and none where another transport answers from a cache. Any other transport is watched
from the client that chose it: what no hooked transport saw is recorded from there.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext, suppress
from functools import wraps
from types import MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from spanglass.sdk.calls.attempt import Attempt
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.calls.watch import Watch, watching
from spanglass.sdk.guard import safely
from spanglass.sdk.hooks.asking import Asking, Shown
from spanglass.sdk.hooks.quiet import Quiet, is_call, is_wrapped
from spanglass.sdk.hooks.seat import Patch, Seat, is_outermost, patch
from spanglass.sdk.hooks.streams import AsyncListening, SyncListening

if TYPE_CHECKING:
    import httpx2 as httpx  # its twin has the same shapes

    SyncHandler = Callable[[httpx.BaseTransport, httpx.Request], httpx.Response]
    AsyncHandler = Callable[[httpx.AsyncBaseTransport, httpx.Request], Awaitable[httpx.Response]]
    Choice = Callable[[object, httpx.URL], Any]  # a transport of either kind

_PORTS = {"http": 80, "https": 443}
_guard = safely("hooks.httpx")


def patches(library: str, seat: Seat) -> Iterator[Patch]:
    """Make a patch for each method of an imported library that has none; nothing is applied.

    Args:
        library: `httpx` or `httpx2`.
        seat: Where the hooks find the recorder.
    """
    root = sys.modules.get(library)
    if root is None or not hasattr(root, "AsyncClient"):
        return  # its import has not come far enough; we are called again at its end
    sync = _Hook(root, seat, SyncListening, root.SyncByteStream)
    asynchronous = _Hook(root, seat, AsyncListening, root.AsyncByteStream)
    targets: dict[str, tuple[str, Callable[[Any], Callable[..., Any]]]] = {
        "HTTPTransport": ("handle_request", sync.around_request),
        "AsyncHTTPTransport": ("handle_async_request", asynchronous.around_async_request),
        "Client": ("_transport_for_url", sync.around_choice),
        "AsyncClient": ("_transport_for_url", asynchronous.around_choice),
    }
    # A reload makes new classes in a submodule while the package still holds the old ones: both are hooked.
    parts = filter(None, map(sys.modules.get, (library, f"{library}._client", f"{library}._transports.default")))
    owners = dict.fromkeys((getattr(part, name, None), name) for part in parts for name in targets)
    for owner, name in owners:
        if (made := patch(owner, *targets[name])) is not None:
            yield made


class _Hook:
    """The hook on the sync or the async half of one of the twins.

    Args:
        library: The imported package.
        seat: Where to find the recorder.
        listening: The half of a listening stream that holds the behaviour.
        stream: The library's own byte-stream class, the other half.
    """

    def __init__(
        self, library: ModuleType, seat: Seat, listening: type[SyncListening | AsyncListening], stream: type
    ) -> None:
        self._seat = seat
        self._stream = stream
        self._asking = Asking(library)
        self._listening: Callable[[object, Attempt, Shown | None], Any] = type(
            listening.__name__, (listening, stream), {}
        )
        self._not_read: tuple[type[Exception], ...] = (library.RequestNotRead, library.ResponseNotRead)
        self._watched = _SyncWatched if listening is SyncListening else _AsyncWatched

    def around_request(self, original: SyncHandler) -> SyncHandler:
        """Wrap `HTTPTransport.handle_request`."""
        quiet = Quiet if is_wrapped(original) else nullcontext

        @wraps(original)
        def handle_request(transport: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
            attempt = self.begin(request) if request.method == "POST" else None
            if attempt is None:
                return original(transport, request)
            asking = self.asking(attempt, request)
            try:
                with quiet():
                    response = original(transport, asking or request)
                    if asking is not None and self._asking.is_refused(response):
                        response.close()
                        asking, response = None, original(transport, request)
                        self._asking.remember(request, response)
            except BaseException as error:
                attempt.broke(error)
                raise
            self.listen(attempt, response, asked=asking is not None)
            return response

        return handle_request

    def around_async_request(self, original: AsyncHandler) -> AsyncHandler:
        """Wrap `AsyncHTTPTransport.handle_async_request`."""
        quiet = Quiet if is_wrapped(original) else nullcontext

        @wraps(original)
        async def handle_async_request(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
            attempt = self.begin(request) if request.method == "POST" else None
            if attempt is None:
                return await original(transport, request)
            asking = self.asking(attempt, request)
            try:
                with quiet():
                    response = await original(transport, asking or request)
                    if asking is not None and self._asking.is_refused(response):
                        await response.aclose()
                        asking, response = None, await original(transport, request)
                        self._asking.remember(request, response)
            except BaseException as error:
                attempt.broke(error)
                raise
            self.listen(attempt, response, asked=asking is not None)
            return response

        return handle_async_request

    def around_choice(self, original: Choice) -> Choice:
        """Wrap `Client._transport_for_url`: a transport that is not hooked comes back watched."""
        method = "handle_request" if self._watched is _SyncWatched else "handle_async_request"

        @wraps(original)
        def transport_for_url(client: object, url: httpx.URL) -> object:
            transport = original(client, url)
            if self._seat.recorder is None or _is_hooked(getattr(transport, method, None)):
                return transport
            return self._watched(self, transport)

        return transport_for_url

    @_guard
    def begin(self, request: httpx.Request, since: Moment | None = None) -> Attempt | None:
        """Begin an attempt where the request is a call to a model.

        Args:
            request: A POST request.
            since: When it began, where that is not now.
        """
        recorder = self._seat.recorder
        if recorder is None:
            return None
        url = request.url
        host, port = url.host, url.port
        recognised = recorder.recognise(host, url.path, port)
        if recognised is None:
            return None
        return recorder.begin(
            recognised,
            host,
            port=port or _PORTS.get(url.scheme),
            headers=request.headers,
            body=lambda: self._sent(request),
            since=since,
        )

    @_guard
    def asking(self, attempt: Attempt, request: httpx.Request) -> httpx.Request | None:
        """Return the request to send instead, which asks for usage; None where that is not wanted or not possible."""
        recorder = self._seat.recorder
        wanted = recorder is not None and recorder.stream_usage and self._sent(request) is not None
        return self._asking.copy(attempt, request) if wanted else None

    def _sent(self, request: httpx.Request) -> bytes | None:
        try:
            return request.content
        except self._not_read:
            return None  # an upload that is streamed: reading it here would take it from the transport

    @_guard
    def watch(self, request: httpx.Request) -> Watch | None:
        """Watch a request through a transport that is not hooked, where it may be a call to a model."""
        recorder = self._seat.recorder
        if recorder is None or request.method != "POST":
            return None
        url = request.url
        call = is_call(recorder, url.host, url.path, url.port, lambda: self._sent(request))
        return Watch() if call else None

    def listen(self, attempt: Attempt, response: httpx.Response, *, asked: bool = False) -> None:
        """Let an attempt hear an answer: its head now, its body as the application reads it.

        Args:
            attempt: The attempt.
            response: The answer.
            asked: Usage was asked for that the application did not ask for.
        """
        listening = False
        with _guard:
            attempt.answered(response.status_code, response.headers, decoded=response.is_stream_consumed)
            listening = self._listen_to_body(attempt, response, asked=asked)
        if not listening:
            attempt.ended()

    def _listen_to_body(self, attempt: Attempt, response: httpx.Response, *, asked: bool) -> bool:
        if response.is_stream_consumed:
            # Built from `content=`, or read by a transport: the body is here, decoded, and its stream is not used.
            with suppress(*self._not_read):
                attempt.feed(response.content)
            return False
        if not isinstance(response.stream, self._stream):
            return False  # the client will refuse it, as it must
        response.stream = self._listening(response.stream, attempt, self._asking.shown(response) if asked else None)
        return True


def _is_hooked(handler: object) -> bool:
    # Ours must be outermost: under another tool's wrapper the current span is that tool's by then, not the caller's.
    if type(handler) is not MethodType:
        return handler is None
    return is_outermost(handler.__func__)


class _SyncWatched:
    """A transport as a client uses it, watched for calls that no hooked transport sees.

    Args:
        hook: The hook.
        transport: The transport that the client chose.
    """

    __slots__ = ("_hook", "_transport")

    def __init__(self, hook: _Hook, transport: httpx.BaseTransport) -> None:
        self._hook = hook
        self._transport = transport

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Do what the transport does, and record it afterwards where nothing below has."""
        watch = self._hook.watch(request)
        if watch is None:
            return self._transport.handle_request(request)
        token = watching.set(watch)
        try:
            with Quiet():
                response = self._transport.handle_request(request)
        except BaseException as error:
            if not watch.seen and (failed := self._hook.begin(request, watch.moment)) is not None:
                failed.broke(error)
            raise
        finally:
            watching.reset(token)
        if not watch.seen and (attempt := self._hook.begin(request, watch.moment)) is not None:
            self._hook.listen(attempt, response)
        return response


class _AsyncWatched:
    """Likewise, asynchronous.

    Args:
        hook: The hook.
        transport: The transport that the client chose.
    """

    __slots__ = ("_hook", "_transport")

    def __init__(self, hook: _Hook, transport: httpx.AsyncBaseTransport) -> None:
        self._hook = hook
        self._transport = transport

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do what the transport does, and record it afterwards where nothing below has."""
        watch = self._hook.watch(request)
        if watch is None:
            return await self._transport.handle_async_request(request)
        token = watching.set(watch)
        try:
            with Quiet():
                response = await self._transport.handle_async_request(request)
        except BaseException as error:
            if not watch.seen and (failed := self._hook.begin(request, watch.moment)) is not None:
                failed.broke(error)
            raise
        finally:
            watching.reset(token)
        if not watch.seen and (attempt := self._hook.begin(request, watch.moment)) is not None:
            self._hook.listen(attempt, response)
        return response
