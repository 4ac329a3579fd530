"""Texts kept for messages: bounded in each text and in all; knows nothing of any provider."""

from __future__ import annotations

import json

from spanglass.wire.document import clean

MAX_TEXT = 65_536
"""Characters kept of one text; the rest is cut and the text ends with an ellipsis."""
MAX_ALL = 262_144
"""Characters kept of all texts of one field, such as all messages of a request."""
_CUT = "…"

Part = dict[str, object]
"""One part of a message in the GenAI conventions' schema."""


class Growing:
    """One text that arrives in pieces: its length always, its characters only when asked to keep them."""

    __slots__ = ("_keep", "_kept", "_pieces", "length")

    def __init__(self, *, keep: bool) -> None:
        self.length = 0
        self._keep = keep
        self._kept = 0
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Append a piece."""
        self.length += len(piece)
        room = MAX_TEXT - self._kept
        if self._keep and room > 0:
            self._pieces.append(piece[:room])
            self._kept += len(piece)

    def read(self) -> str:
        """Return what was kept; ends with an ellipsis where something was cut."""
        kept = clean("".join(self._pieces))
        return kept + _CUT if self._kept > MAX_TEXT else kept


class Allowance:
    """How many characters one field may still keep."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_ALL

    def cut(self, value: str) -> str:
        """Return as much of a text as may be kept."""
        room = min(MAX_TEXT, self._left)
        self._left -= min(room, len(value))
        return clean(value if len(value) <= room else value[:room] + _CUT)

    def structure(self, value: object) -> object:
        """Return a JSON value whole where it is small enough to keep, else as much of its text as may be kept."""
        try:
            written = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            return _CUT
        kept = self.cut(written)
        return value if kept == written else kept

    def arguments(self, value: object) -> object:
        """Return a tool call's arguments: as an object where their JSON text is one, else the text."""
        if not isinstance(value, str):
            return self.structure(value)
        kept = self.cut(value)
        try:
            read: object = json.loads(kept)
        except (ValueError, RecursionError):
            return kept
        return read if isinstance(read, dict) else kept


def text_part(content: str, kind: str = "text") -> Part:
    """Write a part of text, reasoning or refusal."""
    return {"type": kind, "content": content}


def tool_call_part(name: str | None, call_id: str | None, arguments: object) -> Part:
    """Write a part that asks for a tool."""
    part: Part = {"type": "tool_call", "name": name or "", "arguments": arguments}
    if call_id is not None:
        part["id"] = call_id
    return part
