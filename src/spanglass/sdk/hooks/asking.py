"""Asking for the usage of a stream over httpx and httpx2, and hiding what comes for it; switched on by the user alone.

The application's own request stays as it is: a copy is sent. A host that refuses the copy gets the request as it was,
and is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from spanglass.sdk.calls.attempt import Attempt
from spanglass.wire.ask_usage import ask_usage
from spanglass.wire.encoding import Decoder
from spanglass.wire.hidden_usage import HiddenUsage

if TYPE_CHECKING:
    import httpx2 as httpx  # its twin has the same shapes

_REFUSALS = frozenset({400, 422})


class Asking:
    """Asks through one of the twins.

    Args:
        library: The imported package.
    """

    def __init__(self, library: ModuleType) -> None:
        self._request: Callable[..., httpx.Request] = library.Request
        self._failure: Callable[[str], Exception] = library.DecodingError
        self._refused: set[bytes] = set()

    def copy(self, attempt: Attempt, request: httpx.Request) -> httpx.Request | None:
        """Return the request to send instead; None where usage is not to be asked for.

        Args:
            attempt: What the request is.
            request: The application's request, its body readable.
        """
        if attempt.request.stream_usage is not False or request.url.netloc in self._refused:
            return None
        body = ask_usage(attempt.recognised, request.content)
        if body is None:
            return None
        headers = request.headers.copy()
        headers["Content-Length"] = str(len(body))
        return self._request(request.method, request.url, headers=headers, content=body, extensions=request.extensions)

    @staticmethod
    def is_refused(response: httpx.Response) -> bool:
        """Say whether a host may have refused the request for what was added to it."""
        return response.status_code in _REFUSALS

    def remember(self, request: httpx.Request, response: httpx.Response) -> None:
        """Ask a host no more that took the request only as it was."""
        if not self.is_refused(response):
            self._refused.add(request.url.netloc)

    def shown(self, response: httpx.Response) -> Shown | None:
        """Return what turns an answer's bytes into those to show; None where the answer is to be passed as it is.

        The answer is shown without content encoding, and its headers say so.
        """
        if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            return None
        decoder = Decoder(response.headers.get("content-encoding", ""))
        if decoder.unreadable is not None:
            return None
        response.headers.pop("content-encoding", None)
        return Shown(decoder, self._failure)


class Shown:
    """Takes the bytes of one answer as they come over the wire, and gives back those to show.

    Args:
        decoder: Undoes the content encoding.
        failure: Makes the library's exception for a body that cannot be decoded.
    """

    def __init__(self, decoder: Decoder, failure: Callable[[str], Exception]) -> None:
        self._decoder = decoder
        self._failure = failure
        self._hidden = HiddenUsage()

    def feed(self, data: bytes) -> bytes:
        """Return what may be shown now.

        Raises:
            DecodingError: Of the library; the body is not encoded as its headers say.
        """
        if not self._decoder.plain:
            data = b"".join(self._decoder.feed(data))
            if self._decoder.unreadable is not None:
                raise self._failure(f"The answer cannot be decoded: {self._decoder.unreadable}.")
        return self._hidden.feed(data)

    def rest(self) -> bytes:
        """Return what is left to show at the end."""
        return self._hidden.rest()
