"""Chunks that need no decoding: a shape is learnt from one chunk, and later ones of the same shape are only measured.

Most chunks of a stream are the same bytes but for a few values: the text, a random filler, a sequence number. Where a
chunk equals one already decoded in every byte outside those JSON values, it says the same thing outside them. So a
match is exact, and whatever else a chunk may hold (a finish reason, usage, an error, a new tool call) does not match
and is decoded. A shape that would count other characters than the decoder did is not kept.
"""

from __future__ import annotations

import json
import re

from spanglass.wire.codec import Slots

_MAX_SHAPES = 8
_MAX_BLOCK = 16_384
_MAX_SLOTS = 24
_HITS_PER_LESSON = 8  # learning costs some 30 us: a stream whose chunks never repeat stops trying
_STRING = rb'"(?:[^"\\\n]|\\.)*"'
_PAIR = re.compile(
    rb'"(?P<key>[^"\\\n]*)"\s*:\s*(?:"(?P<text>(?:[^"\\\n]|\\.)*)"|(?P<number>\d+)(?=\s*[,}\]]))|' + _STRING
)
_TEXT_SLOT = rb'([^"\\\n]*(?:\\.[^"\\\n]*)*)'
_FILLER_SLOT = rb'[^"\\\n]*'
_NUMBER_SLOT = rb"(?:0|[1-9]\d{0,17})"


class Shape:
    """What a kind of chunk has in common, and where its content stands."""

    __slots__ = ("_match", "_prefix", "_single", "_start", "_suffix", "_suffix_length", "cumulative")

    def __init__(self, pieces: list[bytes], kinds: list[bytes], *, cumulative: bool) -> None:
        """Take the bytes around the slots, and between each two of them the slot's pattern."""
        self._prefix = pieces[0]
        self._start = len(pieces[0])
        self._suffix = pieces[-1]
        self._suffix_length = len(pieces[-1])
        self._single = kinds == [_TEXT_SLOT]
        pattern = b"".join(kind + re.escape(piece) for kind, piece in zip(kinds, pieces[1:], strict=True))
        self._match = re.compile(pattern).fullmatch
        self.cumulative = cumulative

    def measure(self, block: bytes) -> int:
        """Return how many characters of content a block of this shape holds; -1 for a block of another shape."""
        if not block.startswith(self._prefix):
            return -1
        start = self._start
        if self._single:
            end = block.find(b'"', start)
            if len(block) - end == self._suffix_length and block.endswith(self._suffix):
                said = block[start:end]
                if said.isascii() and b"\\" not in said:
                    return end - start
        found = self._match(block, start)
        if found is None:
            return -1
        total = 0
        for said in found.groups():
            if not said.isascii() or b"\\" in said:
                length = _decoded_length(said)
                if length < 0:
                    return -1
                total += length
            else:
                total += len(said)
        return total


class Skimmer:
    """The shapes of one stream."""

    __slots__ = ("_hits", "_lessons", "_slots", "shapes")

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._hits = 0
        self._lessons = 0
        self.shapes: list[Shape] = []

    def learn(self, block: bytes, characters: int, *, hits: int) -> None:
        """Learn from a block that was decoded and had content.

        Args:
            block: One event, its empty line included.
            characters: Characters of content the decoder found in it.
            hits: Blocks skimmed so far, which pay for lessons.
        """
        if self._lessons > _MAX_SHAPES + hits // _HITS_PER_LESSON or len(block) > _MAX_BLOCK or not characters:
            return
        self._lessons += 1
        shape = _shape(block, self._slots)
        if shape is not None and shape.measure(block) == characters:
            self.shapes.append(shape)
            del self.shapes[:-_MAX_SHAPES]


def _shape(block: bytes, slots: Slots) -> Shape | None:
    opening = block.find(b"{")
    head = block[: max(opening, 0)]
    if block.count(b"\n") != 2 + head.count(b"\n") or not head.rpartition(b"\n")[2].startswith(b"data:"):
        return None
    pieces, kinds, last, cumulative = [], [], 0, False
    for pair in _PAIR.finditer(block, opening):
        found = _slot(pair, slots)
        if found is None:
            continue
        kind, group = found
        cumulative |= pair["key"] in slots.cumulative
        kinds.append(kind)
        pieces.append(block[last : pair.start(group)])
        last = pair.end(group)
    if not kinds or len(kinds) > _MAX_SLOTS:
        return None
    return Shape([*pieces, block[last:]], kinds, cumulative=cumulative)


def _slot(pair: re.Match[bytes], slots: Slots) -> tuple[bytes, str] | None:
    """Return the pattern that stands for a pair's value, and the group the value is in; None where it must not vary."""
    key = pair["key"]
    if pair["number"] is not None:
        return (_NUMBER_SLOT, "number") if key in slots.ignored or key in slots.cumulative else None
    if pair["text"] is None:
        return None
    if key in slots.counted and pair["text"]:  # an empty text stays: with another one it may be another kind of chunk
        return _TEXT_SLOT, "text"
    return (_FILLER_SLOT, "text") if key in slots.ignored else None


def _decoded_length(said: bytes) -> int:
    try:
        return len(json.loads(b'"' + said.decode("utf-8", "replace").encode() + b'"', strict=False))
    except ValueError:
        return -1
