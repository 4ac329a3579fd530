"""Cuts a stream of newline-delimited JSON into blocks, one line one event; knows nothing of what events mean.

The form is that of ndjson.org: lines end with LF or CRLF, empty lines say nothing.
"""

from __future__ import annotations

from spanglass.wire.framing import MAX_EVENT, Framing

_FORM = b"data: %b\n\n"


class Lines:
    """Cuts a stream of lines into blocks.

    Attributes:
        idle: Nothing of a next line has arrived.
    """

    __slots__ = ("_cut", "_pending", "idle")

    def __init__(self) -> None:
        self.idle = True
        self._pending = bytearray()
        self._cut = False  # the line in hand was too long to keep

    def rest(self, limit: int) -> bytes:
        """Return the line that has not ended, as a block; nothing where it is longer than `limit`."""
        pending = self._pending.strip()
        return _FORM % pending if pending and len(pending) <= limit and not self._cut else b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks of the lines that they complete."""
        if self.idle and data.find(b"\n") == len(data) - 1 > 0 and data[0] not in b" \t\r":
            return [_FORM % data.rstrip()]  # one whole line, as servers send them
        pending = self._pending
        if b"\n" in data:
            *lines, last = data.split(b"\n")
            lines[0] = b"" if self._cut else bytes(pending) + lines[0]
            blocks = [_FORM % line for one in lines if (line := one.strip())]
            if self._cut:
                blocks.insert(0, _FORM % b"")
            pending[:] = last
            self._cut = False
        else:
            blocks = []
            if not self._cut:
                pending += data
        if len(pending) > MAX_EVENT:
            pending.clear()
            self._cut = True
        self.idle = not pending and not self._cut
        return blocks


def json_lines(content_type: str) -> Framing | None:
    """Return the framing of an answer whose type says that it is lines of JSON; None otherwise."""
    return Lines() if "ndjson" in content_type or "jsonl" in content_type else None
