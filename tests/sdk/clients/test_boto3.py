"""What calls to Amazon Bedrock become, by the real boto3 client and by anthropic's own client for it."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Protocol

import anthropic
import boto3  # type: ignore[import-untyped] # it has no types
import pytest
from botocore.config import Config  # type: ignore[import-untyped] # likewise
from botocore.eventstream import EventStream  # type: ignore[import-untyped] # likewise
from botocore.exceptions import ClientError, EventStreamError  # type: ignore[import-untyped] # likewise
from dirty_equals import IsInt, IsStr
from inline_snapshot import snapshot

from event_streams import CONTENT_TYPE, event, exception
from scripted import Act, Answer, ScriptedServer
from spanglass.sdk.content import ContentMode
from spanglass.semconv import attributes as attr
from spanglass.testing import capture
from telemetry import Telemetry, recording

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
QUESTION: Any = [{"role": "user", "content": [{"text": "Where?"}]}]
USAGE = {
    "inputTokens": 100,
    "outputTokens": 50,
    "totalTokens": 1150,
    "cacheReadInputTokens": 600,
    "cacheWriteInputTokens": 400,
}
COST = "0.001001"  # 100 at 1.10, 600 read at 0.11, 400 written at 1.375, 50 out at 5.50 USD a million
BODY = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "On platform 3."}]}},
        "stopReason": "end_turn",
        "usage": USAGE,
        "metrics": {"latencyMs": 1250},
    }
).encode()
WHOLE = Answer([BODY])
EVENTS = [
    event("messageStart", {"role": "assistant", "p": "ab"}),
    *[
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}, "p": "abc"})
        for text in ("On ", "plat", "form ", "3.")
    ],
    event("contentBlockStop", {"contentBlockIndex": 0}),
    event("messageStop", {"stopReason": "end_turn"}),
    event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1250}}),
]
STREAM = {"content-type": CONTENT_TYPE}


class Bedrock(Protocol):
    """What the tests use of the client, which botocore makes at run time."""

    def converse(self, **given: object) -> dict[str, Any]:
        """Ask for a whole answer."""

    def converse_stream(self, **given: object) -> dict[str, Any]:
        """Ask for a stream."""

    def invoke_model(self, **given: object) -> dict[str, Any]:
        """Send a model's own body and read its answer whole."""

    def invoke_model_with_response_stream(self, **given: object) -> dict[str, Any]:
        """Send a model's own body and read its answer as a stream."""

    def close(self) -> None:
        """Close its connections."""


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Bedrock]:
    """The real client, at that provider."""
    made: Bedrock = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
        config=Config(retries={"total_max_attempts": 2, "mode": "standard"}),
    )
    yield made
    made.close()


def texts(stream: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in stream:
        if "contentBlockDelta" in one:
            yield one["contentBlockDelta"]["delta"]["text"]


def ask_streamed(client: Bedrock) -> EventStream:
    return client.converse_stream(modelId=MODEL, messages=QUESTION)["stream"]


def check_usage(telemetry: Telemetry) -> dict[str, Any]:
    """Hold the one span to the counts that were sent: cache reads and writes are part of the input."""
    found = telemetry.attributes()
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (1100, 50)
    assert (found[attr.CACHE_READ_TOKENS], found[attr.CACHE_WRITE_TOKENS]) == (600, 400)
    assert (found[attr.COST_STATE], found[attr.COST_EXACT]) == ("computed", COST)
    assert found[attr.SERVER_TIME_TOTAL] == 1.25
    assert found[attr.FINISH_REASONS] == ("end_turn",)
    return found


def test_whole_answer(client: Bedrock, server: ScriptedServer) -> None:
    """A plain call is one span with what was asked, answered, used and paid."""
    server.script.append(WHOLE)
    with capture() as seen:
        client.converse(modelId=MODEL, messages=QUESTION, inferenceConfig={"maxTokens": 100, "temperature": 0.5})
    assert seen.spans() == snapshot(
        [
            {
                "name": "chat us.anthropic.claude-haiku-4-5-20251001-v1:0",
                "trace": 1,
                "id": 1,
                "parent": None,
                "kind": "CLIENT",
                "scope": "spanglass",
                "start": 1.0,
                "end": 3.0,
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "aws.bedrock",
                    "gen_ai.request.max_tokens": 100,
                    "gen_ai.request.model": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
                    "gen_ai.request.temperature": 0.5,
                    "gen_ai.response.finish_reasons": ["end_turn"],
                    "gen_ai.usage.cache_read.input_tokens": 600,
                    "gen_ai.usage.cache_write.input_tokens": 400,
                    "gen_ai.usage.cost.amount": 0.001001,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "gen_ai.usage.input_tokens": 1100,
                    "gen_ai.usage.output_tokens": 50,
                    "http.response.status_code": 200,
                    "server.address": "127.0.0.1",
                    "server.port": IsInt(),
                    "spanglass.cost.amount": "0.001001",
                    "spanglass.cost.price_id": "aws/regional.anthropic.claude-haiku-4-5-20251001-v1:0",
                    "spanglass.cost.state": "computed",
                    "spanglass.cost.table": IsStr(regex="genai-prices .+"),
                    "spanglass.response.server_time.total": 1.25,
                },
            }
        ]
    )


@pytest.mark.parametrize(
    "model",
    [MODEL, f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{MODEL}"],
)
def test_model_by_name_or_profile(client: Bedrock, server: ScriptedServer, model: str) -> None:
    """An inference profile's ARN stands whole in the path, is the model asked for, and has its model's price."""
    server.script.append(WHOLE)
    with recording(hosts={}) as telemetry:
        client.converse(modelId=model, messages=QUESTION)
    assert check_usage(telemetry)[attr.REQUEST_MODEL] == model


def test_stream(client: Bedrock, server: ScriptedServer) -> None:
    """A stream has its times, and the counts of its last event."""
    server.script.append(Answer(EVENTS, headers=STREAM))
    with recording(hosts={}, content=ContentMode.SPAN_ONLY) as telemetry:
        assert "".join(texts(ask_streamed(client))) == "On platform 3."
    found = check_usage(telemetry)
    assert (found[attr.REQUEST_STREAM], found[attr.CHUNK_COUNT]) == (True, len(EVENTS))
    assert 0 < found[attr.TIME_TO_FIRST_CHUNK] <= found[attr.TIME_TO_FIRST_TOKEN]
    assert attr.STREAM_END not in found
    assert json.loads(found[attr.OUTPUT_MESSAGES]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "On platform 3."}],
            "finish_reason": "end_turn",
        }
    ]


def test_stream_that_is_left_is_a_cancelled_call(client: Bedrock, server: ScriptedServer) -> None:
    """The application stops after two pieces: both counts are estimated, and said so."""
    server.script.append(Answer([*EVENTS[:3], Act.WAIT], headers=STREAM))
    with recording(hosts={}) as telemetry, closing(ask_streamed(client)) as stream:
        read = texts(stream)
        assert [next(read), next(read)] == ["On ", "plat"]
        stream.close()
    found = telemetry.attributes()
    assert found[attr.STREAM_END] == "cancelled"
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (2, 2)
    assert (found[attr.COST_STATE], found[attr.USAGE_ESTIMATED]) == ("estimated", True)


def test_exception_in_the_middle(client: Bedrock, server: ScriptedServer) -> None:
    """The client raises as ever; the span has the exception's type and what came before is estimated."""
    broken = exception("modelStreamErrorException", {"message": "Overloaded"})
    server.script.append(Answer([*EVENTS[:3], broken], headers=STREAM))
    with recording(hosts={}) as telemetry, closing(ask_streamed(client)) as stream:
        with pytest.raises(EventStreamError, match="Overloaded"):
            list(texts(stream))
        stream.close()
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("modelStreamErrorException", "Overloaded")
    assert found[attr.COST_STATE] == "estimated"


def test_retried_call_is_a_span_an_attempt(client: Bedrock, server: ScriptedServer) -> None:
    """The client's own retry is seen as one, and one attempt is paid for."""
    headers = {"content-type": "application/json", "x-amzn-errortype": "ThrottlingException"}
    server.script.extend([Answer([b'{"message": "Too many requests"}'], 429, headers), WHOLE])
    with recording(hosts={}) as telemetry:
        client.converse(modelId=MODEL, messages=QUESTION)
    told = [span.attributes or {} for span in telemetry.spans()]
    assert [one[attr.HTTP_STATUS_CODE] for one in told] == [429, 200]
    assert [one.get(attr.COST_STATE) for one in told] == [None, "computed"]
    assert told[0][attr.ERROR_MESSAGE] == "Too many requests"
    assert told[1][attr.RESEND_COUNT] == 1


def test_refused_call(client: Bedrock, server: ScriptedServer) -> None:
    """The client raises as ever; the body names no type, so the status is the error's."""
    headers = {"content-type": "application/json", "x-amzn-errortype": "ValidationException"}
    server.script.append(Answer([b'{"message": "No such model"}'], 400, headers))
    with recording(hosts={}) as telemetry, pytest.raises(ClientError, match="No such model"):
        client.converse(modelId=MODEL, messages=QUESTION)
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("400", "No such model")


COUNTS = {"input_tokens": 100, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 400, "output_tokens": 50}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "On platform 3."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": COUNTS,
}
CLAUDE_EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "On "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "platform 3."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"invocationLatency": 1250}},
]
WRAPPED = [event("chunk", {"bytes": b64encode(json.dumps(one).encode()).decode(), "p": "abc"}) for one in CLAUDE_EVENTS]
ASKED = {"max_tokens": 100, "messages": [{"role": "user", "content": "Where?"}]}


def check_claude(telemetry: Telemetry) -> None:
    """Hold the one span to the counts that Claude sent, and to the price of the region."""
    found = telemetry.attributes()
    assert (found[attr.PROVIDER], found[attr.REQUEST_MODEL]) == ("aws.bedrock", MODEL)
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (1100, 50)
    assert (found[attr.COST_STATE], found[attr.COST_EXACT]) == ("computed", COST)
    assert attr.STREAM_END not in found


def test_claude_by_its_own_body(client: Bedrock, server: ScriptedServer) -> None:
    """InvokeModel carries Claude's own messages."""
    server.script.append(Answer([json.dumps(MESSAGE).encode()]))
    with recording(hosts={}) as telemetry:
        answer = client.invoke_model(modelId=MODEL, body=json.dumps({"anthropic_version": "x", **ASKED}))
        assert json.loads(answer["body"].read()) == MESSAGE
    check_claude(telemetry)


def test_claude_streamed_by_its_own_body(client: Bedrock, server: ScriptedServer) -> None:
    """Its stream has Claude's own events, wrapped."""
    server.script.append(Answer(WRAPPED, headers=STREAM))
    with recording(hosts={}) as telemetry:
        answer = client.invoke_model_with_response_stream(
            modelId=MODEL, body=json.dumps({"anthropic_version": "x", **ASKED})
        )
        assert [json.loads(one["chunk"]["bytes"]) for one in answer["body"]] == CLAUDE_EVENTS
    check_claude(telemetry)
    assert telemetry.attributes()[attr.SERVER_TIME_TOTAL] == 1.25


def claude(server: ScriptedServer) -> anthropic.AnthropicBedrock:
    return anthropic.AnthropicBedrock(
        aws_access_key="made-up",
        aws_secret_key="made-up",
        aws_region="us-east-1",
        base_url=server.url,
        open_telemetry=False,
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_own_client_for_bedrock(server: ScriptedServer, streamed: bool) -> None:  # noqa: FBT001 - a column
    """It sends the same by another HTTP library."""
    server.script.append(Answer(WRAPPED, headers=STREAM) if streamed else Answer([json.dumps(MESSAGE).encode()]))
    with recording(hosts={}) as telemetry, claude(server) as made:
        asked: Any = {"model": MODEL, **ASKED}
        if streamed:
            with made.messages.stream(**asked) as stream:
                assert "".join(stream.text_stream) == "On platform 3."
        else:
            assert made.messages.create(**asked).content[0].text == "On platform 3."
    check_claude(telemetry)
