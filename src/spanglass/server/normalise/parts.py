"""Parts of messages of any producer become those of the GenAI conventions: text, tool_call, uri, blob, ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from spanglass.server.normalise import documents
from spanglass.server.record import Value

Part: TypeAlias = dict[str, Value]

_CURRENT: Final = {
    "text": "content",
    "reasoning": "content",
    "tool_call": "name",
    "tool_call_response": "response",
    "blob": "content",
    "file": "file_id",
    "uri": "uri",
    "server_tool_call": "server_tool_call",
    "server_tool_call_response": "server_tool_call_response",
}
"""Types of the conventions, and what a part of them must have; such parts stay as they are."""
_CALLS: Final = frozenset({"tool_use", "tool-call", "tool_call", "function", "function_call", "server_tool_use"})
_RESULTS: Final = frozenset({"tool_result", "tool-result", "function_call_output", "tool_call_response"})
_WRAPPERS: Final = ("functionCall", "function_call", "toolUse", "tool_call")
_RESULT_WRAPPERS: Final = ("functionResponse", "function_response", "toolResult")
_MEDIA: Final = ("source", "inlineData", "inline_data", "fileData", "file_data", "image_url", "image", "file")


def is_part(value: Value) -> bool:
    """Tell whether a value looks like a part of a message."""
    if not isinstance(value, Mapping):
        return False
    if isinstance(value.get("type"), str) or isinstance(value.get("text"), str):
        return True
    return any(isinstance(value.get(name), Mapping) for name in (*_WRAPPERS, *_RESULT_WRAPPERS, *_MEDIA))


def read_part(value: Value) -> Part:
    """Return a part as the conventions have it; one of a kind they do not know keeps its fields."""
    if not isinstance(value, Mapping):
        return {"type": "text", "content": value if isinstance(value, str) else documents.written(value)}
    inner = value.get("message_content")  # OpenInference's flattened part
    value = inner if isinstance(inner, Mapping) else value
    said = value.get("type")
    kind = said if isinstance(said, str) else "unknown"
    if kind in _CURRENT and _CURRENT[kind] in value:
        return read_tool_call(value) if kind == "tool_call" else dict(value)
    if kind in _CALLS or any(isinstance(value.get(name), Mapping) for name in _WRAPPERS):
        return read_tool_call(value)
    answer = value if kind in _RESULTS else next(filter(None, map(value.get, _RESULT_WRAPPERS)), None)
    if isinstance(answer, Mapping):
        return tool_response(*_result(answer))
    return _text(value) or _media(value) or {**value, "type": kind}


def read_tool_call(value: Value) -> Part:
    """Return a call of a tool; arguments that are JSON text become what they say."""
    outer = value if isinstance(value, Mapping) else {}
    inner: Mapping[str, Value] = outer
    for name in (*_WRAPPERS, "function"):
        nested = inner.get(name)
        if isinstance(nested, Mapping):
            inner = nested
    part: Part = {
        "type": "tool_call",
        "name": _first(inner, "name", "toolName", "tool_name") or _first(outer, "name", "toolName"),
    }
    call_id = _first(inner, "id", "call_id", "toolCallId", "toolUseId") or _first(outer, "id", "call_id", "toolCallId")
    call_id = call_id or documents.dig(outer, "tool_call", "id")
    if call_id is not None:
        part["id"] = call_id
    arguments = _first(inner, "arguments", "args", "input", "partial_json", "arguments_json")
    if arguments is not None:
        part["arguments"] = documents.read(arguments, documents.LARGE)
    return part


def tool_response(call_id: Value, response: Value) -> Part:
    """Return what a tool answered to a call."""
    part: Part = {"type": "tool_call_response", "response": response}
    if call_id is not None:
        part["id"] = call_id
    return part


def _result(value: Mapping[str, Value]) -> tuple[Value, Value]:
    return (
        _first(value, "tool_use_id", "toolCallId", "toolUseId", "call_id", "tool_call_id", "id"),
        _first(value, "content", "result", "output", "response"),
    )


def _text(value: Mapping[str, Value]) -> Part | None:
    thought = value.get("thinking") or (value.get("type") == "reasoning" and _first(value, "text", "summary"))
    if thought:
        return {"type": "reasoning", "content": thought if isinstance(thought, str) else documents.written(thought)}
    text = _first(value, "text", "refusal", "input_text", "output_text")
    if text is None and value.get("type") in ("text", None) and isinstance(value.get("content"), str):
        text = value["content"]
    if not isinstance(text, str):
        return None
    return {"type": "reasoning" if value.get("thought") is True else "text", "content": text}


def _media(value: Mapping[str, Value]) -> Part | None:
    """Return an image, a document or a sound, as an address, a file or bytes."""
    kind = value.get("type")
    word = kind.partition("_")[0].partition("-")[0] if isinstance(kind, str) else ""
    modality = "image" if word in {"image", "input"} or "image" in value else word or "document"
    source = _first(value, *_MEDIA)
    if isinstance(source, Mapping) and isinstance(source.get("image"), Mapping):
        source = source["image"]
    if isinstance(source, str):
        return {"type": "uri", "modality": modality, "uri": source}
    if not isinstance(source, Mapping):
        return None
    mime = _first(source, "media_type", "mimeType", "mime_type")
    address = _first(source, "url", "uri", "fileUri", "file_uri")
    part: Part = {"modality": modality} if mime is None else {"modality": modality, "mime_type": mime}
    if address is not None:
        return {"type": "uri", **part, "uri": address}
    if _first(source, "data") is not None:
        return {"type": "blob", **part, "content": source["data"]}
    return {"type": "file", **part, "file_id": source["file_id"]} if "file_id" in source else None


def _first(value: Mapping[str, Value], *names: str) -> Value:
    return next((value[name] for name in names if value.get(name) is not None), None)
