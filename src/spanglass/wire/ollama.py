"""Ollama's chat and completion interfaces: what a request asks and an answer says, as lines of JSON or one document.

Reference: github.com/ollama/ollama, docs/api.md. A request that does not say `stream` is streamed. The terminal event
is the object with `done`, and it alone has counts; a count of 0 is left out of it, as `prompt_eval_count` is when the
whole prompt was in the model's cache: what is not there is unknown, not 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from spanglass.call import Request, Response, ServerTimes, StreamTimes, ToolCall, Usage
from spanglass.wire.capture import Allowance, Growing, Part, text_part, tool_call_part
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.document import count, dump, mapping, number, parse, rows, text, whole
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing
from spanglass.wire.ndjson import json_lines
from spanglass.wire.ollama_content import instructions, messages, prompt
from spanglass.wire.openai_messages import tool_definitions
from spanglass.wire.request import MAX_BODY, stop_sequences, written_length

MAX_TOOL_CALLS = 128
"""Tool calls followed."""
_SLOTS = Slots(
    counted=frozenset({b"content", b"response", b"thinking"}),
    ignored=frozenset({b"created_at"}),
)
_DOCUMENT_ERROR = "error"
_ROLES = frozenset({"system", "user", "assistant", "tool"})
_TELLTALE = frozenset({"options", "keep_alive", "think"})
_FIELDS = _TELLTALE | {
    "model",
    "messages",
    "prompt",
    "input",
    "suffix",
    "system",
    "template",
    "context",
    "images",
    "tools",
    "format",
    "raw",
    "stream",
    "truncate",
    "dimensions",
    "logprobs",
    "top_logprobs",
}


def is_request(asked: Mapping[str, object]) -> bool:
    """Say whether a body could be sent to Ollama: its paths, such as `/api/chat`, are common elsewhere too.

    It names a model, and has a field that Ollama alone has or none that Ollama does not.
    """
    model = asked.get("model")
    if not isinstance(model, str) or not model:
        return False
    return not _TELLTALE.isdisjoint(asked) or _FIELDS.issuperset(asked)


def read_server_times(document: Mapping[str, object]) -> ServerTimes | None:
    """Return where the server says its time went; None where it does not say."""
    names = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    times = ServerTimes(*[count(document.get(name)) for name in names])
    return None if times == ServerTimes() else times


class OllamaAnswer:
    """Reads the answer to one chat or completion request."""

    def __init__(self, *, content: bool) -> None:
        self.complete = False
        self.length = 0
        self._content = content
        allowance = Allowance() if content else None
        self._text, self._reasoning = Growing(allowance), Growing(allowance)
        self._tools: list[ToolCall] = []
        self._tools_allowance = allowance
        self._began = False
        self._model: str | None = None
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._times: ServerTimes | None = None
        self._error: tuple[str | None, str | None] = (None, None)

    def event(self, name: str, data: bytes) -> Seen:  # noqa: ARG002 - lines have no names
        """Take one line; what is not JSON is a chunk that says nothing."""
        document = parse(data)
        if document is None:
            return Seen.CHUNK
        return Seen.CONTENT if self._take(document) else Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:  # noqa: ARG002 - no chunk carries running counts
        """Take a run of lines that were skimmed."""
        self.length += characters

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream."""
        document = parse(data)
        if document is not None:
            self._take(document)
            self.complete = True
            kind, message = self._error
            # Ollama's errors have no type: the status says more.
            self._error = (None if kind == _DOCUMENT_ERROR else kind, message)

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far."""
        kind, message = self._error
        complete = complete or self.complete
        reason = self._finish_reason or (None if complete else "error")
        return Response(
            model=self._model,
            finish_reasons=(reason,) if self._began and reason is not None else (),
            usage=self._usage,
            tool_calls=tuple(self._tools),
            output_messages=self._message(reason) if self._content and self._began else None,
            output_length=self.length if self._began else None,
            complete=complete,
            times=times,
            server_times=self._times,
            error_type=kind,
            error_message=message,
        )

    def _take(self, document: dict[str, object]) -> bool:
        got = document.get
        error = read_error(document)
        if error != (None, None):
            self._error = error
            return False
        self._model = self._model or text(got("model"))
        self._began = self._began or self._model is not None
        if got("done") is True:
            self.complete = True
            self._finish_reason = text(got("done_reason"))
            usage = Usage(count(got("prompt_eval_count")), count(got("eval_count")))
            self._usage = None if usage == Usage() else usage
            self._times = read_server_times(document)
        said = mapping(got("message")) or document
        spoke = self._say(self._text, said.get("content", said.get("response")))
        spoke |= self._say(self._reasoning, said.get("thinking"))
        for call in rows(said.get("tool_calls")):
            spoke |= self._take_tool(call)
        return spoke

    def _say(self, growing: Growing, said: object) -> bool:
        if not isinstance(said, str) or not said:
            return False
        self.length += len(said)
        growing.add(said)
        return True

    def _take_tool(self, call: dict[str, object]) -> bool:
        function = mapping(call.get("function"))
        name, arguments = text(function.get("name")), dump(function.get("arguments") or {}) or ""
        self.length += len(arguments)
        if len(self._tools) < MAX_TOOL_CALLS:
            kept = None if self._tools_allowance is None else self._tools_allowance.cut(arguments)
            self._tools.append(ToolCall(name, text(call.get("id")), kept))
        return name is not None

    def _message(self, reason: str | None) -> str | None:
        allowance = Allowance()
        parts: list[Part] = []
        if self._reasoning.length:
            parts.append(text_part(allowance.cut(self._reasoning.read()), "reasoning"))
        if self._text.length:
            parts.append(text_part(allowance.cut(self._text.read())))
        parts += [tool_call_part(one.name, one.id, allowance.arguments(one.arguments)) for one in self._tools]
        message: Part = {"role": "assistant", "parts": parts}
        if reason is not None:
            message["finish_reason"] = reason
        return dump([message])


class _Interface:
    """What chat and completion share."""

    slots = _SLOTS

    def framing(self, content_type: str, first: int) -> Framing | None:  # noqa: ARG002 - a document begins like a line
        """Streams are lines of JSON."""
        return json_lines(content_type)

    def answer(self, *, content: bool) -> OllamaAnswer:
        """Begin to read one answer."""
        return OllamaAnswer(content=content)

    def condense(self, body: bytearray) -> None:
        """Leave the body whole: all of it may matter."""


class Chat(_Interface):
    """The codec of `/api/chat`."""

    api = "chat"
    operation = "chat"

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has no model or no messages with roles."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not is_request(asked):
            return None
        given = asked.get("messages")
        if not isinstance(given, list) or any(text(mapping(one).get("role")) not in _ROLES for one in given):
            return None
        said = [message.get("content") for message in given]
        if not all(one is None or isinstance(one, str) for one in said):
            return None
        tools = asked.get("tools")
        request = _request(asked, Request(provider, self.operation, self.api))
        return request._replace(
            input_length=sum(len(one) for one in said if one) + (written_length(tools) if request.stream else 0),
            input_messages=messages(given) if content else None,
            tool_definitions=tool_definitions(tools) if content else None,
        )


class Generate(_Interface):
    """The codec of `/api/generate`."""

    api = "generate"
    operation = "text_completion"

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has no model or no prompt."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not is_request(asked) or not isinstance(asked.get("prompt"), str):
            return None
        said = (asked.get("system"), asked.get("prompt"), asked.get("suffix"))
        return _request(asked, Request(provider, self.operation, self.api))._replace(
            input_length=sum(len(one) for one in said if isinstance(one, str)),
            system_instructions=instructions(asked.get("system")) if content else None,
            input_messages=prompt(asked) if content else None,
        )


def _request(asked: dict[str, object], request: Request) -> Request:
    got, option = asked.get, mapping(asked.get("options")).get
    return request._replace(
        model=text(got("model")),
        stream=got("stream") is not False,
        max_tokens=count(option("num_predict")),
        temperature=number(option("temperature")),
        top_p=number(option("top_p")),
        top_k=count(option("top_k")),
        frequency_penalty=number(option("frequency_penalty")),
        presence_penalty=number(option("presence_penalty")),
        seed=whole(option("seed")),
        stop_sequences=stop_sequences(option("stop")),
        output_type="json" if got("format") else None,
        reasoning_level=text(got("think")),
    )


CHAT = Chat()
GENERATE = Generate()
