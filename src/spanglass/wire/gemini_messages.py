"""Gemini's contents, tools and parts: their fields in both spellings, their length, and them as messages.

Messages are in the GenAI conventions' schema and written only where content is asked for. What is given inline, images
and sound, is named, not kept.
"""

from __future__ import annotations

from functools import cache

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

_ROLES = {"model": "assistant", "function": "tool"}


def read_field(given: dict[str, object], name: str) -> object:
    """Return a field by its JSON name or, as protocol buffers' JSON also allows, by its snake-case one."""
    value = given.get(name)
    return given.get(_snake(name)) if value is None else value


def input_messages(contents: object) -> str | None:
    """Write the contents of a request; the newest are kept first where not all may be."""
    return in_order(
        {
            "role": _role(content),
            "parts": [request_part(part, allowance) for part in rows(content.get("parts"))],
        }
        for allowance, content in newest_first(contents)
    )


def system_instructions(instruction: object) -> str | None:
    """Write the system instruction: a content, or as some clients send it a bare text."""
    allowance = Allowance()
    if isinstance(instruction, str):
        return dump([text_part(allowance.cut(instruction))])
    parts = [request_part(part, allowance) for part in rows(mapping(instruction).get("parts"))]
    return dump(parts) if parts else None


def tool_definitions(tools: object) -> str | None:
    """Write the tools offered: functions by name, description and parameters, the provider's own by their kind."""
    allowance = Allowance()
    written: list[Part] = []
    for tool in rows(tools):
        functions = read_field(tool, "functionDeclarations")
        for function in rows(functions):
            got = function.get
            parameters = got("parameters") or read_field(function, "parametersJsonSchema")
            written.append(
                tool_definition("function", got("name"), got("description"), parameters, allowance=allowance)
            )
        if functions is None:
            written += [{"type": kind, "name": kind} for kind in map(text, tool) if kind is not None]
    return dump(written) if written else None


def input_length(contents: object) -> int:
    """Count the characters of contents: texts, and what tools answered."""
    total = 0
    for content in rows(contents):
        for part in rows(content.get("parts")):
            said = part.get("text")
            if isinstance(said, str):
                total += len(said)
            else:
                total += written_length(mapping(read_field(part, "functionResponse")).get("response"))
                total += written_length(mapping(read_field(part, "functionCall")).get("args"))
    return total


def request_part(part: dict[str, object], allowance: Allowance) -> Part:
    """Write one part of a content, in a request or an answer."""
    said = part.get("text")
    if isinstance(said, str):
        return text_part(allowance.cut(said), "reasoning" if part.get("thought") is True else "text")
    call, answer = mapping(read_field(part, "functionCall")), mapping(read_field(part, "functionResponse"))
    if call:
        return tool_call_part(text(call.get("name")), text(call.get("id")), allowance.structure(call.get("args")))
    if answer:
        return tool_response_part(answer.get("id") or answer.get("name"), allowance.structure(answer.get("response")))
    inline, file = mapping(read_field(part, "inlineData")), mapping(read_field(part, "fileData"))
    mime_type = text(read_field(inline or file, "mimeType"), 64)
    if inline:
        return blob_part(_modality(mime_type), mime_type, inline.get("data"))
    if file:
        uri = read_field(file, "fileUri")
        return {
            "type": "uri",
            "modality": _modality(mime_type),
            "mime_type": mime_type,
            "uri": allowance.cut(uri) if isinstance(uri, str) else "",
        }
    return _server_tool(part, allowance)


def _server_tool(part: dict[str, object], allowance: Allowance) -> Part:
    """Write what a tool that the provider runs was given or gave; a part of another kind by that kind alone."""
    code, result = mapping(read_field(part, "executableCode")), mapping(read_field(part, "codeExecutionResult"))
    if code:
        return {
            "type": "server_tool_call",
            "name": "code_execution",
            "id": text(code.get("id")),
            "server_tool_call": {"type": "code_execution", "code": allowance.structure(code.get("code"))},
        }
    if result:
        return {
            "type": "server_tool_call_response",
            "id": text(result.get("id")),
            "server_tool_call_response": {
                "type": "code_execution",
                "outcome": text(result.get("outcome")),
                "output": allowance.structure(result.get("output")),
            },
        }
    return {"type": next((kind for kind in map(text, part) if kind is not None), "unknown")}


def _role(content: dict[str, object]) -> str:
    """Return whose content it is: one that gives a tool's answer has the role `user` or `function` here."""
    if any(read_field(part, "functionResponse") for part in rows(content.get("parts"))):
        return "tool"
    role = text(content.get("role")) or "user"
    return _ROLES.get(role, role)


def _modality(mime_type: str | None) -> str:
    kind = (mime_type or "").partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"


@cache
def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
