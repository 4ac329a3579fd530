import json
from base64 import b64encode
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from event_streams import CONTENT_TYPE, event, exception
from spanglass.call import Response, ServerTimes, ToolCall, Usage
from spanglass.wire.bedrock_invoke import INVOKE, INVOKE_STREAM
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised, recognise

MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
METRICS = {
    "inputTokenCount": 10,
    "outputTokenCount": 20,
    "invocationLatency": 1250,
    "firstByteLatency": 400,
    "cacheReadInputTokenCount": 5,
    "cacheWriteInputTokenCount": 0,
}


def chunk(document: object) -> bytes:
    wrapped = b64encode(json.dumps(document).encode()).decode()
    return event("chunk", {"bytes": wrapped, "p": "abcdefgh"[: len(wrapped) % 8]})


def said(text: str) -> bytes:
    return chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


USAGE = {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 0, "output_tokens": 1}
START = chunk(
    {
        "type": "message_start",
        "message": {"id": "msg_1", "model": "claude-haiku-4-5-20251001", "content": [], "usage": USAGE},
    }
)
STREAM = [
    START,
    chunk({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    said("On "),
    said("platform "),
    said("3é."),
    chunk({"type": "content_block_stop", "index": 0}),
    chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 20}}),
    chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}),
]


def stream(*events: bytes, step: int = 1 << 20) -> Response:
    call = Recognised("aws.bedrock", INVOKE_STREAM, known=True, model=MODEL)
    meter = Meter(call, started_ns=0, status=200, content_type=CONTENT_TYPE, content_encoding=None)
    for number, one in enumerate(events, 1):
        for start, end in pairwise([*range(0, len(one), step), len(one)]):
            meter.feed(one[start:end], number)
    return meter.response()


@pytest.mark.parametrize("step", [1 << 20, 1, 13])
def test_stream_is_read(step: int) -> None:
    """Claude's own events, unwrapped, at any cut; its bare name is left out, for prices go by the path's."""
    told = stream(*STREAM, step=step)
    assert told._replace(times=None) == Response(
        id="msg_1",
        finish_reasons=("end_turn",),
        usage=Usage(15, 20, cache_read_tokens=5, cache_write_tokens=0),
        output_length=len("On platform 3é."),
        complete=True,
        server_times=ServerTimes(total_ns=1_250_000_000),
    )
    assert told.times is not None
    assert (told.times.first_chunk_ns, told.times.first_token_ns) == (1, 3)


def test_metrics_stand_in_for_missing_usage() -> None:
    """Where Claude's events have no counts, Bedrock's do."""
    told = stream(*STREAM[1:6], STREAM[7])
    assert told.usage == Usage(15, 20, cache_read_tokens=5, cache_write_tokens=0)


def test_exception_in_a_stream_is_the_calls_error() -> None:
    """Its type is the error's, and what was said before stands."""
    told = stream(*STREAM[:5], exception("throttlingException", {"message": "Slow down"}))
    assert (told.error_type, told.error_message, told.complete) == ("throttlingException", "Slow down", False)
    assert (told.finish_reasons, told.output_length) == (("error",), len("On platform 3é."))


@pytest.mark.parametrize("payload", [{}, {"bytes": 3}, {"bytes": "%%%"}, {"bytes": "QQ="}, {"bytes": "é"}, []])
def test_odd_payloads_are_borne(payload: object) -> None:
    """What is no base64 of an event says nothing."""
    told = stream(START, event("chunk", payload), *STREAM[1:])
    assert told.output_length == len("On platform 3é.")


def test_many_chunks_are_skimmed() -> None:
    """Unwrapped, chunks of one shape need no decoding."""
    call = Recognised("aws.bedrock", INVOKE_STREAM, known=True, model=MODEL)
    meter = Meter(call, started_ns=0, status=200, content_type=CONTENT_TYPE, content_encoding=None)
    for number, one in enumerate([*STREAM[:2], *[said("four")] * 100]):
        meter.feed(one, number)
    assert meter._shapes.current is not None
    assert meter.response().output_length == 400


def whole(document: object, status: int = 200) -> Response:
    call = Recognised("aws.bedrock", INVOKE, known=True, model=MODEL)
    meter = Meter(call, started_ns=0, status=status, content_type="application/json", content_encoding=None)
    meter.feed(json.dumps(document).encode(), 1)
    return meter.response()


def test_whole_answer() -> None:
    """Claude's own document."""
    tool = {"type": "tool_use", "id": "t1", "name": "seat", "input": {}}
    told = whole({"id": "msg_1", "type": "message", "content": [tool], "stop_reason": "tool_use", "usage": USAGE})
    assert told.tool_calls == (ToolCall("seat", "t1"),)
    assert told.usage == Usage(15, 1, cache_read_tokens=5, cache_write_tokens=0)
    refused = whole({"message": "No such model"}, 400)
    assert (refused.error_message, refused.usage) == ("No such model", None)


ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"


@pytest.mark.parametrize("model", [MODEL, ARN])
@pytest.mark.parametrize(("path", "streamed"), [("/invoke", False), ("/invoke-with-response-stream", True)])
@pytest.mark.parametrize("host", ["bedrock-runtime.us-east-1.amazonaws.com", "localhost:8080"])
def test_claude_is_recognised_by_its_body(host: str, path: str, streamed: bool, model: str) -> None:  # noqa: FBT001 - a column
    """The model stands in the path, with its region; other makers' bodies are none of ours."""
    found = recognise("POST", host, f"/model/{quote(model, safe='')}{path}")
    assert found is not None
    body: dict[str, Any] = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [{"role": "user"}]}
    request = found.request(json.dumps(body).encode())
    assert request is not None
    assert (request.provider, request.model, request.stream) == ("aws.bedrock", model, streamed)
    assert (request.api, request.max_tokens) == ("invoke", 5)
    nova = {"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    for other in (nova, {"inputText": "Hi"}):
        assert found.request(json.dumps(other).encode()) is None
