"""OpenAI's chat completions, as it and its imitators speak them: what a request asks and an answer says.

Reference: platform.openai.com/docs/api-reference/chat. The terminal event is `[DONE]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from spanglass.call import Request, Response, StreamTimes, ToolCall, Usage
from spanglass.wire.capture import Allowance, Growing, Part, text_part, tool_call_part
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.document import count, dump, mapping, number, parse, rows, text, whole
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing, server_sent
from spanglass.wire.openai_messages import chat_messages, spoken_length, tool_definitions
from spanglass.wire.openai_usage import read_cost, read_usage
from spanglass.wire.request import MAX_BODY, output_type, stop_sequences, written_length

MAX_CHOICES = 128
"""Choices followed; OpenAI's own limit on `n`."""
MAX_TOOL_CALLS = 128
"""Tool calls followed in a choice."""
DONE = b"[DONE]"

_SLOTS = Slots(
    counted=frozenset(
        {b"content", b"reasoning_content", b"reasoning", b"refusal", b"arguments", b"input", b"transcript"}
    ),
    ignored=frozenset({b"obfuscation", b"p", b"text", b"data", b"expires_at"}),
    cumulative=frozenset(
        {b"prompt_tokens", b"completion_tokens", b"total_tokens", b"reasoning_tokens", b"cached_tokens"}
    ),
)


@dataclass(slots=True)
class _Tool:
    """One tool call as its pieces arrive."""

    name: str | None
    id: str | None
    arguments: Growing


@dataclass(slots=True)
class _Choice:
    """One choice as its pieces arrive."""

    finish_reason: str | None = None
    text: Growing | None = None
    reasoning: Growing | None = None
    tools: dict[int, _Tool] = field(default_factory=dict)


class ChatAnswer:
    """Reads the answer to one chat completions request."""

    def __init__(self, *, content: bool) -> None:
        self.complete = False
        self.length = 0
        self._content = content
        self._allowance = Allowance() if content else None
        self._id: str | None = None
        self._model: str | None = None
        self._tier: str | None = None
        self._fingerprint: str | None = None
        self._usage: Usage | None = None
        self._cost: Decimal | None = None
        self._error: tuple[str | None, str | None] = (None, None)
        self._choices: dict[int, _Choice] = {}

    def event(self, name: str, data: bytes) -> Seen:  # noqa: ARG002 - this interface names no events
        """Take one event; what is not JSON is a chunk that says nothing."""
        if data.strip() == DONE:
            self.complete = True
            return Seen.MARK
        document = parse(data)
        if document is None:
            return Seen.CHUNK
        return Seen.CONTENT if self._take(document, "delta") else Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:
        """Take a run of events that were skimmed."""
        self.length += characters
        document = parse(last) if last is not None else None
        if document is not None:
            self._count(document)

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream."""
        document = parse(data)
        if document is not None:
            self._take(document, "message")
            self.complete = True

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far."""
        told = self._choices
        choices = [told.get(index, _NONE) for index in range(max(told) + 1)] if told else []
        kind, message = self._error
        return Response(
            id=self._id,
            model=self._model,
            finish_reasons=tuple([choice.finish_reason or "error" for choice in choices]),
            usage=self._usage,
            service_tier=self._tier,
            system_fingerprint=self._fingerprint,
            tool_calls=tuple([self._tool_call(tool) for choice in choices for tool in choice.tools.values()]),
            output_messages=self._messages(choices) if self._content and choices else None,
            output_length=self.length if choices else None,
            complete=self.complete or complete,
            times=times,
            error_type=kind,
            error_message=message,
            reported_cost=self._cost,
        )

    def _take(self, document: dict[str, object], part: str) -> bool:
        got = document.get
        self._id = self._id or text(got("id"))
        self._model = self._model or text(got("model"))  # Azure's first chunk has ""
        self._tier = text(got("service_tier")) or self._tier
        self._fingerprint = text(got("system_fingerprint")) or self._fingerprint
        self._count(document)
        error = read_error(document)
        if error != (None, None):
            self._error = error
        spoke = False
        for position, choice in enumerate(rows(got("choices"))):
            spoke |= self._take_choice(choice, position, part)
        return spoke

    def _count(self, document: dict[str, object]) -> None:
        """Read usage; some hosts put it elsewhere: Groq without include_usage, Moonshot into the last choice."""
        given = document.get("usage") or mapping(document.get("x_groq")).get("usage")
        if not given:
            given = next((choice["usage"] for choice in rows(document.get("choices")) if choice.get("usage")), None)
        if given:
            self._usage = read_usage(given) or self._usage
            cost = read_cost(given)
            self._cost = self._cost if cost is None else cost

    def _take_choice(self, given: dict[str, object], position: int, part: str) -> bool:
        index = count(given.get("index"))
        index = position if index is None else index
        if index >= MAX_CHOICES:
            return False
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice()
        choice.finish_reason = text(given.get("finish_reason")) or choice.finish_reason
        said = mapping(given.get(part))
        if not said:
            return False
        got = said.get
        spoke = self._say(choice, "text", got("content"))
        thought, refusal = got("reasoning_content") or got("reasoning"), got("refusal")
        if thought:
            spoke |= self._say(choice, "reasoning", thought)
        if refusal:
            spoke |= self._say(choice, "text", refusal)
        audio = got("audio")
        if isinstance(audio, dict):
            spoke |= self._say(choice, "text", audio.get("transcript")) or bool(audio.get("data"))
        spoke |= bool(got("images"))  # OpenRouter
        calls, legacy = got("tool_calls"), got("function_call")
        if calls:
            for place, call in enumerate(rows(calls)):
                spoke |= self._take_tool(choice, call, place)
        if legacy and isinstance(legacy, dict):
            spoke |= self._take_tool(choice, {"function": legacy}, 0)
        return spoke

    def _say(self, choice: _Choice, kind: str, said: object) -> bool:
        if not said:
            return False
        if not isinstance(said, str):
            return self._say_parts(choice, kind, said)
        self.length += len(said)
        if self._content:
            growing = choice.text if kind == "text" else choice.reasoning
            if growing is None:
                growing = Growing(self._allowance)
                if kind == "text":
                    choice.text = growing
                else:
                    choice.reasoning = growing
            growing.add(said)
        return True

    def _say_parts(self, choice: _Choice, kind: str, said: object) -> bool:
        """Mistral's reasoning models give content as parts: `text`, and `thinking` that holds parts again."""
        spoke = False
        for part in rows(said):
            spoke |= self._say(choice, kind, part.get("text") if isinstance(part.get("text"), str) else None)
            for thought in rows(part.get("thinking")):
                inner = thought.get("text")
                spoke |= self._say(choice, "reasoning", inner if isinstance(inner, str) else None)
        return spoke

    def _take_tool(self, choice: _Choice, call: dict[str, object], place: int) -> bool:
        given = mapping(call.get("function") or call.get("custom"))
        name, call_id = text(given.get("name")), text(call.get("id"))
        index = count(call.get("index"))
        index = place if index is None else index
        tool = choice.tools.get(index)
        if tool is not None and call_id is not None and tool.id not in (None, call_id):
            index, tool = len(choice.tools), None  # hosts that number every call 0
        if tool is None:
            if len(choice.tools) >= MAX_TOOL_CALLS:
                return bool(name)
            tool = choice.tools[index] = _Tool(None, None, Growing(self._allowance))
        tool.name = tool.name or name
        tool.id = tool.id or call_id
        arguments = given.get("arguments", given.get("input"))
        if isinstance(arguments, str) and arguments:
            tool.arguments.add(arguments)
            self.length += len(arguments)
            return True
        return bool(name)

    def _tool_call(self, tool: _Tool) -> ToolCall:
        return ToolCall(tool.name, tool.id, tool.arguments.read() if self._content else None)

    def _messages(self, choices: list[_Choice]) -> str | None:
        allowance = Allowance()
        messages = []
        for choice in choices:
            parts: list[Part] = []
            if choice.reasoning is not None:
                parts.append(text_part(allowance.cut(choice.reasoning.read()), "reasoning"))
            if choice.text is not None:
                parts.append(text_part(allowance.cut(choice.text.read())))
            parts += [
                tool_call_part(tool.name, tool.id, allowance.arguments(tool.arguments.read()))
                for tool in choice.tools.values()
            ]
            messages.append({"role": "assistant", "parts": parts, "finish_reason": choice.finish_reason or "error"})
        return dump(messages)


_NONE = _Choice()


class ChatCompletions:
    """The codec of `/chat/completions`."""

    api = "chat_completions"
    operation = "chat"
    slots = _SLOTS

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has no model or no messages."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not isinstance(asked.get("model", ""), str):
            return None
        messages = asked.get("messages")
        if not isinstance(messages, list):
            return None
        length = 0
        for message in messages:
            if not isinstance(message, dict) or "role" not in message:
                return None
            length += spoken_length(message.get("content"))
        stream = asked.get("stream") is True
        # Most requests have few of these: what is absent is not read.
        settings: dict[str, Any] = {told: read(asked[name]) for name, told, read in _SETTINGS if name in asked}
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            model=text(asked.get("model")),
            stream=stream,
            stream_usage=mapping(asked.get("stream_options")).get("include_usage") is True if stream else None,
            max_tokens=count(asked.get("max_completion_tokens") or asked.get("max_tokens")),
            output_type=_output_type(asked),
            reasoning_level=text(asked.get("reasoning_effort")) or _effort(asked.get("reasoning")),
            **settings,
            input_length=length + (written_length(asked.get("tools")) if stream else 0),
            input_messages=chat_messages(messages) if content else None,
            tool_definitions=tool_definitions(asked.get("tools")) if content else None,
        )

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are server-sent events."""
        return server_sent(content_type, first)

    def answer(self, *, content: bool) -> ChatAnswer:
        """Begin to read one answer."""
        return ChatAnswer(content=content)

    def condense(self, body: bytearray) -> None:
        """Leave the body whole: all of it may matter."""


def _output_type(asked: dict[str, object]) -> str | None:
    modalities = asked.get("modalities")
    if isinstance(modalities, list) and "audio" in modalities:
        return "speech"
    form = asked.get("response_format")
    return None if form is None else output_type(form)


def _effort(reasoning: object) -> str | None:
    return None if reasoning is None else text(mapping(reasoning).get("effort"))


def _several(value: object) -> int | None:
    choices = count(value)
    return choices if choices != 1 else None


# Name in the body, field of `Request`, and how it is read.
_SETTINGS: tuple[tuple[str, str, Callable[[object], object]], ...] = (
    ("n", "choice_count", _several),
    ("temperature", "temperature", number),
    ("top_p", "top_p", number),
    ("frequency_penalty", "frequency_penalty", number),
    ("presence_penalty", "presence_penalty", number),
    ("seed", "seed", whole),
    ("stop", "stop_sequences", stop_sequences),
    ("service_tier", "service_tier", text),
)


CHAT_COMPLETIONS = ChatCompletions()
