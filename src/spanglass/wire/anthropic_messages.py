"""Anthropic's messages interface: what a request asks and an answer says, streamed or not, on whichever host.

Reference: docs.claude.com, Messages API and its streaming. The terminal event is `message_stop`. An answer has one
position, so one finish reason: its stop reason; `error` where a stream was cut before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from spanglass.call import Request, Response, StreamTimes, ToolCall
from spanglass.wire.anthropic_content import (
    SERVER_TOOLS,
    instructions,
    messages,
    named_part,
    redacted_part,
    server_tool_part,
    spoken_length,
    tool_definitions,
)
from spanglass.wire.anthropic_usage import merged, read_tier, read_usage
from spanglass.wire.capture import Allowance, Growing, Part, text_part, tool_call_part
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.document import count, dump, mapping, number, parse, rows, text
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing, server_sent
from spanglass.wire.request import MAX_BODY, output_type, stop_sequences, written_length

MAX_BLOCKS = 512
"""Content blocks followed."""
_SLOTS = Slots(counted=frozenset({b"text", b"thinking", b"partial_json"}))
_UNREAD = {"ping": Seen.MARK, "content_block_stop": Seen.CHUNK}
_MARKS = frozenset({"ping", "message_stop"})
_TOOL = "tool_use"
_USES = SERVER_TOOLS | {_TOOL}
_THINKING = frozenset({"thinking", "redacted_thinking"})


@dataclass(slots=True)
class _Block:
    """One content block as its pieces arrive; a result of the provider's own tool has the id of its call."""

    kind: str
    said: Growing
    name: str | None = None
    id: str | None = None


class MessagesAnswer:
    """Reads the answer to one messages request."""

    def __init__(self, *, content: bool) -> None:
        self.complete = False
        self.length = 0
        self._content = content
        self._allowance = Allowance() if content else None
        self._id: str | None = None
        self._model: str | None = None
        self._began = False
        self._stop_reason: str | None = None
        self._counts: dict[str, object] = {}
        self._counted = False  # the output was, not only the input
        self._error: tuple[str | None, str | None] = (None, None)
        self._blocks: dict[int, _Block] = {}

    def event(self, name: str, data: bytes) -> Seen:
        """Take one event; hosts that frame events in another way give them no name."""
        if name in _UNREAD:
            return _UNREAD[name]
        document = parse(data)
        if document is None:
            return Seen.CHUNK
        kind = text(document.get("type"))
        if kind == "content_block_delta":
            return Seen.CONTENT if self._take_delta(document) else Seen.CHUNK
        if kind == "content_block_start":
            begun = self._take_block(count(document.get("index")), mapping(document.get("content_block")))
            return Seen.CONTENT if begun else Seen.CHUNK
        self._take_event(kind, document)
        return Seen.MARK if kind in _MARKS else Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:  # noqa: ARG002 - no delta carries running counts
        """Take a run of deltas that were skimmed."""
        self.length += characters

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream."""
        document = parse(data)
        if document is None:
            return
        self.complete = True
        self._error = read_error(document)
        if self._error != (None, None):
            return
        self._take_message(document)
        self._counted = True
        for index, block in enumerate(rows(document.get("content"))):
            self._take_block(index, block)

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far."""
        counts = self._counts
        kind, message = self._error
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        usage = read_usage(counts if self._counted else {**counts, "output_tokens": None})
        return Response(
            id=self._id,
            model=self._model,
            finish_reasons=(self._stop_reason or "error",) if self._began else (),
            usage=usage,
            service_tier=read_tier(counts),
            tool_calls=tuple([self._tool_call(block) for block in blocks if block.kind == _TOOL]),
            output_messages=self._message(blocks) if self._content and self._began else None,
            output_length=self.length if self._began else None,
            complete=self.complete or complete,
            times=times,
            error_type=kind,
            error_message=message,
        )

    def _take_event(self, kind: object, document: dict[str, object]) -> None:
        if kind == "message_start":
            self._take_message(mapping(document.get("message")))
        elif kind == "message_delta":
            self._stop_reason = text(mapping(document.get("delta")).get("stop_reason")) or self._stop_reason
            self._count(document.get("usage"), whole=True)
        elif kind == "message_stop":
            self.complete = True
        elif kind == "error":
            self._error = read_error(document)

    def _take_message(self, message: dict[str, object]) -> None:
        self._began = self._began or bool(message)
        self._id = self._id or text(message.get("id"))
        self._model = self._model or text(message.get("model"))
        self._stop_reason = text(message.get("stop_reason")) or self._stop_reason
        self._count(message.get("usage"))

    def _count(self, usage: object, *, whole: bool = False) -> None:
        """Take counts; those that a stream begins with hold all of the input, but of the output only what was ready."""
        if usage:
            self._counts = merged(self._counts, usage)
            self._counted |= whole and "output_tokens" in self._counts

    def _take_block(self, index: int | None, given: dict[str, object]) -> bool:
        """Take how a block begins, which in an answer that is no stream is all of it; say whether that is content."""
        kind = text(given.get("type")) or ""
        if index is None or len(self._blocks) >= MAX_BLOCKS:
            return False
        call_id = text(given.get("id")) or text(given.get("tool_use_id"))
        block = self._blocks[index] = _Block(kind, Growing(self._allowance), text(given.get("name")), call_id)
        if kind in _USES:
            if given.get("input"):
                self._say(block, dump(given["input"]))
            return block.name is not None
        said = self._say(block, given.get("thinking" if kind == "thinking" else "text"))
        return said or kind == "redacted_thinking"

    def _take_delta(self, document: dict[str, object]) -> bool:
        delta = mapping(document.get("delta"))
        block = self._blocks.get(count(document.get("index")) or 0)
        if block is None:
            block = _Block("text", Growing(None))  # beyond what is followed: its length counts all the same
        return self._say(block, delta.get("text") or delta.get("thinking") or delta.get("partial_json"))

    def _say(self, block: _Block, said: object) -> bool:
        if not isinstance(said, str) or not said:
            return False
        self.length += len(said)
        block.said.add(said)
        return True

    def _tool_call(self, block: _Block) -> ToolCall:
        return ToolCall(block.name, block.id, (block.said.read() or "{}") if self._content else None)

    def _message(self, blocks: list[_Block]) -> str | None:
        allowance = Allowance()
        parts = [_part(block, allowance) for block in blocks]
        return dump([{"role": "assistant", "parts": parts, "finish_reason": self._stop_reason or "error"}])


def _part(block: _Block, allowance: Allowance) -> Part:
    said = block.said.read()
    if block.kind in _USES:
        write = tool_call_part if block.kind == _TOOL else server_tool_part
        return write(block.name, block.id, allowance.arguments(said or "{}"))
    if block.kind in _THINKING:
        return text_part(allowance.cut(said), "reasoning") if said else redacted_part()
    return text_part(allowance.cut(said)) if said or block.kind == "text" else named_part(block.kind, block.id)


class Messages:
    """The codec of `/v1/messages`."""

    api = "messages"
    operation = "chat"
    slots = _SLOTS

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has no messages with roles. The model may stand in the path."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not isinstance(asked.get("model", ""), str):
            return None
        got = asked.get
        given = got("messages")
        if not isinstance(given, list) or not all(isinstance(one, dict) and "role" in one for one in given):
            return None
        stream = got("stream") is True
        system, tools, config = got("system"), got("tools"), mapping(got("output_config"))
        length = sum(spoken_length(message.get("content")) for message in given) + spoken_length(system)
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            model=text(got("model")),
            stream=stream,
            max_tokens=count(got("max_tokens")),
            temperature=number(got("temperature")),
            top_p=number(got("top_p")),
            top_k=count(got("top_k")),
            stop_sequences=stop_sequences(got("stop_sequences")),
            output_type=output_type(config.get("format") or got("output_format")),
            reasoning_level=text(config.get("effort")),
            service_tier=read_tier(asked),
            input_length=length + (written_length(tools) if stream else 0),
            system_instructions=instructions(system) if content else None,
            input_messages=messages(given) if content else None,
            tool_definitions=tool_definitions(tools) if content else None,
        )

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are server-sent events."""
        return server_sent(content_type, first)

    def answer(self, *, content: bool) -> MessagesAnswer:
        """Begin to read one answer."""
        return MessagesAnswer(content=content)

    def condense(self, body: bytearray) -> None:
        """Leave the body whole: all of it may matter."""


MESSAGES = Messages()
