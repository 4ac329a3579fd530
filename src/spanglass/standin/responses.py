"""Answers in the words of OpenAI's responses, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spanglass.standin.answer import Answer, Event, disturbed, encoded
from spanglass.standin.reply import Reply, ToolUse

Json = dict[str, Any]  # JSON that is about to be written; nothing reads it again
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def whole(answer: Answer) -> dict[str, object]:
    """Return the body of an answer that is not streamed."""
    return _finished(answer, _shell(answer), _items(answer))


def stream(answer: Answer) -> list[Event]:
    """Return the events of a streamed answer."""
    shell, items = _shell(answer), _items(answer)
    finished = _finished(answer, shell, items)
    steps: list[tuple[Json, int]] = [
        ({"type": "response.created", "response": shell}, 0),
        ({"type": "response.in_progress", "response": shell}, 0),
    ]
    for index, item in enumerate(items):
        steps += ((step | {"output_index": index}, count) for step, count in _item_steps(answer, item))
    steps.append(({"type": f"response.{finished['status']}", "response": finished}, 0))
    events = [_event(step | {"sequence_number": number}, count) for number, (step, count) in enumerate(steps)]
    error = {
        "code": "server_error",
        "message": "The server had an error.",
        "param": None,
        "sequence_number": len(events),
    }
    return disturbed(events, answer.scenarios, _event({"type": "error"} | error))


def _event(value: Json, tokens: int = 0) -> Event:
    return Event(b"event: " + str(value["type"]).encode() + b"\ndata: " + encoded(value) + b"\n\n", tokens)


def _shell(answer: Answer) -> Json:
    """Return the response as it is before anything was said."""
    body = answer.ask.body
    given = {
        key: body.get(key, default)
        for key, default in (
            ("instructions", None),
            ("max_output_tokens", None),
            ("max_tool_calls", None),
            ("parallel_tool_calls", True),
            ("previous_response_id", None),
            ("prompt_cache_key", None),
            ("safety_identifier", None),
            ("store", True),
            ("temperature", 1.0),
            ("text", {"format": {"type": "text"}, "verbosity": "medium"}),
            ("tool_choice", "auto"),
            ("tools", []),
            ("top_logprobs", 0),
            ("top_p", 1.0),
            ("truncation", "disabled"),
            ("metadata", {}),
        )
    }
    return given | {
        "id": answer.hex_identifier("resp_"),
        "object": "response",
        "created_at": answer.created,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": answer.model,
        "output": [],
        "reasoning": {"effort": answer.ask.effort, "summary": "auto" if answer.ask.summary else None},
        "service_tier": answer.tier,
        "usage": None,
        "user": None,
    }


def _finished(answer: Answer, shell: Json, items: list[Json]) -> Json:
    reason = _INCOMPLETE.get(answer.replies[0].finish)
    ended: Json = {"status": "incomplete" if reason else "completed", "output": items}
    if reason:
        ended["incomplete_details"] = {"reason": reason}
    else:
        ended["completed_at"] = answer.created + 1
    if answer.reports_usage:
        ended["usage"] = _usage(answer)
    return shell | ended


def _items(answer: Answer) -> list[Json]:
    """Return what was put out, in order: the thinking, the message, the calls."""
    reply = answer.replies[0]
    items: list[Json] = []
    if reply.reasoning:
        summary = [{"type": "summary_text", "text": reply.summary}] if answer.ask.summary else []
        items.append({"id": answer.hex_identifier("rs_"), "type": "reasoning", "summary": summary})
    if reply.text or not reply.tools:
        items.append(_message_item(answer, reply))
    items.extend(_call_item(answer, tool) for tool in reply.tools)
    return items


def _message_item(answer: Answer, reply: Reply) -> Json:
    content: Json = {"type": "refusal", "refusal": reply.text}
    if not reply.refusal:
        content = {"type": "output_text", "annotations": [], "logprobs": [], "text": reply.text}
    return {
        "id": answer.hex_identifier("msg_"),
        "type": "message",
        "status": "incomplete" if reply.finish in _INCOMPLETE else "completed",
        "content": [content],
        "role": "assistant",
    }


def _call_item(answer: Answer, tool: ToolUse) -> Json:
    return {
        "id": answer.hex_identifier("fc_"),
        "type": "function_call",
        "status": "completed",
        "arguments": tool.arguments,
        "call_id": answer.identifier("call_"),
        "name": tool.name,
    }


def _item_steps(answer: Answer, item: Json) -> Iterator[tuple[Json, int]]:
    """Yield the events of one output item, each with the tokens it took."""
    kinds = {"reasoning": _reasoning_steps, "message": _message_steps, "function_call": _call_steps}
    empty: Json = {"reasoning": {"summary": []}, "message": {"content": []}, "function_call": {"arguments": ""}}
    begun = item | empty[item["type"]]
    if "status" in item:
        begun["status"] = "in_progress"
    yield {"type": "response.output_item.added", "item": begun}, 0
    for step, count in kinds[item["type"]](answer, item):
        yield step | {"item_id": item["id"]}, count
    thinking = (answer.replies[0].reasoning or 0) if item["type"] == "reasoning" and not item["summary"] else 0
    yield {"type": "response.output_item.done", "item": item}, thinking


def _reasoning_steps(answer: Answer, item: Json) -> Iterator[tuple[Json, int]]:
    thinking = answer.replies[0].reasoning or 0
    for index, part in enumerate(item["summary"]):
        at = {"summary_index": index}
        kind = "response.reasoning_summary"
        yield {"type": f"{kind}_part.added", "part": part | {"text": ""}} | at, thinking
        for piece, count in answer.pieces(part["text"]):
            yield {"type": f"{kind}_text.delta", "delta": piece} | at | answer.padding(), count
        yield {"type": f"{kind}_text.done", "text": part["text"]} | at, 0
        yield {"type": f"{kind}_part.done", "part": part} | at, 0


def _message_steps(answer: Answer, item: Json) -> Iterator[tuple[Json, int]]:
    part = item["content"][0]
    key = "refusal" if part["type"] == "refusal" else "text"
    kind = "response.refusal" if key == "refusal" else "response.output_text"
    at: Json = {"content_index": 0}
    extra: Json = {} if key == "refusal" else {"logprobs": []}
    yield {"type": "response.content_part.added", "part": part | {key: ""}} | at, 0
    for piece, count in answer.pieces(part[key]):
        yield {"type": f"{kind}.delta", "delta": piece} | at | extra | answer.padding(), count
    yield {"type": f"{kind}.done", key: part[key]} | at | extra, 0
    yield {"type": "response.content_part.done", "part": part} | at, 0


def _call_steps(answer: Answer, item: Json) -> Iterator[tuple[Json, int]]:
    kind = "response.function_call_arguments"
    for piece, count in answer.pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", "delta": piece} | answer.padding(), count
    yield {"type": f"{kind}.done", "arguments": item["arguments"], "name": item["name"]}, 0


def _usage(answer: Answer) -> Json:
    counts = answer.counts
    return {
        "input_tokens": counts.prompt,
        "input_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": counts.cache_write},
        "output_tokens": counts.completion,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.total,
    }
