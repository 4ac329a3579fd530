"""A stream of server-sent events without the event that came only because usage was asked for; all else byte by byte.

That event has no choice and a usage: `"choices":[],"usage":{...}`. Only whole events are let through, so what a reader
of events sees, it sees at the same moment; a reader of bytes sees them in other pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spanglass.wire.document import parse
from spanglass.wire.framing import read_event

_SUSPECT = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_LINE_END = rb"(?>\r\n|\n|\r)"
_EVENT_END = re.compile(_LINE_END + _LINE_END)
_OVERLAP = 3  # bytes at the end of a piece that an event's end may have begun in
_MAX_USAGE = 65_536  # bytes of the event to hide, with room


class HiddenUsage:
    """Takes the bytes of one stream in any pieces, and gives back those to show."""

    __slots__ = ("_drop_line_feed", "_large", "_pending")

    def __init__(self) -> None:
        self._pending = b""
        self._drop_line_feed = False
        self._large = False  # the pending event has been shown in part, because it was too large for the one to hide

    def feed(self, data: bytes) -> bytes:
        """Return what may be shown once these bytes have come; may be empty."""
        if not self._pending and not self._drop_line_feed and data.endswith(b"\n\n") and not _SUSPECT.search(data):
            return data
        return b"".join(self._shown(data))

    def rest(self) -> bytes:
        """Return what may be shown of an event that the stream ended in."""
        rest, self._pending = self._pending, b""
        return rest if self._large or not _is_usage(rest) else b""

    def _shown(self, data: bytes) -> Iterator[bytes]:
        if self._drop_line_feed and data:
            self._drop_line_feed = False
            data = data.removeprefix(b"\n")  # the second half of the line end that the hidden event ended with
        pending = self._pending + data
        searched = max(0, len(self._pending) - _OVERLAP)
        start = 0
        while (end := _EVENT_END.search(pending, max(start, searched))) is not None:
            event = pending[start : end.end()]
            start = end.end()
            if self._large or not _is_usage(event):
                yield event
            else:
                if event.startswith(b"\n"):
                    yield b"\n"  # it belongs to the event before
                self._drop_line_feed = event.endswith(b"\r") and start == len(pending)
            self._large = False
        self._pending = pending[start:]
        if len(self._pending) > _MAX_USAGE:
            self._large = True
            yield self._pending[:-_OVERLAP]
            self._pending = self._pending[-_OVERLAP:]


def _is_usage(event: bytes) -> bool:
    if _SUSPECT.search(event) is None:
        return False
    read = read_event(event.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n"))
    said = None if read is None else parse(read[1])
    return said is not None and said.get("choices") == [] and isinstance(said.get("usage"), dict)
