"""Ollama's messages, written in the GenAI conventions' schema; used when content is asked for."""

from __future__ import annotations

from spanglass.wire.capture import (
    Allowance,
    Part,
    blob_part,
    in_order,
    newest_first,
    text_part,
    tool_call_part,
    tool_response_part,
)
from spanglass.wire.document import dump, mapping, rows, text


def messages(given: object) -> str | None:
    """Write the messages of a chat; the newest are kept first where not all may be."""
    return in_order(_message(message, allowance) for allowance, message in newest_first(given))


def prompt(asked: dict[str, object]) -> str | None:
    """Write the prompt of a completion, and the images beside it, as one message."""
    parts = _texts_and_images(asked.get("prompt"), asked.get("images"), Allowance())
    return dump([{"role": "user", "parts": parts}]) if parts else None


def instructions(given: object) -> str | None:
    """Write the system prompt of a completion."""
    return dump([text_part(Allowance().cut(given))]) if isinstance(given, str) and given else None


def _message(message: dict[str, object], allowance: Allowance) -> Part:
    role, content = text(message.get("role")) or "user", message.get("content")
    if role == "tool":
        part = tool_response_part(
            message.get("tool_call_id"), allowance.cut(content if isinstance(content, str) else "")
        )
        if name := text(message.get("tool_name")):
            part["name"] = name
        return {"role": role, "parts": [part]}
    parts: list[Part] = []
    if isinstance(thought := message.get("thinking"), str) and thought:
        parts.append(text_part(allowance.cut(thought), "reasoning"))
    parts += _texts_and_images(content, message.get("images"), allowance)
    for call in rows(message.get("tool_calls")):
        function = mapping(call.get("function"))
        arguments = allowance.arguments(function.get("arguments"))
        parts.append(tool_call_part(text(function.get("name")), text(call.get("id")), arguments))
    return {"role": role, "parts": parts}


def _texts_and_images(said: object, images: object, allowance: Allowance) -> list[Part]:
    parts = [text_part(allowance.cut(said))] if isinstance(said, str) and said else []
    return parts + [blob_part("image", None, image) for image in (images if isinstance(images, list) else ())]
