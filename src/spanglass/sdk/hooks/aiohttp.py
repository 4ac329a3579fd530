"""The hook on aiohttp's client, 3.12 and later: each attempt as the innermost middleware, its body as it arrives.

A body is heard where the connection puts it into the buffer of the answer's reader, so every way of reading is the
same; an encoding that aiohttp undoes is undone by then.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Any

from spanglass.sdk.calls.attempt import Attempt
from spanglass.sdk.guard import safely
from spanglass.sdk.hooks.body import sent
from spanglass.sdk.hooks.quiet import Quiet, is_call
from spanglass.sdk.hooks.seat import Patch, Seat, patch

if TYPE_CHECKING:
    from aiohttp import BytesPayload, ClientRequest, ClientResponse, ClientSession, StreamReader
    from aiohttp.typedefs import StrOrURL

    Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]
    Ask = Callable[..., Coroutine[Any, Any, ClientResponse]]

_guard = safely("hooks.aiohttp")
_POST = frozenset({"POST", "post"})
_UNDONE = frozenset({"gzip", "deflate", "br", "zstd"})  # the encodings that aiohttp undoes, or refuses to read


def patches(library: str, seat: Seat) -> Iterator[Patch]:
    """Make a patch for each method of an imported library that has none; nothing is applied.

    Args:
        library: `aiohttp`.
        seat: Where the hooks find the recorder.
    """
    if f"{library}.client_middlewares" not in sys.modules:
        return  # its import has not come far enough, or it is too old
    payload, failure = sys.modules[f"{library}.payload"], sys.modules[f"{library}.client_exceptions"]
    hook = _Hook(seat, payload.BytesPayload, failure.ClientConnectionError)
    # A reload makes a new class in the submodule while the package still holds the old one: both are hooked.
    parts = filter(None, map(sys.modules.get, (library, f"{library}.client", f"{library}.streams")))
    targets: dict[str, tuple[str, Callable[..., Callable[..., object]]]] = {
        "ClientSession": ("_request", hook.around_ask),
        "StreamReader": ("set_exception", hook.around_failure),
    }
    for owner, name in dict.fromkeys((getattr(part, name, None), name) for part in parts for name in targets):
        if (made := patch(owner, *targets[name])) is not None:
            yield made


class _Hook:
    """The hook on one loaded aiohttp.

    Args:
        seat: Where to find the recorder.
        known_body: The library's class of bodies that are all there.
        disconnected: Its exception for connections; the class itself stands for one that the application closed.
    """

    def __init__(self, seat: Seat, known_body: type[BytesPayload], disconnected: type[Exception]) -> None:
        self._seat = seat
        self._known_body = known_body
        self._disconnected = disconnected

    def around_ask(self, original: Ask) -> Ask:
        """Wrap `ClientSession._request`, which follows redirects and lets middlewares try again."""

        @wraps(original)
        def request(
            session: ClientSession,
            method: str,
            url: StrOrURL,
            **kwargs: Any,  # noqa: ANN401 - all that the library takes
        ) -> Coroutine[Any, Any, ClientResponse]:
            if method in _POST and self._is_call(session, url, kwargs):
                return self._ask(original, session, method, url, **kwargs)
            return original(session, method, url, **kwargs)

        return request

    async def _ask(
        self,
        original: Ask,
        session: ClientSession,
        method: str,
        url: StrOrURL,
        **kwargs: Any,  # noqa: ANN401 - likewise
    ) -> ClientResponse:
        given, decoding = kwargs.pop("middlewares", None), kwargs.get("auto_decompress")
        # As the library chooses.
        outer = getattr(session, "_middlewares", ()) if given is None else given
        decodes = getattr(session, "_auto_decompress", True) if decoding is None else decoding

        async def listen(request: ClientRequest, handler: Handler) -> ClientResponse:
            return await self._attempt(request, handler, decoding=decodes)

        with Quiet() if session.trace_configs else nullcontext():
            return await original(session, method, url, middlewares=(*outer, listen), **kwargs)

    @_guard
    def _is_call(self, session: ClientSession, given: StrOrURL, kwargs: dict[str, Any]) -> bool:
        recorder = self._seat.recorder
        if recorder is None:
            return False
        body = kwargs.get("json")
        try:
            url = session._build_url(given)  # noqa: SLF001 - resolved against the session's base
            return is_call(
                recorder,
                url.host or "",
                url.path,
                url.port,
                lambda: sent(kwargs.get("data")) if body is None else json.dumps(body).encode(),
            )
        except (AssertionError, TypeError, ValueError):
            return False  # no address, or no JSON: the library will say so

    async def _attempt(self, request: ClientRequest, handler: Handler, *, decoding: bool) -> ClientResponse:
        attempt = self._begin(request) if request.method == "POST" else None
        if attempt is None:
            return await handler(request)
        try:
            response = await handler(request)
        except BaseException as error:
            attempt.broke(error)
            raise
        self._listen(attempt, response, decoding=decoding)
        return response

    @_guard
    def _begin(self, request: ClientRequest) -> Attempt | None:
        recorder, url = self._seat.recorder, request.url
        if recorder is None:
            return None
        host = url.host or ""
        recognised = recorder.recognise(host, url.path, url.port)
        if recognised is None:
            return None
        return recorder.begin(
            recognised, host, port=url.port, headers=request.headers, body=lambda: self._sent(request.body)
        )

    def _sent(self, body: object) -> bytes | None:
        # Other bodies are files and streams: reading one here would take it from the connection.
        return body.decode(errors="replace").encode() if isinstance(body, self._known_body) else None

    def _listen(self, attempt: Attempt, response: ClientResponse, *, decoding: bool) -> None:
        """Let an attempt hear an answer: its head now, its body as it arrives."""
        listening = False
        with _guard:
            encoding = response.headers.get("content-encoding", "").lower()
            attempt.answered(response.status, response.headers, decoded=decoding and encoding in _UNDONE)
            content = response.content
            waiting = getattr(content, "_buffer", None)  # what stands for no body at all has none
            if waiting is not None:
                content._buffer = _Heard(waiting, attempt)  # noqa: SLF001 - the one place that all bytes go through
                content.on_eof(attempt.ended)
                if (error := content.exception()) is not None:
                    attempt.broke(error)  # it came broken, together with its head
                listening = True
        if not listening:
            attempt.ended()

    def around_failure(self, original: Callable[..., None]) -> Callable[..., None]:
        """Wrap `StreamReader.set_exception`: an answer broke off, or the application closed it."""

        @wraps(original)
        def set_exception(content: StreamReader, error: BaseException, *args: object) -> None:
            heard = getattr(content, "_buffer", None)
            if isinstance(heard, _Heard):
                if type(error) is not self._disconnected:
                    heard.attempt.broke(error)
                elif getattr(getattr(content, "_timer", None), "_cancelled", False):  # it names no exception
                    heard.attempt.broke(TimeoutError())
                else:
                    heard.attempt.closed()
            original(content, error, *args)

        return set_exception


class _Heard(deque[bytes]):
    """A reader's buffer that tells an attempt what arrives; what was there is told at once.

    Args:
        waiting: What has arrived already.
        attempt: Who listens.
    """

    def __init__(self, waiting: deque[bytes], attempt: Attempt) -> None:
        super().__init__(waiting)
        self.attempt = attempt
        for data in waiting:
            attempt.feed(data)

    def append(self, data: bytes) -> None:
        """Take what has just arrived."""
        self.attempt.feed(data)
        super().append(data)

    def __del__(self) -> None:
        self.attempt.abandoned()
