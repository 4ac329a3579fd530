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
_MAX_VALUES = 32
_HITS_PER_LESSON = 8  # a lesson costs some 40 us: a stream whose chunks never repeat stops trying
_MAX_PATTERNS = 128
_LONG = 12  # characters from which a constant text, such as an id, is compared beside the pattern, not inside it

_decoder = json.JSONDecoder(strict=False)
# Possessive throughout: a match that fails gives nothing back, so its time and memory are bounded by its length.
_STRING = rb'"(?:[^"\\\n]|\\.)*+"'
_PAIR = re.compile(
    rb'"(?P<key>[^"\\\n]*+)"\s*+:\s*+(?:"(?P<text>(?:[^"\\\n]|\\.)*+)"|(?P<number>\d++)(?=\s*+[,}\]]))|' + _STRING
)
_SAID = rb'([^"\\\n]*+(?:\\.[^"\\\n]*+)*+)'
_FIXED = rb'([^"\\\n]*+)'
_FILLER = rb'[^"\\\n]*+'
_END = rb"\r?\n\r?\n"  # blocks have LF ends, a piece that is one whole block may have the CRLF that Google sends
_NUMBER = rb"(?:0|[1-9]\d{0,17}+)"
_BRACE = rb" *+\}"  # Anthropic pads its chunks with spaces before the last brace, at random
# Patterns hold no id of a stream, so servers have few, and one stream finds those of the one before.
_patterns: dict[bytes, re.Pattern[bytes]] = {}


class Shape:
    """What a kind of chunk has in common, and where its content stands.

    Attributes:
        prefix: The bytes before the first value that changes.
        cumulative: Its blocks carry running counts, of which the last are wanted.
    """

    __slots__ = ("_expected", "_fixed", "_fullmatch", "_match", "_said", "_start", "cumulative", "prefix")

    def __init__(self, prefix: bytes, pattern: bytes, values: list[bytes | None], *, cumulative: bool) -> None:
        """Take the pattern of the rest of a block; `values` has a row for each group: None is what is said."""
        self.prefix = prefix
        self.cumulative = cumulative
        self._start = len(prefix)
        compiled = _compiled(pattern)
        self._match, self._fullmatch = compiled.match, compiled.fullmatch
        self._said = values.index(None) + 1
        fixed = [(group, value) for group, value in enumerate(values, 1) if value is not None]
        self._fixed = [group for group, _ in fixed]
        self._expected = fixed[0][1] if len(fixed) == 1 else tuple(value for _, value in fixed)

    def find(self, data: bytes, at: int) -> tuple[int, bytes] | None:
        """Match the block that begins at a place with this shape's prefix.

        Returns:
            The block's end and what it says, as JSON wrote it; None where it is of another shape.
        """
        found = self._match(data, at + self._start)
        if found is None or (self._fixed and found.group(*self._fixed) != self._expected):
            return None
        return found.end(), found[self._said]

    def only(self, data: bytes) -> bytes | None:
        """Return what one whole block with this shape's prefix says; None where it is more, less or another."""
        found = self._fullmatch(data, self._start)
        if found is None or (self._fixed and found.group(*self._fixed) != self._expected):
            return None
        return found[self._said]


class Shapes:
    """The shapes of one stream.

    Attributes:
        current: The shape last seen.
    """

    __slots__ = ("_known", "_lessons", "_slots", "current")

    def __init__(self, slots: Slots) -> None:
        self.current: Shape | None = None
        self._known: list[Shape] = []
        self._slots = slots
        self._lessons = 0

    def find(self, data: bytes, at: int) -> tuple[int, bytes] | None:
        """Match the block that begins at a place with any known shape, which becomes the current one."""
        for shape in self._known:
            if data.startswith(shape.prefix, at):
                found = shape.find(data, at)
                if found is not None:
                    self.current = shape
                    return found
        return None

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
        found = shape.find(block, 0) if shape is not None else None
        if shape is not None and found is not None and measure([found[1]]) == characters:
            self.current = shape
            self._known.append(shape)
            del self._known[:-_MAX_SHAPES]


def measure(said: list[bytes]) -> int:
    """Count the characters of texts as JSON wrote them; one that is no JSON text has none."""
    together = b"|".join(said)
    separators = max(len(said) - 1, 0)
    if b"\\" not in together and together.isascii():
        return len(together) - separators
    length = _decoded_length(together)
    return length - separators if length is not None else sum(_decoded_length(one) or 0 for one in said)


def _shape(block: bytes, slots: Slots) -> Shape | None:
    opening = block.find(b"{")
    head = block[: max(opening, 0)]
    if block.count(b"\n") != 2 + head.count(b"\n") or not head.rpartition(b"\n")[2].startswith(b"data:"):
        return None
    pieces: list[bytes] = []
    values: list[bytes | None] = []
    prefix, last, cumulative = b"", 0, False
    for pair in _PAIR.finditer(block, opening):
        kind = _kind(pair, slots, began=bool(pieces))
        if kind is None:
            continue
        value = "number" if kind is _NUMBER else "text"
        pieces.append(re.escape(block[last : pair.start(value)]) + kind if pieces else kind)
        prefix = block[: pair.start(value)] if len(pieces) == 1 else prefix
        last = pair.end(value)
        if kind in (_SAID, _FIXED):
            values.append(None if kind is _SAID else pair["text"])
        cumulative |= pair["key"] in slots.cumulative
    if values.count(None) != 1 or len(pieces) > _MAX_VALUES:
        return None
    rest = block[last:].removesuffix(b"\n\n")
    ending = re.escape(rest[:-1].rstrip(b" ")) + _BRACE if rest.endswith(b"}") else re.escape(rest)
    pattern = b"".join(pieces) + ending + _END
    return Shape(prefix, pattern, values, cumulative=cumulative)


def _kind(pair: re.Match[bytes], slots: Slots, *, began: bool) -> bytes | None:
    """Return the pattern that stands for a pair's value; None where the value is part of what is constant."""
    key, text = pair["key"], pair["text"]
    if pair["number"] is not None:
        return _NUMBER if key in slots.ignored or key in slots.cumulative else None
    if not text:  # an empty text stays: with another one it may be another kind of chunk
        return None
    if key in slots.counted:
        return _SAID
    if key in slots.ignored:
        return _FILLER
    return _FIXED if began and len(text) >= _LONG and b"\\" not in text else None


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    compiled = _patterns.get(pattern)
    if compiled is None:
        if len(_patterns) >= _MAX_PATTERNS:
            _patterns.clear()
        compiled = _patterns[pattern] = re.compile(pattern)
    return compiled


def _decoded_length(said: bytes) -> int | None:
    try:
        return len(_decoder.decode('"' + said.decode("utf-8", "replace") + '"'))
    except ValueError:
        return None
