"""Amazon Bedrock's Converse and ConverseStream: what a request asks and an answer says, whoever made the model.

Reference: docs.aws.amazon.com/bedrock/latest/APIReference, API_runtime_Converse. The terminal event of a stream is
`metadata`, which comes after `messageStop` and brings the usage. An answer names neither its model, which stands in
the path, nor itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from spanglass.call import Request, Response, ServerTimes, StreamTimes, ToolCall, Usage
from spanglass.wire.aws_event_stream import EXCEPTION, AwsEventStream
from spanglass.wire.bedrock_messages import (
    inline_part,
    input_length,
    input_messages,
    said_by,
    system_instructions,
    tool_definitions,
)
from spanglass.wire.bedrock_usage import read_error, read_times, read_usage
from spanglass.wire.capture import Allowance, Growing, Part, text_part, tool_call_part
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.document import count, dump, mapping, number, parse, rows, text
from spanglass.wire.framing import Framing
from spanglass.wire.request import MAX_BODY, output_type, stop_sequences, written_length

MAX_BLOCKS = 512
"""Content blocks followed."""
_SERVER_TOOL = "server_tool_use"
_SLOTS = Slots(counted=frozenset({b"text", b"input"}), ignored=frozenset({b"p"}))


@dataclass(slots=True)
class _Block:
    """One content block as its pieces arrive; `other` is what a block of neither text nor tool is written as."""

    kind: str
    said: Growing
    name: str | None = None
    id: str | None = None
    other: Part | None = None


class ConverseAnswer:
    """Reads the answer to one Converse request."""

    def __init__(self, *, content: bool) -> None:
        self.complete = False
        self.length = 0
        self._allowance = Allowance() if content else None
        self._began = False
        self._streamed = False
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._times: ServerTimes | None = None
        self._tier: str | None = None
        self._error: tuple[str | None, str | None] = (None, None)
        self._blocks: dict[int, _Block] = {}

    def event(self, name: str, data: bytes) -> Seen:
        """Take one event."""
        self._streamed = True
        document = parse(data) or {}
        index = count(document.get("contentBlockIndex")) or 0
        if name == "contentBlockDelta":
            return self._take(index, mapping(document.get("delta")))
        if name == "contentBlockStart":
            return self._take(index, mapping(document.get("start")))
        if name.startswith(EXCEPTION):
            self._error = read_error(document, name.removeprefix(EXCEPTION) or "error")
            return Seen.CHUNK
        self._began |= name == "messageStart"
        self._finish_reason = text(document.get("stopReason")) or self._finish_reason
        if name == "metadata":
            self._count(document)
            self.complete = True
        return Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:  # noqa: ARG002 - no chunk here has running counts
        """Take a run of events that were skimmed."""
        self.length += characters

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream."""
        document = parse(data)
        if document is None:
            return
        self.complete = True
        output = mapping(document.get("output"))
        if not output:
            self._error = read_error(document)
            return
        self._began = True
        self._finish_reason = text(document.get("stopReason"))
        self._count(document)
        for index, block in enumerate(rows(mapping(output.get("message")).get("content"))):
            self._take(index, block)

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far."""
        began = self._began or bool(self._blocks) or self.length > 0
        reason = self._finish_reason or ("error" if self._streamed else None)
        kind, message = self._error
        return Response(
            finish_reasons=(reason,) if began and reason is not None else (),
            usage=self._usage,
            service_tier=self._tier,
            tool_calls=tuple([self._tool_call(block) for block in self._blocks.values() if block.kind == "tool"]),
            output_messages=self._messages(reason) if self._allowance is not None and self._blocks else None,
            output_length=self.length if began else None,
            complete=self.complete or complete,
            times=times,
            server_times=self._times,
            error_type=kind,
            error_message=message,
        )

    def _count(self, document: dict[str, object]) -> None:
        self._usage = read_usage(document.get("usage"))
        self._times = read_times(mapping(document.get("metrics")).get("latencyMs"))
        self._tier = text(mapping(document.get("serviceTier")).get("type"))

    def _take(self, index: int, given: dict[str, object]) -> Seen:
        """Take a block, the beginning of one or a piece of one."""
        tool = mapping(given.get("toolUse"))
        if tool:
            return self._take_tool(index, tool)
        kind, said = said_by(given)
        self.length += len(said)
        if not kind:
            return self._take_other(index, given)
        if self._allowance is not None and (block := self._at(index, kind)) is not None:
            block.said.add(said)
        return Seen.CONTENT if said else Seen.CHUNK

    def _take_tool(self, index: int, tool: dict[str, object]) -> Seen:
        name, given = text(tool.get("name")), tool.get("input")  # an object where it is whole, else a piece of JSON
        said = given if isinstance(given, str) else dump(given) if given is not None else None
        self.length += len(said or "")
        # What the provider runs by itself is not asked of the application.
        block = self._at(index, _SERVER_TOOL if tool.get("type") == _SERVER_TOOL else "tool")
        if block is not None:
            block.name = block.name or name
            block.id = block.id or text(tool.get("toolUseId"))
            block.said.add(said or "")
        return Seen.CONTENT if said or name else Seen.CHUNK

    def _take_other(self, index: int, given: dict[str, object]) -> Seen:
        if self._allowance is not None and "citation" not in given and (block := self._at(index, "other")) is not None:
            block.other = block.other or inline_part(given)
        return Seen.CONTENT if "image" in given or "audio" in given else Seen.CHUNK

    def _at(self, index: int, kind: str) -> _Block | None:
        block = self._blocks.get(index)
        if block is None and len(self._blocks) < MAX_BLOCKS:
            block = self._blocks[index] = _Block(kind, Growing(self._allowance))
        return block

    def _tool_call(self, block: _Block) -> ToolCall:
        return ToolCall(block.name, block.id, block.said.read() if self._allowance is not None else None)

    def _messages(self, reason: str | None) -> str | None:
        allowance = Allowance()
        parts: list[Part] = []
        for _, block in sorted(self._blocks.items()):
            said = block.said.read()
            if block.kind == "tool":
                parts.append(tool_call_part(block.name, block.id, allowance.arguments(said)))
            elif block.kind == _SERVER_TOOL:
                parts.append(
                    {
                        "type": "server_tool_call",
                        "name": block.name or "",
                        "id": block.id,
                        "server_tool_call": {"type": block.name, "input": allowance.arguments(said)},
                    }
                )
            else:
                parts.append(block.other or text_part(allowance.cut(said), block.kind))
        return dump([{"role": "assistant", "parts": parts, "finish_reason": reason or "error"}])


class Converse:
    """The codec of `/converse` and `/converse-stream`.

    Args:
        stream: Which of them; the body does not say it.
    """

    api = "converse"
    operation = "chat"
    slots = _SLOTS

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has no messages."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        messages = mapping(asked).get("messages")
        if asked is None or not _are_messages(messages):
            return None
        config, more = mapping(asked.get("inferenceConfig")), mapping(asked.get("additionalModelRequestFields"))
        output, tools = mapping(asked.get("outputConfig")), mapping(asked.get("toolConfig")).get("tools")
        length = input_length(messages) + input_length([{"content": asked.get("system")}])
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            stream=self._stream,
            max_tokens=count(config.get("maxTokens")),
            temperature=number(config.get("temperature")),
            top_p=number(config.get("topP")),
            top_k=count(more.get("top_k")),
            stop_sequences=stop_sequences(config.get("stopSequences")),
            output_type=output_type(output.get("textFormat")),
            reasoning_level=text(output.get("effort")) or text(more.get("reasoning_effort")),
            service_tier=text(mapping(asked.get("serviceTier")).get("type")),
            input_length=length + (written_length(tools) if self._stream else 0),
            system_instructions=system_instructions(asked.get("system")) if content else None,
            input_messages=input_messages(messages) if content else None,
            tool_definitions=tool_definitions(tools) if content else None,
        )

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are Amazon event streams; a length comes first, so its first byte is 0. An error is a document."""
        return AwsEventStream() if "eventstream" in content_type or first == 0 else None

    def answer(self, *, content: bool) -> ConverseAnswer:
        """Begin to read one answer."""
        return ConverseAnswer(content=content)

    def condense(self, body: bytearray) -> None:
        """Leave the body whole: all of it may matter."""


def _are_messages(messages: object) -> bool:
    return isinstance(messages, list) and all(
        isinstance(one, dict) and "role" in one and isinstance(one.get("content"), list) for one in messages
    )


CONVERSE = Converse(stream=False)
CONVERSE_STREAM = Converse(stream=True)
