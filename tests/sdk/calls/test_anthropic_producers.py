"""A call to Claude that its client, or instrumentations beside it, record too is one cost, each metric counted once."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import anthropic
import pytest
from openinference.instrumentation.anthropic import AnthropicInstrumentor as OpenInference
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor as Traceloop
from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor as GenAI
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.providers.anthropic import AnthropicProvider

from scripted import Answer, ScriptedServer
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the instrumentations' own
MODEL = "claude-haiku-4-5"
QUESTION: Any = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {"input_tokens": 1000, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1000, "output_tokens": 100}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}
# 1000 at 1 $, 1000 at 0.1 $ and 100 at 5 $, each for a million.
COST = "0.0016"
ANSWER = Answer([json.dumps(MESSAGE).encode()])
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "usage": USAGE | {"output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop"},
]
STREAM = Answer(
    [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in EVENTS],
    headers={"content-type": "text/event-stream"},
)
OVERLOADED = Answer(
    [b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
    529,
    {"content-type": "application/json", "retry-after-ms": "5"},
)
NATIVE = "com.anthropic.sdk.python"
SCOPES = {
    "genai": "opentelemetry.instrumentation.genai.anthropic",
    "traceloop": "opentelemetry.instrumentation.anthropic",
    "openinference": "openinference.instrumentation.anthropic",
}
OTHERS = ["", *SCOPES]


@contextmanager
def instrumented(name: str, telemetry: Telemetry) -> Iterator[None]:
    """Switch one instrumentation on while the block runs; none for an empty name."""
    if not name:
        yield
        return
    instrumentor: Any = {"genai": GenAI, "traceloop": Traceloop, "openinference": OpenInference}[name]()
    instrumentor.instrument(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)
    try:
        yield
    finally:
        instrumentor.uninstrument()


def tracing(telemetry: Telemetry, *, native: bool) -> Any:  # noqa: ANN401 - its type is new in the client's last major
    return {"tracer_provider": telemetry.tracers} if native else False


@contextmanager
def situation(
    server: ScriptedServer, other: str, *, native: bool, inside: bool = False, sampler: Sampler = ALWAYS_ON
) -> Iterator[tuple[Telemetry, anthropic.Anthropic]]:
    """Record with or without the client's own tracing, another instrumentation, a span of the application around."""
    with ExitStack() as stack:
        telemetry = stack.enter_context(recording(hosts={"127.0.0.1": "anthropic"}, sampler=sampler))
        stack.enter_context(instrumented(other, telemetry))
        made = stack.enter_context(
            anthropic.Anthropic(
                base_url=server.url, api_key="made-up", open_telemetry=tracing(telemetry, native=native)
            )
        )
        if inside:
            stack.enter_context(telemetry.tracers.get_tracer("app").start_as_current_span("turn"))
        yield telemetry, made


def total(telemetry: Telemetry, metric: metrics.Metric) -> float:
    return sum(telemetry.metrics().get(metric.name, {}).values())


def scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope is not None else ""


def billable(telemetry: Telemetry) -> list[ReadableSpan]:
    """Return the spans of calls that are not marked as another account of one."""
    return [
        span for span in telemetry.spans() if scope(span) != "app" and attr.DUPLICATE_OF not in (span.attributes or {})
    ]


def holds_one_call(telemetry: Telemetry, *, other: str, native: bool, calls: int = 1) -> None:
    """Check that the calls are one billable span each, and every metric is counted once between all who record."""
    # Traceloop's span is not to be trusted with the call; ours stands below it.
    expected = NATIVE if native else "spanglass" if other in ("", "traceloop") else SCOPES[other]
    spans = billable(telemetry)
    assert [scope(span) for span in spans] == [expected] * calls
    marked = [scope(span) for span in telemetry.spans() if attr.DUPLICATE_OF in (span.attributes or {})]
    assert marked == ([SCOPES[other]] * calls if other and (native or other == "traceloop") else [])
    for span in spans:
        found = span.attributes or {}
        assert found[attr.COST_EXACT] == COST
        assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (2000, 100)
        assert found.get(attr.PRODUCER) == (None if expected == "spanglass" else expected)
    assert total(telemetry, metrics.OPERATION_DURATION) == calls
    # Traceloop counts the token that a stream begins with twice.
    assert total(telemetry, metrics.TOKEN_USAGE) in ({2100 * calls, 2101} if other == "traceloop" else {2100 * calls})
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(float(COST) * calls)


@pytest.mark.parametrize("inside", ["", "inside"])
@pytest.mark.parametrize("call", ["whole", "streamed", "manager"])
@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("other", OTHERS)
def test_one_call(other: str, native: bool, call: str, inside: str, server: ScriptedServer) -> None:  # noqa: FBT001 - a column
    """Alone, beside the client's own span, and with each instrumentation around them: one cost, each metric once."""
    server.script.append(ANSWER if call == "whole" else STREAM)
    with situation(server, other, native=native, inside=bool(inside)) as (telemetry, made):
        if call == "whole":
            made.messages.create(**QUESTION)
        elif call == "streamed":
            assert list(made.messages.create(**QUESTION, stream=True))
        else:
            with made.messages.stream(**QUESTION) as events:
                assert "".join(events.text_stream) == "Hello"
    holds_one_call(telemetry, other=other, native=native)
    if call != "whole":
        assert total(telemetry, metrics.TIME_TO_FIRST_TOKEN) == 1


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("other", OTHERS)
def test_concurrent_calls(other: str, native: bool, server: ScriptedServer) -> None:  # noqa: FBT001 - a column
    """Calls that run at once under one span of the application stay three calls."""
    server.script.extend([ANSWER] * 3)

    async def talk(telemetry: Telemetry) -> None:
        async with anthropic.AsyncAnthropic(
            base_url=server.url, api_key="made-up", open_telemetry=tracing(telemetry, native=native)
        ) as made:
            with telemetry.tracers.get_tracer("app").start_as_current_span("turn"):
                await asyncio.gather(*[made.messages.create(**QUESTION) for _ in range(3)])

    with recording(hosts={"127.0.0.1": "anthropic"}) as telemetry, instrumented(other, telemetry):
        asyncio.run(talk(telemetry))
    holds_one_call(telemetry, other=other, native=native, calls=3)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("other", OTHERS)
def test_retries(other: str, native: bool, server: ScriptedServer) -> None:  # noqa: FBT001 - a column
    """Attempts under a span of somebody else's are one span that says how often it was tried; only the answer costs."""
    server.script.extend([OVERLOADED, ANSWER])
    with situation(server, other, native=native) as (telemetry, made):
        made.messages.create(**QUESTION)
    costs = [(span.attributes or {}).get(attr.COST_EXACT) for span in billable(telemetry)]
    assert costs == ([COST] if native or other in ("genai", "openinference") else [None, COST])
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(float(COST))
    assert (billable(telemetry)[-1].attributes or {})[attr.RESEND_COUNT] == 1


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("other", OTHERS)
def test_cancelled_stream(other: str, native: bool, server: ScriptedServer) -> None:  # noqa: FBT001 - a column
    """A stream closed early is one billable span with an estimate, whoever closes the span first."""
    server.script.append(STREAM)
    with situation(server, other, native=native) as (telemetry, made):
        stream = made.messages.create(**QUESTION, stream=True)
        next(iter(stream))
        stream.close()
    costs = [span for span in telemetry.spans() if attr.COST_STATE in (span.attributes or {})]
    assert [(span.attributes or {})[attr.COST_STATE] for span in costs] == ["estimated"]
    assert total(telemetry, metrics.OPERATION_COST) > 0


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("other", ["", "genai", "openinference"])
def test_unsampled_call_is_counted_once(other: str, native: bool, server: ScriptedServer) -> None:  # noqa: FBT001 - a column
    """Sampling takes spans away, not metrics; and nobody's metrics are doubled for it."""
    server.script.append(ANSWER)
    with situation(server, other, native=native, sampler=ALWAYS_OFF) as (telemetry, made):
        made.messages.create(**QUESTION)
    assert telemetry.spans() == []
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.TOKEN_USAGE) == 2100
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(float(COST))


@pytest.mark.parametrize("native", [True, False], ids=["native", "plain"])
def test_pydantic_ai(native: bool, server: ScriptedServer) -> None:  # noqa: FBT001 - a column
    """Between Pydantic AI, the client's own span and us the call is one, and its tokens are counted once."""
    server.repeat = STREAM

    async def run(telemetry: Telemetry) -> None:
        options = tracing(telemetry, native=native)
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="made-up", open_telemetry=options) as client:
            agent = Agent(AnthropicModel(MODEL, provider=AnthropicProvider(anthropic_client=client)))
            agent.instrument = InstrumentationSettings(
                tracer_provider=telemetry.tracers, meter_provider=telemetry.meters
            )
            await agent.run("Hi")

    with recording(hosts={"127.0.0.1": "anthropic"}) as telemetry:
        asyncio.run(run(telemetry))
    spans = {span.name: dict(span.attributes or {}) for span in telemetry.spans()}
    chat = spans[f"chat {MODEL}"]
    assert (attr.DUPLICATE_OF in chat, attr.COST_EXACT in chat) == (native, not native)
    assert [found[attr.COST_EXACT] for found in spans.values() if attr.COST_EXACT in found] == [COST]
    assert total(telemetry, metrics.TOKEN_USAGE) == 2100
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(float(COST))
