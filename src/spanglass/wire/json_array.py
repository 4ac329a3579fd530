"""Which bytes of one JSON array are one event: each object in it, as it arrives; knows nothing of what it means.

Gemini streams so where a request does not ask for server-sent events (`alt=sse`): the array opens with the first
object and closes when the answer has ended. Strings are told from brackets, nothing else of JSON is checked.
"""

from __future__ import annotations

import re

from spanglass.wire.framing import MAX_EVENT

# Up to the next bracket outside a text, or to a quote: of a text without an end, or of the last one where no bracket
# follows. Its repeated group is not possessive: Python 3.11.2 matched it wrongly then, 3.11.7 did not.
_MARK = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}\[\]]*)*["{}\[\]]', re.DOTALL)
_QUOTE, _BACKSLASH = b'"\\'
_OPENING = b"{["
_IN_ARRAY = 1  # brackets that are open between two elements


class JsonArray:
    """Cuts one JSON array into blocks, `data: ` and an element on one line; numbers and texts in it are left out."""

    __slots__ = ("_depth", "_element", "_escaped", "_in_string", "_over", "_oversize")

    idle = False  # no piece of an array is a block as it is

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False  # the piece before ended inside an escape
        self._over = False
        self._oversize = False
        self._element = bytearray()

    def rest(self, limit: int) -> bytes:  # noqa: ARG002 - half an object says nothing, however short
        """Return nothing."""
        return b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that they complete."""
        blocks: list[bytes] = []
        start, at = 0, 0
        while not self._over:
            if self._in_string:
                at = self._string_end(data, at)
            found = None if self._in_string else _MARK.match(data, at)
            if found is None:
                break
            at = found.end()
            mark = data[at - 1]
            if mark == _QUOTE:
                self._in_string = True
            elif mark in _OPENING:
                if self._depth == _IN_ARRAY:
                    start = at - 1
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == _IN_ARRAY:
                    self._keep(data[start:at])
                    blocks.append(self._block())
                self._over = self._depth < _IN_ARRAY
        if self._depth > _IN_ARRAY:
            self._keep(data[start:])
        return blocks

    def _string_end(self, data: bytes, at: int) -> int:
        """Return the place after the text that is open; it stays open where no quote ends it."""
        if self._escaped and data:
            self._escaped = False
            at += 1
        end = data.find(_QUOTE, at)
        while end >= 0:
            if not _is_escaped(data, at, end):
                self._in_string = False
                return end + 1
            at = end + 1
            end = data.find(_QUOTE, at)
        self._escaped |= _is_escaped(data, at, len(data))
        return len(data)

    def _keep(self, piece: bytes) -> None:
        if len(self._element) + len(piece) > MAX_EVENT:
            self._oversize = True
            self._element.clear()
        if not self._oversize:
            self._element += piece

    def _block(self) -> bytes:
        # A line break between tokens says nothing, and JSON has none inside a text.
        block = b"data: " + self._element.replace(b"\n", b"").replace(b"\r", b"") + b"\n\n"
        self._element.clear()
        self._oversize = False
        return block


def _is_escaped(data: bytes, start: int, place: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    before = place
    while before > start and data[before - 1] == _BACKSLASH:
        before -= 1
    return (place - before) % 2 == 1
