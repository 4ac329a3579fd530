"""OpenAI's messages, of chat and responses: their length, and them in the GenAI conventions' schema where that is kept.

Images, sound and files given inline are named, not kept: a `blob` part has an empty content and says how long it was.
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

_TEXTS = frozenset({"text", "input_text", "output_text", "summary_text", "reasoning_text"})


def chat_messages(messages: object) -> str | None:
    """Write the messages of a chat completions request; the newest are kept first where not all may be."""
    return in_order(_chat_message(message, allowance) for allowance, message in newest_first(messages))


def responses_messages(given: object) -> str | None:
    """Write the input of a responses request: a text, or items of several kinds."""
    if isinstance(given, str):
        return dump([{"role": "user", "parts": [text_part(Allowance().cut(given))]}])
    return in_order(_responses_item(item, allowance) for allowance, item in newest_first(given))


def instructions(given: object) -> str | None:
    """Write the instructions of a responses request, given apart from its input."""
    return dump([text_part(Allowance().cut(given))]) if isinstance(given, str) and given else None


def tool_definitions(tools: object) -> str | None:
    """Write the tools offered: type, name, description and parameters."""
    allowance, written = Allowance(), []
    for tool in rows(tools):
        kind = text(tool.get("type")) or "function"
        got = (mapping(tool.get(str(tool.get("type")))) or tool).get
        written.append(tool_definition(kind, got("name"), got("description"), got("parameters"), allowance=allowance))
    return dump(written) if written else None


def spoken_length(content: object) -> int:
    """Count the characters of a content: a text, or the texts among its parts; not images, sound or files."""
    if isinstance(content, str):
        return len(content)
    total = 0
    for part in rows(content):
        said = part.get("text")
        if isinstance(said, str):
            total += len(said)
    return total


def parts_of(content: object, allowance: Allowance) -> list[Part]:
    """Write a message's content: a text, or a list of parts."""
    if isinstance(content, str):
        return [text_part(allowance.cut(content))] if content else []
    return [_part(part, allowance) for part in rows(content)]


def _chat_message(message: dict[str, object], allowance: Allowance) -> Part:
    role = text(message.get("role")) or "user"
    if role == "tool":
        response = message.get("content")
        answer: object = allowance.cut(response) if isinstance(response, str) else allowance.structure(response)
        return {"role": role, "parts": [tool_response_part(message.get("tool_call_id"), answer)]}
    parts = parts_of(message.get("content"), allowance)
    for call in rows(message.get("tool_calls")):
        inner = mapping(call.get("function") or call.get("custom"))
        given = inner.get("arguments", inner.get("input"))
        parts.append(tool_call_part(text(inner.get("name")), text(call.get("id")), allowance.arguments(given)))
    written: Part = {"role": role, "parts": parts}
    if name := text(message.get("name")):
        written["name"] = name
    return written


def _responses_item(item: dict[str, object], allowance: Allowance) -> Part:
    kind = item.get("type")
    if kind in ("function_call", "custom_tool_call"):
        given = item.get("arguments", item.get("input"))
        call = tool_call_part(text(item.get("name")), text(item.get("call_id")), allowance.arguments(given))
        return {"role": "assistant", "parts": [call]}
    if kind in ("function_call_output", "custom_tool_call_output"):
        output = item.get("output")
        answer = allowance.cut(output) if isinstance(output, str) else allowance.structure(output)
        return {"role": "tool", "parts": [tool_response_part(item.get("call_id"), answer)]}
    if kind == "reasoning":
        told = [allowance.cut(str(part.get("text") or "")) for part in rows(item.get("summary"))]
        return {"role": "assistant", "parts": [text_part(one, "reasoning") for one in told]}
    if "content" in item:
        return {"role": text(item.get("role")) or "user", "parts": parts_of(item.get("content"), allowance)}
    return {"role": "assistant", "parts": [{"type": text(kind) or "unknown"}]}


def _part(part: dict[str, object], allowance: Allowance) -> Part:
    kind = text(part.get("type")) or "unknown"
    said = part.get("text" if kind in _TEXTS else "refusal")
    if isinstance(said, str):
        return text_part(allowance.cut(said))
    if kind in ("image_url", "input_image"):
        image = part.get("image_url")
        return _image(image.get("url") if isinstance(image, dict) else image, part.get("file_id"), allowance)
    if kind == "input_audio":
        sound = mapping(part.get("input_audio"))
        return blob_part("audio", f"audio/{text(sound.get('format'), 32) or 'wav'}", sound.get("data"))
    if kind in ("file", "input_file"):
        file = mapping(part.get("file")) or part
        if named := text(file.get("file_id")):
            return {"type": "file", "modality": "document", "file_id": named}
        return blob_part("document", None, file.get("file_data"))
    return {"type": kind}


def _image(url: object, file_id: object, allowance: Allowance) -> Part:
    if isinstance(url, str) and url.startswith("data:"):
        head, _, data = url.partition(",")
        return blob_part("image", text(head[5:].partition(";")[0], 64), data)
    if isinstance(url, str) and url:
        return {"type": "uri", "modality": "image", "uri": allowance.cut(url)}
    return {"type": "file", "modality": "image", "file_id": text(file_id) or ""}
