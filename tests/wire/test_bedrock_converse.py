import json
from itertools import pairwise
from typing import Any

import pytest

from event_streams import CONTENT_TYPE, event, exception
from spanglass.call import Request, Response, ServerTimes, ToolCall, Usage
from spanglass.wire.bedrock_converse import CONVERSE, CONVERSE_STREAM, MAX_BLOCKS
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
WHOLE = Recognised("aws.bedrock", CONVERSE, known=True, model=MODEL)
STREAM = Recognised("aws.bedrock", CONVERSE_STREAM, known=True, model=MODEL)
USAGE = {
    "inputTokens": 10,
    "outputTokens": 20,
    "totalTokens": 1030,
    "cacheReadInputTokens": 600,
    "cacheWriteInputTokens": 400,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 300}, {"ttl": "5m", "inputTokens": 100}],
}
COUNTED = Usage(1010, 20, cache_read_tokens=600, cache_write_tokens=400, cache_write_1h_tokens=300)


def meter(call: Recognised, kind: str, *, content: bool = False, status: int = 200) -> Meter:
    return Meter(call, started_ns=0, status=status, content_type=kind, content_encoding=None, content=content)


def whole(document: object, *, content: bool = False, status: int = 200) -> Response:
    reader = meter(WHOLE, "application/json", content=content, status=status)
    reader.feed(json.dumps(document).encode(), 1)
    assert reader.complete
    return reader.response()


def stream(*events: bytes, content: bool = False, step: int = 1 << 20) -> Response:
    reader = meter(STREAM, CONTENT_TYPE, content=content)
    for number, one in enumerate(events, 1):
        for start, end in pairwise([*range(0, len(one), step), len(one)]):
            reader.feed(one[start:end], number)
    return reader.response()


def delta(said: dict[str, Any], index: int = 0) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": said, "p": "abcdefgh"[: index + 2]})


def start(tool: dict[str, str], index: int) -> bytes:
    return event("contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": tool}})


STOP = event("messageStop", {"stopReason": "end_turn"})
METADATA = event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1250}, "serviceTier": {"type": "flex"}})
ANSWER = [
    event("messageStart", {"role": "assistant"}),
    delta({"reasoningContent": {"text": "Hm"}}),
    delta({"reasoningContent": {"text": "mm"}}),
    delta({"reasoningContent": {"signature": "c2ln"}}),
    event("contentBlockStop", {"contentBlockIndex": 0}),
    delta({"text": "On platform "}, 1),
    delta({"text": "3é."}, 1),
    start({"toolUseId": "t1", "name": "seat"}, 2),
    delta({"toolUse": {"input": '{"side":'}}, 2),
    delta({"toolUse": {"input": '"left"}'}}, 2),
    event("messageStop", {"stopReason": "tool_use"}),
    METADATA,
]
SAID = len("HmmmOn platform 3é.") + len('{"side":"left"}')
PARTS = [
    {"type": "reasoning", "content": "Hmmm"},
    {"type": "text", "content": "On platform 3é."},
    {"type": "tool_call", "name": "seat", "id": "t1", "arguments": {"side": "left"}},
]


@pytest.mark.parametrize("step", [1 << 20, 1, 13])
def test_stream_is_read(step: int) -> None:
    """Text, thoughts, a tool's input in pieces, stop reason, usage with cache, latency and tier, at any cut."""
    told = stream(*ANSWER, content=True, step=step)
    assert json.loads(told.output_messages or "") == [
        {"role": "assistant", "parts": PARTS, "finish_reason": "tool_use"}
    ]
    assert told._replace(output_messages=None, times=None) == Response(
        finish_reasons=("tool_use",),
        usage=COUNTED,
        service_tier="flex",
        tool_calls=(ToolCall("seat", "t1", '{"side":"left"}'),),
        output_length=SAID,
        complete=True,
        server_times=ServerTimes(total_ns=1_250_000_000),
    )
    assert told.times is not None
    assert (told.times.chunks, told.times.first_chunk_ns, told.times.first_token_ns) == (12, 1, 2)


def test_whole_answer_says_what_the_stream_says() -> None:
    """The same answer as one document; what is inline is named only."""
    content = [
        {"reasoningContent": {"reasoningText": {"text": "Hmmm", "signature": "c2ln"}}},
        {"text": "On platform 3é."},
        {"toolUse": {"toolUseId": "t1", "name": "seat", "input": {"side": "left"}}},
    ]
    document = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use",
        "usage": USAGE,
        "metrics": {"latencyMs": 1250},
        "serviceTier": {"type": "flex"},
    }
    assert whole(document, content=True) == stream(*ANSWER, content=True)._replace(times=None)
    assert whole(document) == stream(*ANSWER)._replace(times=None)
    content[1:] = [
        {"image": {"format": "png", "source": {"bytes": "QUJD"}}},
        {"citationsContent": {"content": [{"text": "So it"}, {"text": " is."}]}},
        {"toolUse": {"type": "server_tool_use", "toolUseId": "t2", "name": "nova_grounding", "input": {}}},
        {"later": {}},
    ]
    told = whole(document, content=True)
    assert told.tool_calls == ()
    assert json.loads(told.output_messages or "")[0]["parts"][1:] == [
        {"type": "blob", "modality": "image", "content": "", "mime_type": "image/png", "omitted_length": 4},
        {"type": "text", "content": "So it is."},
        {
            "type": "server_tool_call",
            "name": "nova_grounding",
            "id": "t2",
            "server_tool_call": {"type": "nova_grounding", "input": {}},
        },
        {"type": "later"},
    ]


def test_skimmed_chunks_count_as_decoded_ones_do() -> None:
    """A hundred deltas of one shape: every character, every chunk; only the first are decoded."""
    said = [f"é{number}\n" for number in range(100)]
    reader = meter(STREAM, CONTENT_TYPE)
    for number, text in enumerate(said, 1):
        reader.feed(event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}, "p": "ab"}), number)
    assert reader._shapes.current is not None
    told = reader.response()
    assert (told.output_length, told.complete, told.finish_reasons) == (len("".join(said)), False, ("error",))
    assert told.times is not None
    assert (told.times.chunks, told.times.gap_max_ns) == (100, 1)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, (10, None, None)),
        ({"inputTokens": 10, "outputTokens": 5, "totalTokens": 23, "cacheReadInputTokens": 8}, (18, 8, None)),
        ({"inputTokens": 10, "outputTokens": 5, "cacheReadInputTokens": 8, "cacheWriteInputTokens": 2}, (20, 8, 2)),
        ({"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "cacheReadInputTokens": 8}, (10, 8, None)),
        ({"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "cacheReadInputTokens": 80}, (90, 80, None)),
    ],
)
def test_input_holds_what_was_cached(usage: dict[str, int], expected: tuple[int | None, ...]) -> None:
    """Cache reads and writes come beside the input, unless the total shows that they are within it."""
    found = whole({"output": {"message": {"content": []}}, "usage": usage}).usage
    assert found is not None
    assert (found.input_tokens, found.cache_read_tokens, found.cache_write_tokens) == expected


def test_stream_ends_with_its_metadata() -> None:
    """A stop reason alone is a cut answer: its usage is missing."""
    told = stream(*ANSWER[:-1])
    assert (told.complete, told.usage, told.finish_reasons) == (False, None, ("tool_use",))


def test_exception_in_a_stream_is_the_calls_error() -> None:
    """Its type is the error's, what was said before stands, and the answer never finished."""
    told = stream(*ANSWER[:7], exception("modelStreamErrorException", {"message": "Overloaded"}))
    assert (told.error_type, told.error_message) == ("modelStreamErrorException", "Overloaded")
    assert (told.complete, told.finish_reasons) == (False, ("error",))
    broken = stream(*ANSWER[:7], METADATA[:-1] + b"x")
    assert (broken.error_type, broken.usage, broken.complete) == ("EventStreamError", None, False)
    assert broken.output_length == told.output_length


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"message": "Too many requests"}, None),
        ({"Message": "Too many requests"}, None),
        ({"__type": "com.amazon.coral.service#ThrottlingException", "message": "Too many requests"}, "Throttling"),
        ({"__type": "odd type", "message": "Too many requests"}, None),
    ],
)
@pytest.mark.parametrize("call", [WHOLE, STREAM])
def test_refused_request(call: Recognised, document: dict[str, str], kind: str | None) -> None:
    """The body has a message; its type stands in a header most often."""
    reader = meter(call, "application/json", status=429)
    reader.feed(json.dumps(document).encode(), 1)
    told = reader.response()
    assert (told.error_type, told.error_message) == (f"{kind}Exception" if kind else None, "Too many requests")
    assert (told.complete, told.times) == (True, None)


BODY: dict[str, Any] = {
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
    "messages": [
        {"role": "user", "content": [{"text": "Where?"}, {"document": {"format": "pdf", "source": {"bytes": "QQ=="}}}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "find", "input": {"a": 1}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"json": {"at": 3}}]}}]},
    ],
    "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["a"]},
    "additionalModelRequestFields": {"top_k": 40},
    "outputConfig": {"effort": "low", "textFormat": {"type": "json_schema"}},
    "serviceTier": {"type": "flex"},
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "find", "description": "Finds.", "inputSchema": {"json": {"type": "object"}}}},
            {"cachePoint": {"type": "default"}},
        ]
    },
}


def asked(call: Recognised, *, content: bool = False) -> Request:
    request = call.request(json.dumps(BODY).encode(), content=content)
    assert request is not None
    return request


def test_request_is_read() -> None:
    """What was asked for, the model by its path."""
    expected = Request(
        provider="aws.bedrock",
        operation="chat",
        api="converse",
        model=MODEL,
        max_tokens=100,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop_sequences=("a",),
        output_type="json",
        reasoning_level="low",
        service_tier="flex",
        input_length=len('Be brief.Where?{"a":1}{"at":3}'),
    )
    assert asked(WHOLE) == expected
    length = expected.input_length or 0
    length += len(json.dumps(BODY["toolConfig"]["tools"], separators=(",", ":")))
    assert asked(STREAM) == expected._replace(stream=True, input_length=length)


def test_messages_are_written_in_the_conventions_schema() -> None:
    """Tools' answers have the role tool; documents are named only; cache points say nothing."""
    request = asked(WHOLE, content=True)
    assert json.loads(request.system_instructions or "") == [{"type": "text", "content": "Be brief."}]
    assert json.loads(request.input_messages or "") == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "Where?"},
                {
                    "type": "blob",
                    "modality": "document",
                    "content": "",
                    "mime_type": "application/pdf",
                    "omitted_length": 4,
                },
            ],
        },
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "find", "id": "t1", "arguments": {"a": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": {"at": 3}, "id": "t1"}]},
    ]
    assert json.loads(request.tool_definitions or "") == [
        {"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "object"}}
    ]


@pytest.mark.parametrize("body", [{}, 3, {"messages": ["x"]}, {"messages": [{"role": "user", "content": "x"}]}])
def test_other_bodies_are_no_calls_on_an_unknown_host(body: object) -> None:
    """Messages with a role and a list of blocks confirm the call."""
    unknown = Recognised("aws.bedrock", CONVERSE, known=False, model="m")
    assert unknown.request(json.dumps(body).encode()) is None


def test_blocks_followed_are_bounded() -> None:
    """Tools beyond the bound are let go."""
    events = [start({"toolUseId": str(index), "name": "f"}, index) for index in range(MAX_BLOCKS + 5)]
    assert len(stream(*events).tool_calls) == MAX_BLOCKS


@pytest.mark.parametrize("document", [[], {"delta": 3, "start": 3, "usage": 3}, {"delta": {"toolUse": 3, "text": 3}}])
@pytest.mark.parametrize("name", ["contentBlockDelta", "contentBlockStart", "messageStop", "metadata", "later"])
def test_odd_events_are_borne(name: str, document: object) -> None:
    """Whatever the types, nothing raises and no count is made up."""
    told = stream(event(name, document), content=True)
    assert (told.usage, told.tool_calls) == (None, ())
    assert whole({"output": document, "usage": 3, "metrics": 3}).usage is None
