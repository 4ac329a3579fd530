"""Messages of any producer become those of the GenAI conventions: `{"role": ..., "parts": [...]}`; bounded.

Read are the shapes of the providers' own requests and responses (OpenAI, Anthropic, Gemini, Bedrock), those of
frameworks around them (LangChain, Vercel), OpenInference's and Traceloop's flattened ones, and the conventions'
own. What is none of these is one text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from spanglass.server.normalise import documents
from spanglass.server.normalise.parts import is_part, read_part, read_tool_call, tool_response
from spanglass.server.record import Value

Message: TypeAlias = dict[str, Value]

MOST: Final = 2000
"""Messages of a span, and parts of a message, that are read."""
_DEEPEST: Final = 6
_ROLES: Final = {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant", "function": "tool"}
_LANGCHAIN: Final = {
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "ToolMessage": "tool",
}
_SPEAKERS: Final = ("human", "ai", "system", "tool")
"""What LangChain calls the type of a message."""
_HOLDERS: Final = (
    *("messages", "input_messages", "contents", "choices", "candidates", "generations", "message", "output", "input"),
    *("prompt", "completion", "items", "new_message", "response"),
)
"""Under which names a request, a response or a wrapper holds its messages; the first that is there counts."""
_INSTRUCTIONS: Final = ("system", "instructions", "systemInstruction", "system_instruction")
_SAYS: Final = frozenset({"content", "parts", "tool_calls", "toolCalls", "function_call", "refusal"})


def read(value: Value, role: str) -> list[Value]:
    """Return the messages in a value, or in the JSON text that it is; none where there is nothing.

    Args:
        value: A text, a message, a list of them, or a request or response that holds them.
        role: Whose they are where they do not say.
    """
    found: list[Value] = []
    _read(documents.read(value, documents.LARGE), role, found, _DEEPEST)
    return found[:MOST]


def read_parts(value: Value) -> list[Value]:
    """Return the parts of system instructions: a text, parts, or a message."""
    read_value = documents.read(value, documents.LARGE)
    if isinstance(read_value, Mapping):
        read_value = read_value.get("parts") or read_value.get("content") or read_value
    return _parts(read_value)


def read_tools(value: Value) -> list[Value]:
    """Return definitions of tools, each `{"type": ..., "name": ...}`, without the inner object of OpenAI's chat."""
    found: list[Value] = []
    for tool in documents.read_list(value)[:MOST]:
        plain = documents.read(tool, documents.LARGE)
        inner = documents.dig(plain, "function")
        if isinstance(inner, Mapping):
            found.append({"type": "function", **inner})
        elif isinstance(plain, Mapping):
            found.append({"type": "function", **plain})
    return found


def _read(value: Value, role: str, found: list[Value], depth: int) -> None:
    if value is None or value == "" or depth <= 0 or len(found) >= MOST:
        return
    if isinstance(value, Mapping):
        _read_object(value, role, found, depth)
    elif isinstance(value, list | tuple):
        if _are_parts(value):
            found.append({"role": role, "parts": _parts(value)})
        else:
            for item in value:
                _read(item, role, found, depth - 1)
    else:
        found.append({"role": role, "parts": [_text(value)]})


def _read_object(value: Mapping[str, Value], role: str, found: list[Value], depth: int) -> None:
    plain = _unwrapped(value)
    if "role" in plain or not _SAYS.isdisjoint(plain):
        inner = plain.get("content")
        if isinstance(inner, Mapping) and "parts" in inner:  # a candidate of Gemini's
            _read({"finish_reason": _finish_reason(plain), **inner}, role, found, depth - 1)
        else:
            found.append(_message(plain, role))
        return
    holder = next((name for name in _HOLDERS if plain.get(name)), None)
    if holder is None:
        found.append({"role": role, "parts": _parts(plain)})
        return
    instructions = (plain[name] for name in _INSTRUCTIONS if plain.get(name))
    found.extend({"role": "system", "parts": read_parts(said)} for said in instructions)
    held = documents.read(plain[holder], documents.LARGE)
    if holder == "message" and isinstance(held, Mapping):
        held = {"finish_reason": _finish_reason(plain), **held}
    _read(held, role, found, depth - 1)


def _unwrapped(value: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return LangChain's message out of its constructor, or the same."""
    inner, name = value.get("kwargs"), value.get("id")
    if isinstance(inner, Mapping) and isinstance(name, list | tuple) and name:
        return {"role": _LANGCHAIN.get(str(name[-1])), **inner}
    inner = value.get("data")
    if isinstance(inner, Mapping) and value.get("type") in _SPEAKERS:
        return {"role": value["type"], **inner}
    if "content" in value and "role" not in value and value.get("type") in _SPEAKERS:
        return {**value, "role": value["type"]}
    return value


def _message(value: Mapping[str, Value], role: str) -> Message:
    said = value.get("role")
    speaker = _ROLES.get(said.lower(), said) if isinstance(said, str) and said else role
    parts = _all_parts(value)
    call_id = value.get("tool_call_id") or value.get("call_id")
    if speaker == "tool" and call_id is not None:
        parts = [tool_response(call_id, _one_text(parts))]
    message: Message = {"role": speaker, "parts": parts}
    reason = _finish_reason(value)
    if reason is not None:
        message["finish_reason"] = reason
    if isinstance(value.get("name"), str):
        message["name"] = value["name"]
    return message


def _all_parts(value: Mapping[str, Value]) -> list[Value]:
    parts: list[Value] = []
    reasoning = value.get("reasoning_content") or value.get("reasoning")
    if isinstance(reasoning, str):
        parts.append({"type": "reasoning", "content": reasoning})
    for name in ("parts", "content", "contents"):
        parts += _parts(value.get(name))
    if isinstance(value.get("refusal"), str) and value["refusal"]:
        parts.append(_text(value["refusal"]))
    calls = documents.read(value.get("tool_calls") or value.get("toolCalls"), documents.LARGE)
    for call in calls[:MOST] if isinstance(calls, list | tuple) else ():
        parts.append(read_tool_call(call))
    if isinstance(value.get("function_call"), Mapping):
        parts.append(read_tool_call(value["function_call"]))
    return parts


def _parts(value: Value) -> list[Value]:
    """Return parts; JSON text is parts only where it looks like some, for people and tools say JSON, too."""
    plain = documents.read(value, documents.LARGE)
    if plain is None or plain == "":
        return []
    if isinstance(plain, list | tuple) and (not isinstance(value, str) or (plain and all(map(is_part, plain)))):
        return [read_part(part) for part in plain[:MOST] if part is not None]
    if isinstance(plain, Mapping) and is_part(plain):
        return [read_part(plain)]
    return [_text(value)]


def _are_parts(value: Sequence[Value]) -> bool:
    """Tell parts of one message from messages: parts have a type and say nothing of roles."""
    first = value[0] if value else None
    return (
        isinstance(first, Mapping)
        and isinstance(first.get("type"), str)
        and first["type"] not in {"message", "human", "ai", "system", "tool", "constructor"}
        and not {"role", "message", "kwargs"} & first.keys()
    )


def _finish_reason(value: Mapping[str, Value]) -> str | None:
    for name in ("finish_reason", "finishReason", "stop_reason"):
        reason = value.get(name)
        if isinstance(reason, str) and reason:
            return reason
    return None


def _one_text(parts: Sequence[Value]) -> Value:
    """Return the text of a tool's answer where it is one text; its parts otherwise."""
    if len(parts) == 1 and isinstance(parts[0], Mapping) and parts[0].get("type") == "text":
        return parts[0].get("content")
    return list(parts)


def _text(value: Value) -> Message:
    return {"type": "text", "content": value if isinstance(value, str) else documents.written(value)}
