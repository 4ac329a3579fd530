"""The hook on requests, for silence alone: calls are recorded below it, by the hook on urllib3."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spanglass.sdk.guard import safely
from spanglass.sdk.hooks.body import sent
from spanglass.sdk.hooks.quiet import Quiet, is_call, is_wrapped
from spanglass.sdk.hooks.seat import Patch, Seat, patch

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

_guard = safely("hooks.requests")


def patches(library: str, seat: Seat) -> Iterator[Patch]:
    """Make a patch for sessions where another tool stands around them; nothing is applied.

    Args:
        library: `requests`.
        seat: Where the hook finds the recorder.
    """
    session = getattr(sys.modules.get(f"{library}.sessions"), "Session", None)
    if session is None or not is_wrapped(session.send):
        return

    def around(original: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(original)
        def send(session: Session, request: PreparedRequest, **kwargs: object) -> Response:
            if request.method != "POST" or not _is_call(seat, request):
                return original(session, request, **kwargs)
            with Quiet():
                return original(session, request, **kwargs)

        return send

    if (made := patch(session, "send", around)) is not None:
        yield made


@_guard
def _is_call(seat: Seat, request: PreparedRequest) -> bool:
    if seat.recorder is None:
        return False
    url = urlsplit(request.url or "")
    return is_call(seat.recorder, url.hostname or "", url.path, url.port, lambda: sent(request.body))
