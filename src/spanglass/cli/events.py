"""Reads server-sent events from the pieces of an answer, by the HTML standard; each event has a bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from spanglass.errors import ServerUnavailable

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        name: What kind; `message` where it does not say.
        data: What it says.
        last_id: The latest id told on the stream, to go on after; None where none was.
    """

    name: str
    data: str
    last_id: str | None


@dataclass(slots=True)
class _Making:
    """An event that is being read."""

    name: str = ""
    data: list[str] = field(default_factory=list)
    size: int = 0


def events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a stream; one that is cut off is none.

    Raises:
        ServerUnavailable: An event is over 4 MiB.
    """
    making, last_id = _Making(), None
    for line in _lines(pieces):
        making.size += len(line)
        if making.size > MOST_BYTES:
            raise _too_large()
        if not line:
            if making.data:
                yield Event(making.name or "message", "\n".join(making.data), last_id)
            making = _Making()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            making.data.append(value)
        elif name == "event":
            making.name = value
        elif name == "id" and "\0" not in value:
            last_id = value


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield whole lines, whichever of LF, CR LF and CR end them."""
    held = bytearray()
    after_return = False
    for piece in pieces:
        for part in piece.splitlines(keepends=True):
            if after_return and not held and part == b"\n":  # the second half of a CR LF
                after_return = False
                continue
            held += part
            after_return = part.endswith(b"\r")
            if len(held) > MOST_BYTES:
                raise _too_large()
            if part.endswith((b"\n", b"\r")):
                yield held.rstrip(b"\r\n").decode("utf-8", "replace").removeprefix("\ufeff")
                held.clear()


def _too_large() -> ServerUnavailable:
    return ServerUnavailable("The server sends an event over 4 MiB, so it is no spanglass; name another with --server.")
