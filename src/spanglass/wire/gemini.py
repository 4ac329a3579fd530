"""Gemini's generateContent, streamed or not, of AI Studio and Vertex AI: what a request asks and an answer says.

Reference: ai.google.dev/api/generate-content and Vertex AI's `publishers.models.generateContent`. A stream has no end
mark: it is whole once every candidate in it has a finish reason, or the prompt was blocked. Finish reasons stay in the
provider's words (`STOP`, `MAX_TOKENS`, `SAFETY`, ...); for a blocked prompt it is the reason of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from spanglass.call import Request, Response, StreamTimes, ToolCall
from spanglass.wire.capture import Allowance, Growing, Part, text_part, tool_call_part
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.document import count, dump, mapping, number, parse, rows, text, whole
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing, server_sent
from spanglass.wire.gemini_enums import BLOCK_REASONS, FINISH_REASONS, name_of
from spanglass.wire.gemini_messages import (
    input_length,
    input_messages,
    read_field,
    request_part,
    system_instructions,
    tool_definitions,
)
from spanglass.wire.gemini_usage import billed_searches, merge, read_tier, read_usage
from spanglass.wire.json_array import JsonArray
from spanglass.wire.request import MAX_BODY, stop_sequences, written_length

MAX_CANDIDATES = 128
"""Candidates followed."""
MAX_PARTS = 512
"""Parts followed in a candidate, pieces of one text counted as one."""
_MAX_QUERIES = 512
_BESIDE = frozenset({"thought", "thoughtSignature"})  # what a part may hold that says nothing by itself
_SLOTS = Slots(
    counted=frozenset({b"text"}),
    cumulative=frozenset(
        {
            b"promptTokenCount",
            b"candidatesTokenCount",
            b"totalTokenCount",
            b"thoughtsTokenCount",
            b"cachedContentTokenCount",
            b"toolUsePromptTokenCount",
            b"tokenCount",
        }
    ),
)


@dataclass(slots=True)
class _Text:
    """A run of text or of thoughts as its pieces arrive."""

    kind: str
    said: Growing


@dataclass(slots=True)
class _Candidate:
    """One candidate as its pieces arrive; what it said is kept where content is asked for."""

    finish_reason: str | None = None
    said: list[_Text | Part] = field(default_factory=list)
    tools: list[ToolCall] = field(default_factory=list)


class GenerateContentAnswer:
    """Reads the answer to one generateContent request."""

    def __init__(self, *, content: bool) -> None:
        self.length = 0
        self._whole = False
        self._allowance = Allowance() if content else None
        self._id: str | None = None
        self._model: str | None = None
        self._counts: dict[str, object] = {}
        self._blocked: str | None = None
        self._queries: set[str] = set()
        self._error: tuple[str | None, str | None] = (None, None)
        self._candidates: dict[int, _Candidate] = {}

    @property
    def complete(self) -> bool:
        """Every candidate has finished, or there will be none, or the body was no stream."""
        if self._candidates:
            return self._whole or all(one.finish_reason is not None for one in self._candidates.values())
        return self._whole or self._blocked is not None or self._error != (None, None)

    def event(self, name: str, data: bytes) -> Seen:  # noqa: ARG002 - this interface names no events
        """Take one event; what is not JSON is a chunk that says nothing."""
        document = parse(data)
        if document is None:
            return Seen.CHUNK
        return Seen.CONTENT if self._take(document) else Seen.CHUNK

    def skimmed(self, characters: int, last: bytes | None) -> None:
        """Take a run of events that were skimmed."""
        self.length += characters
        document = parse(last) if last is not None else None
        if document is not None:
            merge(self._counts, document.get("usageMetadata"))

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream."""
        document = parse(data)
        if document is not None:
            self._take(document)
            self._whole = True

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far."""
        told = self._candidates
        candidates = [told.get(index, _NONE) for index in range(max(told) + 1)] if told else []
        reasons = tuple([one.finish_reason or "error" for one in candidates])
        if not candidates and self._blocked is not None:
            reasons = (self._blocked,)
        usage = read_usage(self._counts, said=self.length > 0)
        searches = billed_searches(self._queries, self._model)
        if usage is not None and searches is not None:
            usage = usage._replace(web_searches=searches)
        kind, message = self._error
        return Response(
            id=self._id,
            model=self._model,
            finish_reasons=reasons,
            usage=usage,
            service_tier=read_tier(self._counts),
            tool_calls=tuple([tool for one in candidates for tool in one.tools]),
            output_messages=_messages(candidates) if self._allowance is not None and candidates else None,
            output_length=self.length if candidates else None,
            complete=self.complete or complete,
            times=times,
            error_type=kind,
            error_message=message,
        )

    def _take(self, document: dict[str, object]) -> bool:
        got = document.get
        self._id = self._id or text(got("responseId"))
        self._model = text(got("modelVersion")) or self._model
        merge(self._counts, got("usageMetadata"))
        feedback = got("promptFeedback")
        if feedback:
            self._blocked = name_of(mapping(feedback).get("blockReason"), BLOCK_REASONS) or self._blocked
        error = read_error(document)
        if error != (None, None):
            self._error = error
        spoke = False
        for position, given in enumerate(rows(got("candidates"))):
            spoke |= self._take_candidate(given, position)
        return spoke

    def _take_candidate(self, given: dict[str, object], position: int) -> bool:
        index = count(given.get("index"))
        index = position if index is None else index
        if index >= MAX_CANDIDATES:
            return False
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = _Candidate()
        candidate.finish_reason = name_of(given.get("finishReason"), FINISH_REASONS) or candidate.finish_reason
        queries = mapping(given.get("groundingMetadata")).get("webSearchQueries")
        if isinstance(queries, list) and len(self._queries) < _MAX_QUERIES:
            self._queries.update([query for one in queries[:_MAX_QUERIES] if (query := text(one)) is not None])
        spoke = False
        for part in rows(mapping(given.get("content")).get("parts")):
            spoke |= self._take_part(candidate, part)
        return spoke

    def _take_part(self, candidate: _Candidate, part: dict[str, object]) -> bool:
        said = part.get("text")
        if isinstance(said, str):
            self.length += len(said)
            if said and self._allowance is not None:
                _append(candidate, "reasoning" if part.get("thought") is True else "text", said, self._allowance)
            return bool(said)
        call = part.get("functionCall")
        if isinstance(call, dict):
            return self._take_call(candidate, call)
        if not part.keys() - _BESIDE:
            return False
        code = mapping(part.get("executableCode")).get("code")
        self.length += len(code) if isinstance(code, str) else 0
        if self._allowance is not None and len(candidate.said) < MAX_PARTS:
            candidate.said.append(request_part(part, self._allowance))
        return True

    def _take_call(self, candidate: _Candidate, call: dict[str, object]) -> bool:
        """Take a tool call; one whose arguments are streamed has its name in its first piece alone."""
        name, call_id, given = text(call.get("name")), text(call.get("id")), call.get("args")
        arguments = dump(given) if given is not None else None
        self.length += len(arguments or "")
        pieces = [piece.get("stringValue") for piece in rows(call.get("partialArgs"))]
        self.length += sum(len(piece) for piece in pieces if isinstance(piece, str))
        if (name or call_id) and len(candidate.tools) < MAX_PARTS:
            allowance = self._allowance
            kept = allowance.cut(arguments) if allowance is not None and arguments is not None else None
            candidate.tools.append(ToolCall(name, call_id, kept))
            if allowance is not None and len(candidate.said) < MAX_PARTS:
                candidate.said.append(tool_call_part(name, call_id, Allowance().arguments(kept or {})))
        return bool(name or arguments or pieces)


def _append(candidate: _Candidate, kind: str, said: str, allowance: Allowance) -> None:
    """Keep a piece of text, in the run before it where that is of the same kind."""
    last = candidate.said[-1] if candidate.said else None
    if not isinstance(last, _Text) or last.kind != kind:
        if len(candidate.said) >= MAX_PARTS:
            return
        last = _Text(kind, Growing(allowance))
        candidate.said.append(last)
    last.said.add(said)


def _messages(candidates: list[_Candidate]) -> str | None:
    return dump(
        [
            {
                "role": "assistant",
                "parts": [
                    text_part(one.said.read(), one.kind) if isinstance(one, _Text) else one for one in candidate.said
                ],
                "finish_reason": candidate.finish_reason or "error",
            }
            for candidate in candidates
        ]
    )


_NONE = _Candidate()


class GenerateContent:
    """The codec of `:generateContent` and `:streamGenerateContent`.

    Args:
        stream: Which of them; the body does not say it.
    """

    api = "generate_content"
    operation = "generate_content"
    slots = _SLOTS

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body has no contents."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        contents = mapping(asked).get("contents")
        if (
            asked is None
            or not isinstance(contents, list)
            or not all(isinstance(one, dict) and "parts" in one for one in contents)
        ):
            return None
        instruction, tools = read_field(asked, "systemInstruction"), asked.get("tools")
        config = mapping(read_field(asked, "generationConfig"))
        choices = count(read_field(config, "candidateCount"))
        length = input_length(contents)
        length += len(instruction) if isinstance(instruction, str) else input_length([instruction])
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            stream=self._stream,
            choice_count=choices if choices != 1 else None,
            max_tokens=count(read_field(config, "maxOutputTokens")),
            temperature=number(config.get("temperature")),
            top_p=number(read_field(config, "topP")),
            top_k=count(read_field(config, "topK")),
            frequency_penalty=number(read_field(config, "frequencyPenalty")),
            presence_penalty=number(read_field(config, "presencePenalty")),
            seed=whole(config.get("seed")),
            stop_sequences=stop_sequences(read_field(config, "stopSequences")),
            output_type=_output_type(config),
            reasoning_level=text(
                read_field(mapping(read_field(config, "thinkingConfig")), "thinkingLevel"),
            ),
            service_tier=text(read_field(asked, "serviceTier")),
            input_length=length + (written_length(tools) if self._stream else 0),
            system_instructions=system_instructions(instruction) if content else None,
            input_messages=input_messages(contents) if content else None,
            tool_definitions=tool_definitions(tools) if content else None,
        )

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are server-sent events (`alt=sse`) or else one array of objects; an error may be an object."""
        if self._stream and first == ord("["):
            return JsonArray()
        return server_sent(content_type, first)

    def answer(self, *, content: bool) -> GenerateContentAnswer:
        """Begin to read one answer."""
        return GenerateContentAnswer(content=content)

    def condense(self, body: bytearray) -> None:
        """Leave the body whole: all of it may matter."""


def _output_type(config: dict[str, object]) -> str | None:
    modalities = read_field(config, "responseModalities")
    if isinstance(modalities, list):
        asked = {str(modality).upper() for modality in modalities}
        if "IMAGE" in asked:
            return "image"
        if "AUDIO" in asked:
            return "speech"
    mime_type = read_field(config, "responseMimeType")
    if not isinstance(mime_type, str):
        return None
    return "json" if mime_type in ("application/json", "text/x.enum") else "text"


GENERATE_CONTENT = GenerateContent(stream=False)
STREAM_GENERATE_CONTENT = GenerateContent(stream=True)
