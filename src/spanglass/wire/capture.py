"""Texts kept for messages: bounded in each text and in all; knows nothing of any provider."""

from __future__ import annotations

import json
from collections.abc import Iterable

from spanglass.wire.document import clean, dump, rows, text

MAX_TEXT = 65_536
"""Characters kept of one text; the rest is cut and the text ends with an ellipsis."""
MAX_ALL = 262_144
"""Characters kept of all texts of one field, such as all messages of a request."""
_CUT = "…"

Part = dict[str, object]
"""One part of a message in the GenAI conventions' schema."""


class Allowance:
    """How many characters one field may still keep.

    Attributes:
        left: Their number.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_ALL

    def cut(self, value: str) -> str:
        """Return as much of a text as may be kept."""
        room = min(MAX_TEXT, self.left)
        self.left -= min(room, len(value))
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


class Growing:
    """One text that arrives in pieces: its length always, its characters only as far as an allowance goes."""

    __slots__ = ("_allowance", "_cut", "_kept", "_pieces", "length")

    def __init__(self, allowance: Allowance | None) -> None:
        """Keep characters at the cost of `allowance`; None keeps none."""
        self.length = 0
        self._allowance = allowance
        self._cut = False
        self._kept = 0
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Append a piece."""
        self.length += len(piece)
        if self._allowance is None:
            return
        room = min(MAX_TEXT - self._kept, self._allowance.left)
        self._cut |= len(piece) > room
        if room > 0:
            piece = piece[:room]
            self._pieces.append(piece)
            self._kept += len(piece)
            self._allowance.left -= len(piece)

    def forget(self) -> None:
        """Drop the text, because a later one stands for it; what it cost is given back."""
        if self._allowance is not None:
            self._allowance.left += self._kept
        self._kept, self._cut, self.length = 0, False, 0
        self._pieces.clear()

    def read(self) -> str:
        """Return what was kept; ends with an ellipsis where something was cut."""
        kept = clean("".join(self._pieces))
        return kept + _CUT if self._cut else kept


def text_part(content: str, kind: str = "text") -> Part:
    """Write a part of text, reasoning or refusal."""
    return {"type": kind, "content": content}


def tool_call_part(name: str | None, call_id: str | None, arguments: object) -> Part:
    """Write a part that asks for a tool."""
    part: Part = {"type": "tool_call", "name": name or "", "arguments": arguments}
    if call_id is not None:
        part["id"] = call_id
    return part


def tool_response_part(call_id: object, answer: object) -> Part:
    """Write a part that gives a tool's answer."""
    part: Part = {"type": "tool_call_response", "response": answer}
    if named := text(call_id):
        part["id"] = named
    return part


def blob_part(modality: str, mime_type: str | None, data: object) -> Part:
    """Write a part that names what was given inline, an image say, and how long it was, without keeping it."""
    part: Part = {"type": "blob", "modality": modality, "content": ""}
    if mime_type is not None:
        part["mime_type"] = mime_type
    if isinstance(data, str):
        part["omitted_length"] = len(data)
    return part


def tool_definition(kind: str, name: object, description: object, parameters: object, *, allowance: Allowance) -> Part:
    """Write a tool that is offered: description and parameters where they are ones."""
    definition: Part = {"type": kind, "name": text(name) or ""}
    if isinstance(description, str):
        definition["description"] = allowance.cut(description)
    if isinstance(parameters, dict):
        definition["parameters"] = allowance.structure(parameters)
    return definition


def newest_first(messages: object) -> Iterable[tuple[Allowance, dict[str, object]]]:
    """Yield messages from the last to the first, with the allowance they share: the newest are kept first."""
    allowance = Allowance()
    return ((allowance, message) for message in reversed(rows(messages)))


def in_order(newest: Iterable[Part]) -> str | None:
    """Write messages that come newest first as JSON text, the oldest first; None where there are none."""
    messages = list(newest)
    messages.reverse()
    return dump(messages) if messages else None
