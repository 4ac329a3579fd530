"""The hook on urllib3 2, and so on requests and botocore, which ride on it: each attempt, and its body as it is read.

One attempt is one `_make_request` of a pool; the retries of urllib3 come above it. The answer's object becomes one of a
subclass whose reading methods tell what they read off the wire, before its content encoding is undone. With urllib3 1
nothing is hooked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spanglass.sdk.calls.attempt import Attempt
from spanglass.sdk.guard import safely
from spanglass.sdk.hooks.body import sent
from spanglass.sdk.hooks.quiet import Quiet, is_call, is_wrapped
from spanglass.sdk.hooks.seat import Patch, Seat, patch

if TYPE_CHECKING:
    from urllib3 import HTTPResponse, Retry
    from urllib3.connectionpool import HTTPConnectionPool

    _Response = HTTPResponse
else:
    _Response = object

_guard = safely("hooks.urllib3")
Headers = Mapping[str, str]


def patches(library: str, seat: Seat) -> Iterator[Patch]:
    """Make a patch for each method of an imported library that has none; nothing is applied.

    Args:
        library: `urllib3`.
        seat: Where the hooks find the recorder.
    """
    response = getattr(sys.modules.get(f"{library}.response"), "HTTPResponse", None)
    if not hasattr(response, "_raw_read"):
        return  # its import has not come far enough, or it is version 1
    hook = _Hook(seat)
    # A reload makes a new class in the submodule while others still hold the old one: both are hooked.
    parts = map(sys.modules.get, (library, f"{library}.connectionpool", f"{library}.poolmanager"))
    for pool in dict.fromkeys(getattr(part, "HTTPConnectionPool", None) for part in parts):
        if (attempts := patch(pool, "_make_request", hook.around_attempt)) is not None:
            yield attempts
        wrapped = pool is not None and is_wrapped(pool.urlopen)
        if wrapped and (calls := patch(pool, "urlopen", hook.around_call)) is not None:
            yield calls


class _Hook:
    """The hook on pools.

    Args:
        seat: Where to find the recorder.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._listening: dict[type[HTTPResponse], type[_Listening]] = {}

    def around_call(self, original: Callable[..., HTTPResponse]) -> Callable[..., HTTPResponse]:
        """Wrap `HTTPConnectionPool.urlopen`, with its retries and redirects, where another tool stands around it."""

        @wraps(original)
        def urlopen(
            pool: HTTPConnectionPool, method: str, url: str, body: object = None, *args: object, **kwargs: object
        ) -> HTTPResponse:
            if method != "POST" or not self._is_call(pool, url, body):
                return original(pool, method, url, body, *args, **kwargs)
            with Quiet():
                return original(pool, method, url, body, *args, **kwargs)

        return urlopen

    @_guard
    def _is_call(self, pool: HTTPConnectionPool, url: str, body: object) -> bool:
        recorder = self._seat.recorder
        if recorder is None:
            return False
        host, port, path = _address(pool, url)
        return is_call(recorder, host, path, port, lambda: sent(body))

    def around_attempt(self, original: Callable[..., HTTPResponse]) -> Callable[..., HTTPResponse]:
        """Wrap `HTTPConnectionPool._make_request`."""

        @wraps(original)
        def make_request(
            pool: HTTPConnectionPool,
            conn: object,
            method: str,
            url: str,
            *args: object,
            **kwargs: Any,  # noqa: ANN401 - all it takes
        ) -> HTTPResponse:
            attempt = self._begin(pool, url, **kwargs) if method == "POST" else None
            if attempt is None:
                return original(pool, conn, method, url, *args, **kwargs)
            try:
                response = original(pool, conn, method, url, *args, **kwargs)
            except BaseException as error:
                attempt.broke(error)
                raise
            self._listen(attempt, response, kwargs)
            return response

        return make_request

    @_guard
    def _begin(
        self,
        pool: HTTPConnectionPool,
        url: str,
        *,
        body: object = None,
        headers: Headers | None = None,
        retries: Retry | None = None,
        **_: object,
    ) -> Attempt | None:
        recorder = self._seat.recorder
        if recorder is None:
            return None
        host, port, path = _address(pool, url)
        recognised = recorder.recognise(host, path, port)
        if recognised is None:
            return None
        history = getattr(retries, "history", ())  # of every attempt before, those that were redirected too
        return recorder.begin(
            recognised,
            host,
            port=port,
            headers=_AnyCase(headers or {}),
            body=lambda: sent(body),
            resend=sum(1 for before in history if before.redirect_location is None),
        )

    def _listen(self, attempt: Attempt, response: HTTPResponse, asked: Mapping[str, Any]) -> None:
        """Let an attempt hear an answer: its head now, its body as it is read."""
        listening = False
        with _guard:
            whole = asked.get("preload_content", True)
            attempt.answered(
                response.status, response.headers, decoded=whole and asked.get("decode_content", True) is not False
            )
            if whole:
                attempt.feed(response.data)
            elif hasattr(response, "_raw_read"):  # one over HTTP/2 has its body, and no such method
                response.__class__ = self._listening_to(type(response))
                response._spanglass_attempt = attempt  # type: ignore[attr-defined] # noqa: SLF001 - of that class
                listening = True
        if not listening:
            attempt.ended()

    def _listening_to(self, response: type[HTTPResponse]) -> type[_Listening]:
        made = self._listening.get(response)
        if made is None:
            named = {"__module__": response.__module__, "__qualname__": response.__qualname__, "__slots__": ()}
            made = self._listening[response] = type(response.__name__, (_Listening, response), named)
        return made


class _Listening(_Response):
    """The half of an answer's class that listens; the library's own class is the other."""

    __slots__ = ()
    _spanglass_attempt: Attempt
    _spanglass_busy = False

    def _raw_read(self, amt: int | None = None, **kwargs: Any) -> bytes:  # noqa: ANN401 - what the version takes
        attempt = self._spanglass_attempt
        try:
            data = super()._raw_read(amt, **kwargs)
        except BaseException as error:
            attempt.broke(error)
            raise
        if data:
            attempt.feed(data)
        if (amt is None and not kwargs.get("read1")) or _is_read(self):
            attempt.ended()
        return data

    def _handle_chunk(self, amt: int | None) -> bytes:
        data = super()._handle_chunk(amt)
        self._spanglass_attempt.feed(data)
        return data

    def read_chunked(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:  # type: ignore[override] # noqa: FBT001 - the library's signature; it is a generator as there
        attempt = self._spanglass_attempt
        try:
            yield from super().read_chunked(amt, decode_content)
        except GeneratorExit:
            raise  # whoever iterated stopped, which is no end yet
        except BaseException as error:
            attempt.broke(error)
            raise
        if _is_read(self):
            attempt.ended()

    def _update_chunk_length(self) -> None:
        # The library closes a broken answer before it raises: the failure is what happened, not the closing.
        self._spanglass_busy = True
        super()._update_chunk_length()
        self._spanglass_busy = False

    def close(self) -> None:
        if not self._spanglass_busy:
            self._spanglass_attempt.closed()
        super().close()

    def __del__(self) -> None:
        self._spanglass_attempt.abandoned()
        self._spanglass_busy = True  # the library's own destructor closes what is open
        super().__del__()


def _is_read(response: HTTPResponse) -> bool:
    source = response._fp  # noqa: SLF001 - what the library itself asks; a test double may be any file
    return source is None or bool(
        source.isclosed() if hasattr(source, "isclosed") else getattr(source, "closed", False)
    )


class _AnyCase:
    """Headers as an application gave them, of any kind, looked up in any case.

    Args:
        headers: Names to values; botocore's are bytes.
    """

    def __init__(self, headers: Mapping[Any, Any]) -> None:
        self._headers = headers

    def get(self, name: str, /) -> str | None:
        """Return a header's value, None where it is not there."""
        for key, value in self._headers.items():
            if _text(key).lower() == name:
                return _text(value)
        return None


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _address(pool: HTTPConnectionPool, url: str) -> tuple[str, int | None, str]:
    """Return host, port and path; through a plain proxy the URL is whole and the pool is the proxy's."""
    if url.startswith("/"):
        return pool.host, pool.port, url
    parts = urlsplit(url)
    return parts.hostname or pool.host, parts.port or {"http": 80, "https": 443}.get(parts.scheme), parts.path
