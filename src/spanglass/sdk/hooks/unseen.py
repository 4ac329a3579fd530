"""What no hook on HTTP clients can see, said once when such a library is imported; it patches nothing."""

from __future__ import annotations

from collections.abc import Iterator

from spanglass.sdk.guard import logger
from spanglass.sdk.hooks.seat import Patch, Seat

_INSTEAD = {
    "google.generativeai": "it speaks gRPC. Its maintained successor google-genai is seen; "
    'so is genai.configure(transport="rest").'
}
_said: set[str] = set()


def patches(library: str, seat: Seat) -> Iterator[Patch]:  # noqa: ARG001 - as every hook takes it
    """Yield nothing; say once that the library's calls are not seen, and what to do.

    Args:
        library: Its name.
        seat: Not needed.
    """
    if library not in _said:
        _said.add(library)
        logger.warning("Calls to models through %s are not seen: %s", library, _INSTEAD[library])
    yield from ()
