"""One exchange's answer as its bytes arrive: what it says so far and when its chunks came."""

from __future__ import annotations

from spanglass.call import Response
from spanglass.wire.recognise import Recognised


class Meter:
    """Reads one answer, streamed or not, fed in any split; never raises, whatever the bytes.

    `feed` belongs to one thread at a time. `response` may be asked at any time, repeatedly.
    """

    def __init__(  # noqa: PLR0913 - one call site a hook, every argument named
        self,
        recognised: Recognised,
        *,
        started_ns: int,
        status: int,
        content_type: str | None,
        content_encoding: str | None,
        content: bool = False,
    ) -> None:
        raise NotImplementedError

    def feed(self, data: bytes, now_ns: int) -> None:
        """Take the next bytes of the body, still content-encoded, and when they arrived (same clock as started_ns)."""
        raise NotImplementedError

    @property
    def complete(self) -> bool:
        """The answer's terminal event, or its whole body, was seen."""
        raise NotImplementedError

    @property
    def unreadable(self) -> str | None:
        """Why the body cannot be read, in a few words; None while it can."""
        raise NotImplementedError

    def response(self) -> Response:
        """Say what the bytes so far say."""
        raise NotImplementedError
