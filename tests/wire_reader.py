"""A slow and simple reader of streamed answers, to hold the meter against: it decodes everything, every time."""

import json
from dataclasses import dataclass, field

CALL_EVENTS = ("response.completed", "response.incomplete", "response.failed")


def events(data: bytes) -> tuple[list[tuple[str, str]], str]:
    """Split bytes into (name, data) of finished events, and the data of the one that has not finished."""
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8", "replace").lstrip("\ufeff\n \t")
    *blocks, rest = text.split("\n\n")
    found = [event for block in blocks if (event := event_of(block)) is not None]
    last = event_of(rest)
    return found, "" if last is None else last[1]


def event_of(block: str) -> tuple[str, str] | None:
    """Read the fields of one event; None without data."""
    fields = [line.partition(":")[::2] for line in block.split("\n")]
    said = [value.removeprefix(" ") for field, value in fields if field == "data"]
    names = [value.removeprefix(" ") for field, value in fields if field == "event"]
    return ((names or [""])[-1], "\n".join(said)) if said else None


@dataclass
class Told:
    """What the bytes so far say."""

    id: str | None = None
    model: str | None = None
    finish: dict[int, str | None] = field(default_factory=dict)
    usage: tuple[int | None, ...] | None = None
    tools: list[tuple[str | None, str | None]] = field(default_factory=list)
    length: int = 0
    complete: bool = False
    error: str | None = None
    chunks: int = 0
    content_at: int | None = None
    texts: dict[int, str] = field(default_factory=dict)


def read_chat(data: bytes) -> Told:
    """Read a chat completions stream."""
    told = Told()
    found, rest = events(data)
    told.complete = rest.strip() == "[DONE]"
    for _, said in found:
        if said.strip() == "[DONE]":
            told.complete = True
            continue
        before = told.length + len(told.tools)
        _chat_chunk(told, said)
        if told.length + len(told.tools) > before and told.content_at is None:
            told.content_at = told.chunks
        told.chunks += 1
    return told


def _chat_chunk(told: Told, said: str) -> None:
    try:
        chunk = json.loads(said, strict=False)
    except ValueError:
        return
    if not isinstance(chunk, dict):
        return
    told.id = told.id or chunk.get("id")
    told.model = told.model or chunk.get("model")
    if usage := chunk.get("usage"):
        told.usage = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    if error := chunk.get("error"):
        told.error = error["code"]
    for choice in chunk.get("choices", ()):
        index, delta = choice["index"], choice.get("delta") or {}
        told.finish[index] = choice.get("finish_reason") or told.finish.get(index)
        for key in ("content", "reasoning_content", "refusal"):
            told.length += len(delta.get(key) or "")
            if key == "content":
                told.texts[index] = told.texts.get(index, "") + (delta.get(key) or "")
        for call in delta.get("tool_calls") or ():
            if call.get("id"):
                told.tools.append((call["id"], call["function"]["name"]))
            told.length += len(call["function"].get("arguments") or "")


def read_responses(data: bytes) -> Told:
    """Read a responses stream."""
    told = Told()
    for name, said in events(data)[0]:
        try:
            document = json.loads(said, strict=False)
        except ValueError:
            document = {}
        content = False
        if name.endswith(".delta"):
            content = bool(document["delta"])
            told.length += len(document["delta"])
        elif name == "response.output_item.added" and document["item"]["type"] == "function_call":
            content = True
            told.tools.append((document["item"]["call_id"], document["item"]["name"]))
        elif response := document.get("response"):
            told.id, told.model = response["id"], response["model"]
            if usage := response.get("usage"):
                told.usage = (usage["input_tokens"], usage["output_tokens"])
            if error := response.get("error"):
                told.error = error["code"]
            told.complete = name in CALL_EVENTS
        if content and told.content_at is None:
            told.content_at = told.chunks
        told.chunks += 1
    return told
