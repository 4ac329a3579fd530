"""Anthropic's messages, written in the GenAI conventions' schema; used when content is asked for.

Images and documents given inline, and what the provider's own tools found, are named, not kept.
"""

from __future__ import annotations

from spanglass.wire.capture import (
    Allowance,
    Part,
    blob_part,
    in_order,
    newest_first,
    text_part,
    tool_call_part,
    tool_definition,
    tool_response_part,
)
from spanglass.wire.document import dump, mapping, rows, text

SERVER_TOOLS = frozenset({"server_tool_use", "mcp_tool_use"})
"""Blocks in which the model uses a tool that the provider runs."""
_RESULT = "_tool_result"


def messages(given: object) -> str | None:
    """Write the messages of a request; the newest are kept first where not all may be."""
    return in_order(
        {"role": text(message.get("role")) or "user", "parts": parts_of(message.get("content"), allowance)}
        for allowance, message in newest_first(given)
    )


def instructions(given: object) -> str | None:
    """Write the system prompt: a text, or a list of texts."""
    parts = parts_of(given, Allowance())
    return dump(parts) if parts else None


def tool_definitions(tools: object) -> str | None:
    """Write the tools offered: type, name, description and parameters; those the provider runs have a type alone."""
    allowance, written = Allowance(), []
    for tool in rows(tools):
        got, kind = tool.get, text(tool.get("type"))
        kind = "function" if kind in (None, "custom") else kind
        written.append(tool_definition(kind, got("name"), got("description"), got("input_schema"), allowance=allowance))
    return dump(written) if written else None


def parts_of(content: object, allowance: Allowance) -> list[Part]:
    """Write a message's content: a text, or a list of blocks."""
    if isinstance(content, str):
        return [text_part(allowance.cut(content))] if content else []
    return [_part(block, allowance) for block in rows(content)]


def server_tool_part(name: str | None, call_id: str | None, arguments: object) -> Part:
    """Write a part in which the model uses a tool that the provider runs."""
    part: Part = {
        "type": "server_tool_call",
        "name": name or "",
        "server_tool_call": {"type": name or "", "arguments": arguments},
    }
    if call_id is not None:
        part["id"] = call_id
    return part


def named_part(kind: str, call_id: str | None) -> Part:
    """Write a part that only names a block: a result of the provider's own tools, or a kind that is not known."""
    if not kind.endswith(_RESULT):
        return {"type": kind or "unknown"}
    part: Part = {"type": "server_tool_call_response", "server_tool_call_response": {"type": kind}}
    if call_id is not None:
        part["id"] = call_id
    return part


def redacted_part() -> Part:
    """Write reasoning that the provider keeps to itself."""
    return {"type": "reasoning", "content": "", "redacted": True}


def _part(block: dict[str, object], allowance: Allowance) -> Part:
    got = block.get
    kind = text(got("type"))
    if kind in ("text", "thinking"):
        return text_part(allowance.cut(_said(got(str(kind)))), "text" if kind == "text" else "reasoning")
    if kind == "redacted_thinking":
        return redacted_part()
    if kind == "tool_use" or kind in SERVER_TOOLS:
        write = server_tool_part if kind in SERVER_TOOLS else tool_call_part
        return write(text(got("name")), text(got("id")), allowance.arguments(got("input")))
    if kind == "tool_result":
        return _tool_result(block, allowance)
    if kind in ("image", "document"):
        return _source(str(kind), mapping(got("source")), allowance)
    return named_part(text(kind) or "", text(got("tool_use_id")))


def _tool_result(block: dict[str, object], allowance: Allowance) -> Part:
    content = block.get("content")
    answer: object = allowance.cut(content) if isinstance(content, str) else parts_of(content, allowance)
    part = tool_response_part(block.get("tool_use_id"), answer)
    if block.get("is_error") is True:
        part["is_error"] = True
    return part


def _source(modality: str, source: dict[str, object], allowance: Allowance) -> Part:
    kind = source.get("type")
    if kind == "url":
        return {"type": "uri", "modality": modality, "uri": allowance.cut(_said(source.get("url")))}
    if kind == "file":
        return {"type": "file", "modality": modality, "file_id": text(source.get("file_id")) or ""}
    return blob_part(modality, text(source.get("media_type"), 64), source.get("data"))


def _said(value: object) -> str:
    return value if isinstance(value, str) else ""


def spoken_length(content: object) -> int:
    """Count the characters of a content: a text, or texts among its blocks, tool results included; not files."""
    if isinstance(content, str):
        return len(content)
    total = 0
    for block in rows(content):
        said = block.get("text") or block.get("thinking")
        if isinstance(said, str):
            total += len(said)
        elif block.get("type") == "tool_result":
            total += spoken_length(block.get("content"))
    return total
