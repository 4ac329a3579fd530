"""Which bytes of a stream are one event: server-sent events, in any split; knows nothing of what events mean.

The rules are those of the HTML standard, "server-sent events", section 9.2.6: lines end with LF, CRLF or CR, an event
with an empty line, lines that start with a colon are comments. Whatever else frames events (lines of JSON, one JSON
array, AWS event streams) stands in a file beside this one and gives blocks of the same form.
"""

from __future__ import annotations

from typing import Protocol

MAX_EVENT = 8 * 1024 * 1024
"""Bytes of one event that are held; of a larger one (an image in full) only its name is kept."""
FIRST_OF_FIELDS = b"de:ir"
"""What a line of server-sent events may begin with: data, event, a comment, id, retry."""
_BOM = b"\xef\xbb\xbf"
_END = b"\n\n"
_NAME_ROOM = 256


class Framing(Protocol):
    """Cuts a stream into blocks: lines `event: NAME`, where events have names, and `data: ...`, then an empty line.

    A framing belongs to one answer and one thread at a time, holds at most `MAX_EVENT` bytes and never raises.
    """

    @property
    def idle(self) -> bool:
        """Nothing of a next event has arrived; a piece that is one whole block may be read as it is."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that they complete."""

    def rest(self, limit: int) -> bytes:
        """Return what has arrived of an event that has not ended, as a block; nothing where it exceeds `limit`."""


class EventStream:
    """Cuts a stream of server-sent events into blocks: the lines of one event with LF ends and the empty line.

    Attributes:
        idle: Nothing of a next event has arrived; a piece that is one whole block may be read as it is.
    """

    __slots__ = ("_cut_name", "_pending", "_skip_line_feed", "idle")

    def __init__(self) -> None:
        self.idle = True
        self._pending = bytearray()
        self._skip_line_feed = False
        self._cut_name: bytes | None = None

    def rest(self, limit: int) -> bytes:
        """Return what has arrived of an event that has not ended; nothing where it is longer than `limit`."""
        return bytes(self._pending) if len(self._pending) <= limit else b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that they complete."""
        blocks = self._cut(data)
        self.idle = not self._pending and not self._skip_line_feed and self._cut_name is None
        return blocks

    def _cut(self, data: bytes) -> list[bytes]:
        if self._skip_line_feed and data:
            self._skip_line_feed = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._skip_line_feed = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not data:
            return []
        pending = self._pending
        searched = max(0, len(pending) - 1)  # an empty line may have its first end in the piece before
        pending += data
        end = pending.find(_END, searched)
        if end < 0:
            self._bound()
            return []
        blocks = []
        start = 0
        while end >= 0:
            blocks.append(bytes(pending[start : end + 2]))
            start = end + 2
            end = pending.find(_END, start)
        del pending[:start]
        if self._cut_name is not None:
            blocks[0] = self._cut_name + b"data:\n\n"
            self._cut_name = None
        self._bound()
        return blocks

    def _bound(self) -> None:
        if len(self._pending) <= MAX_EVENT:
            return
        if self._cut_name is None:
            line = bytes(self._pending[:_NAME_ROOM]).lstrip(b"\n").partition(b"\n")
            self._cut_name = line[0] + line[1] if line[1] and line[0].startswith(b"event:") else b""
        del self._pending[:-1]


def server_sent(content_type: str, first: int) -> Framing | None:
    """Return the framing of an answer that is server-sent events by its type or its first byte; None otherwise.

    Args:
        content_type: In lower case; empty without one.
        first: The first byte that is no white space.
    """
    announced = "event-stream" in content_type and first not in b"{["
    return EventStream() if announced or first in FIRST_OF_FIELDS else None


def read_event(block: bytes) -> tuple[str, bytes] | None:
    """Return a block's event name (empty without one) and data; None for a block without data, such as a comment."""
    if block.startswith(b"data: ") and block.count(b"\n") == 2:
        return "", block[6:-2]
    name = ""
    data: list[bytes] = []
    for line in block.removeprefix(_BOM).split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value[:_NAME_ROOM].decode("utf-8", "replace")
    return (name, b"\n".join(data)) if data else None
