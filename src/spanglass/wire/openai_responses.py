"""OpenAI's responses interface: what a request asks and an answer says, streamed or not.

Reference: platform.openai.com/docs/api-reference/responses. The terminal events are `response.completed`,
`response.incomplete` and `response.failed`. The answer has one position, so one finish reason: `stop`, or `tool_calls`
where the application is asked to run tools; for an incomplete answer its reason (`max_output_tokens` is `length`);
`error` for a failed one and for a stream that was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from spanglass.call import Request, Response, StreamTimes, ToolCall, Usage
from spanglass.wire.capture import Allowance, Growing, Part, text_part, tool_call_part
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.document import count, dump, mapping, number, parse, rows, text
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing, server_sent
from spanglass.wire.openai_messages import instructions, responses_messages, spoken_length, tool_definitions
from spanglass.wire.openai_usage import read_cost, read_usage
from spanglass.wire.request import MAX_BODY, output_type, written_length

MAX_ITEMS = 512
"""Output items followed."""

_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_STATES = frozenset({"response.created", "response.queued", "response.in_progress"})
# They repeat what their deltas said, and `output_item.done` says it once more; not worth decoding.
_REPEATS = frozenset(
    {
        "response.in_progress",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_text.done",
        "response.refusal.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
        "response.mcp_call_arguments.done",
        "response.code_interpreter_call_code.done",
        "response.reasoning_text.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
    }
)
_ARGUMENTS = frozenset({"function_call", "custom_tool_call", "mcp_call", "code_interpreter_call"})
_TOOLS = frozenset({"function_call", "custom_tool_call"})  # what the application, not the provider, has to run
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
_SLOTS = Slots(
    counted=frozenset({b"delta"}),
    ignored=frozenset({b"obfuscation", b"sequence_number"}),
)


@dataclass(slots=True)
class _Item:
    """One output item as its pieces arrive."""

    kind: str
    said: Growing
    name: str | None = None
    id: str | None = None


class ResponsesAnswer:
    """Reads the answer to one responses request."""

    def __init__(self, *, content: bool) -> None:
        self.complete = False
        self.length = 0
        self._content = content
        self._allowance = Allowance() if content else None
        self._id: str | None = None
        self._model: str | None = None
        self._tier: str | None = None
        self._usage: Usage | None = None
        self._cost: Decimal | None = None
        self._error: tuple[str | None, str | None] = (None, None)
        self._status: str | None = None
        self._reason: str | None = None
        self._streamed = False
        self._searches: int | None = None
        self._stated_length = 0
        self._items: dict[int, _Item] = {}

    def event(self, name: str, data: bytes) -> Seen:
        """Take one event; its name is in its data as well, and a server may give it there alone."""
        self._streamed = True
        if name in _REPEATS:
            return Seen.CHUNK
        if data.strip() == b"[DONE]":
            self.complete = True
            return Seen.MARK
        document = parse(data) or {}
        kind = name or text(document.get("type")) or ""
        if kind.endswith(".delta"):
            return self._take_delta(kind, document)
        if kind.startswith("response.output_item."):
            seen = self._take_item(count(document.get("output_index")), mapping(document.get("item")))
            if seen is None:
                return Seen.CHUNK
            self._stated_length = self._length_of_items()
            return seen
        if kind in _TERMINAL:
            self.complete = True
            self._status = kind.removeprefix("response.")
        if kind in _TERMINAL or kind in _STATES:
            self._take(mapping(document.get("response")))
        else:
            self._take_error(document)
        return Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:  # noqa: ARG002 - no chunk here has running counts
        """Take a run of events that were skimmed."""
        self.length += characters

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream."""
        document = parse(data)
        if document is not None:
            self._take(document)
            self.complete = True

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far."""
        began = self._status is not None or bool(self._items) or self.length > 0
        tools = [item for item in self._items.values() if item.kind in _TOOLS]
        usage = self._usage
        if usage is not None and usage.web_searches is None and self._searches is not None:
            usage = usage._replace(web_searches=self._searches)
        reason = self._finish_reason(has_tools=bool(tools)) if began else None
        kind, message = self._error
        return Response(
            id=self._id,
            model=self._model,
            finish_reasons=(reason,) if reason is not None else (),
            usage=usage,
            service_tier=self._tier,
            tool_calls=tuple(self._tool_call(tool) for tool in tools),
            output_messages=self._messages(reason) if self._content and self._items else None,
            output_length=max(self.length, self._stated_length) if began else None,
            complete=self.complete or complete,
            times=times,
            error_type=kind,
            error_message=message,
            reported_cost=self._cost,
        )

    def _finish_reason(self, *, has_tools: bool) -> str | None:
        if self._status == "completed":
            return "tool_calls" if has_tools else "stop"
        if self._status == "incomplete":
            return _REASONS.get(self._reason or "", self._reason or "incomplete")
        if self._status == "cancelled":
            return "cancelled"
        if self._status == "failed":
            return "error"
        return "error" if self._streamed else None  # a background answer that is queued has not finished, nor failed

    def _take(self, response: dict[str, object]) -> None:
        self._id = self._id or text(response.get("id"))
        self._model = text(response.get("model")) or self._model
        self._tier = text(response.get("service_tier")) or self._tier
        given = response.get("usage")
        if given:
            self._usage = read_usage(given) or self._usage
            cost = read_cost(given)
            self._cost = self._cost if cost is None else cost
        self._status = text(response.get("status")) or self._status
        self._reason = text(mapping(response.get("incomplete_details")).get("reason")) or self._reason
        self._take_error(response)
        output = rows(response.get("output"))
        for index, item in enumerate(output):
            self._take_item(index, item)
        if output:
            self._stated_length = self._length_of_items()
        searches = count(mapping(mapping(response.get("tool_usage")).get("web_search")).get("num_requests"))
        if searches is None and output:
            searches = sum(_is_search(item) for item in output) or None
        self._searches = searches if searches is not None else self._searches

    def _take_error(self, document: dict[str, object]) -> None:
        error = read_error(document)
        if error != (None, None):
            self._error = error

    def _take_delta(self, kind: str, document: dict[str, object]) -> Seen:
        delta = document.get("delta")
        if not (isinstance(delta, str) and delta):
            return Seen.CHUNK
        if kind.endswith("audio.delta"):
            return Seen.CONTENT  # base64
        self.length += len(delta)
        if self._content:
            index = count(document.get("output_index")) or 0
            item = self._items.get(index)
            if item is None and len(self._items) < MAX_ITEMS:
                item = self._items[index] = _Item(_kind_of(kind), Growing(self._allowance))
            if item is not None:
                item.said.add(delta)
        return Seen.CONTENT

    def _length_of_items(self) -> int:
        return sum([item.said.length for item in self._items.values()])

    def _take_item(self, index: int | None, given: dict[str, object]) -> Seen | None:
        """Take an item as it stands: empty when it begins, whole when it is done; None where it is not followed."""
        kind, name = text(given.get("type")), text(given.get("name"))
        if index is None or kind is None:
            return None
        item = self._items.get(index)
        if item is None:
            if len(self._items) >= MAX_ITEMS:
                return None
            item = self._items[index] = _Item(kind, Growing(self._allowance))
        item.kind, item.name = kind, name or item.name
        item.id = text(given.get("call_id")) or text(given.get("id")) or item.id
        said = _said(given)
        if said:
            item.said.forget()
            item.said.add(said)
        return Seen.CONTENT if said or (name and kind in _ARGUMENTS) else Seen.CHUNK

    def _tool_call(self, item: _Item) -> ToolCall:
        return ToolCall(item.name, item.id, item.said.read() if self._content else None)

    def _messages(self, reason: str | None) -> str | None:
        allowance = Allowance()
        parts: list[Part] = []
        for _, item in sorted(self._items.items()):
            said = item.said.read()
            if item.kind in _TOOLS:
                parts.append(tool_call_part(item.name, item.id, allowance.arguments(said)))
            elif item.kind in ("message", "reasoning"):
                if said:
                    parts.append(text_part(allowance.cut(said), "text" if item.kind == "message" else "reasoning"))
            else:
                parts.append(
                    {
                        "type": "server_tool_call",
                        "name": item.name or item.kind,
                        "id": item.id,
                        "server_tool_call": {"type": item.kind},
                    }
                )
        return dump([{"role": "assistant", "parts": parts, "finish_reason": reason or "error"}])


def _is_search(item: dict[str, object]) -> bool:
    """OpenAI bills an action that searches, not one that opens a page or looks into it."""
    action = mapping(item.get("action")).get("type")
    return item.get("type") == "web_search_call" and action in (None, "search")


def _kind_of(event: str) -> str:
    if "reasoning" in event:
        return "reasoning"
    if "function_call" in event:
        return "function_call"
    return "custom_tool_call" if "custom_tool_call" in event else "message"


def _said(item: dict[str, object]) -> str:
    """Return an item's text: of a message, of reasoning, or a tool's arguments."""
    if text(item.get("type")) in _ARGUMENTS:
        given = item.get("arguments") or item.get("input") or item.get("code")
        return given if isinstance(given, str) else ""
    texts = [*rows(item.get("summary")), *rows(item.get("content"))]
    said = [part.get("text") or part.get("refusal") or part.get("transcript") for part in texts]
    return "".join(one for one in said if isinstance(one, str))


class Responses:
    """The codec of `/responses`."""

    api = "responses"
    operation = "chat"
    slots = _SLOTS

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has neither input nor a stored prompt."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not isinstance(asked.get("model", ""), str):
            return None
        given = asked.get("input")
        if not (isinstance(given, str | list) or isinstance(asked.get("prompt"), dict)):
            return None
        stream = asked.get("stream") is True
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            model=text(asked.get("model")),
            stream=stream,
            max_tokens=count(asked.get("max_output_tokens")),
            temperature=number(asked.get("temperature")),
            top_p=number(asked.get("top_p")),
            output_type=output_type(mapping(asked.get("text")).get("format")),
            reasoning_level=text(mapping(asked.get("reasoning")).get("effort")),
            service_tier=text(asked.get("service_tier")),
            previous_response_id=text(asked.get("previous_response_id")),
            input_length=_input_length(asked) + (written_length(asked.get("tools")) if stream else 0),
            system_instructions=instructions(asked.get("instructions")) if content else None,
            input_messages=responses_messages(given) if content else None,
            tool_definitions=tool_definitions(asked.get("tools")) if content else None,
        )

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are server-sent events."""
        return server_sent(content_type, first)

    def answer(self, *, content: bool) -> ResponsesAnswer:
        """Begin to read one answer."""
        return ResponsesAnswer(content=content)

    def condense(self, body: bytearray) -> None:
        """Leave the body whole: all of it may matter."""


def _input_length(asked: dict[str, object]) -> int:
    """Count the characters of instructions and input; what an earlier response brings along is not known."""
    total = spoken_length(asked.get("instructions"))
    given = asked.get("input")
    if isinstance(given, str):
        return total + len(given)
    for item in rows(given):
        total += spoken_length(item.get("content"))
        for key in ("arguments", "output", "input"):
            total += spoken_length(item.get(key))
    return total


RESPONSES = Responses()
