"""Converse's messages, tools and content blocks in the GenAI conventions' schema; used when content is asked for.

What is given inline, images and documents, is named, not kept.
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
from spanglass.wire.request import written_length

_INLINE = {"image": "image", "document": "document", "video": "video", "audio": "audio"}


def input_messages(messages: object) -> str | None:
    """Write the messages of a request; the newest are kept first where not all may be."""
    return in_order(
        {
            "role": _role(message),
            "parts": [_block(block, allowance) for block in rows(message.get("content"))],
        }
        for allowance, message in newest_first(messages)
    )


def system_instructions(system: object) -> str | None:
    """Write the system prompts."""
    allowance = Allowance()
    said = [block.get("text") for block in rows(system)]
    parts = [text_part(allowance.cut(one)) for one in said if isinstance(one, str)]
    return dump(parts) if parts else None


def tool_definitions(tools: object) -> str | None:
    """Write the tools offered: name, description and parameters."""
    allowance = Allowance()
    written: list[Part] = []
    for tool in rows(tools):
        named = mapping(tool.get("toolSpec")) or mapping(tool.get("systemTool"))
        if not named:
            continue  # a cache point
        got, parameters = named.get, mapping(named.get("inputSchema")).get("json")
        written.append(tool_definition("function", got("name"), got("description"), parameters, allowance=allowance))
    return dump(written) if written else None


def input_length(messages: object) -> int:
    """Count the characters of messages: texts, and what tools were given and answered."""
    total = 0
    for message in rows(messages):
        for block in rows(message.get("content")):
            said = block.get("text")
            if isinstance(said, str):
                total += len(said)
            else:
                total += written_length(mapping(block.get("toolUse")).get("input"))
                for part in rows(mapping(block.get("toolResult")).get("content")):
                    answer = part.get("text")
                    total += len(answer) if isinstance(answer, str) else written_length(part.get("json"))
    return total


def said_by(block: dict[str, object]) -> tuple[str, str]:
    """Return of what kind a block is, text or reasoning, and what it says; both empty for one of another kind."""
    said = block.get("text")
    if isinstance(said, str):
        return "text", said
    reasoning = mapping(block.get("reasoningContent"))
    if reasoning:
        thought = mapping(reasoning.get("reasoningText")).get("text", reasoning.get("text"))
        return "reasoning", thought if isinstance(thought, str) else ""
    cited = mapping(block.get("citationsContent"))
    if cited:
        texts = [part.get("text") for part in rows(cited.get("content"))]
        return "text", "".join(one for one in texts if isinstance(one, str))
    return "", ""


def inline_part(block: dict[str, object]) -> Part:
    """Write a block that is neither said nor a tool's: what is given inline is named, another by its kind alone."""
    kind = next((kind for kind in map(text, block) if kind is not None), "unknown")
    modality = _INLINE.get(kind)
    if modality is None:
        return {"type": kind}
    given = mapping(block.get(kind))
    format_ = text(given.get("format"), 32)
    mime_type = None if format_ is None else f"{'application' if kind == 'document' else kind}/{format_}"
    return blob_part(modality, mime_type, mapping(given.get("source")).get("bytes"))


def _block(block: dict[str, object], allowance: Allowance) -> Part:
    kind, said = said_by(block)
    if kind:
        return text_part(allowance.cut(said), kind)
    call, answer = mapping(block.get("toolUse")), mapping(block.get("toolResult"))
    if call:
        given = allowance.structure(call.get("input"))
        return tool_call_part(text(call.get("name")), text(call.get("toolUseId")), given)
    if answer:
        content = [part.get("text", part.get("json")) for part in rows(answer.get("content"))]
        given = allowance.structure(content[0] if len(content) == 1 else content)
        return tool_response_part(answer.get("toolUseId"), given)
    return inline_part(block)


def _role(message: dict[str, object]) -> str:
    """Return whose message it is; one that gives tools' answers has the role `user` here."""
    if any("toolResult" in block for block in rows(message.get("content"))):
        return "tool"
    return text(message.get("role")) or "user"
