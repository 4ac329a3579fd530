"""A call that somebody else records too is one span, one cost and one count of each metric."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as GenAI
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from parts import ROOT
from scripted import Answer, ScriptedServer
from spanglass.sdk.calls.producers import NOBODY, PRODUCERS, UTIL_GENAI, Producer, producer_of
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording

PRODUCER_OF_COUNTS = Producer(frozenset({metrics.OPERATION_DURATION.name, metrics.TOKEN_USAGE.name}))
QUESTION: Any = [{"role": "user", "content": "Hi"}]
JSON = (
    b'{"id":"c-1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2000,'
    b'"completion_tokens":1000,"total_tokens":3000,"prompt_tokens_details":{"cached_tokens":1000}}}'
)
ANSWER = Answer([JSON])
CHUNK = b'data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini-2024-07-18",'
STREAM = Answer(
    [
        CHUNK + b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"}}]}\n\n',
        CHUNK + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
        CHUNK + b'"choices":[],"usage":{"prompt_tokens":2000,"completion_tokens":1000,"total_tokens":3000}}\n\n',
        b"data: [DONE]\n\n",
    ],
    headers={"content-type": "text/event-stream"},
)
LIMITED = Answer([b'{"error":{"code":"rate_limit_exceeded","message":"Slow down."}}'], 429, {"retry-after-ms": "5"})


@contextmanager
def genai(telemetry: Telemetry) -> Iterator[None]:
    instrumentor = GenAI()
    instrumentor.instrument(
        tracer_provider=telemetry.tracers, meter_provider=telemetry.meters, logger_provider=telemetry.loggers
    )
    try:
        yield
    finally:
        instrumentor.uninstrument()


@contextmanager
def openinference(telemetry: Telemetry) -> Iterator[None]:
    instrumentor = OpenInference()
    instrumentor.instrument(tracer_provider=telemetry.tracers)
    try:
        yield
    finally:
        instrumentor.uninstrument()


@contextmanager
def by_hand(telemetry: Telemetry) -> Iterator[None]:
    with telemetry.tracers.get_tracer("ai-service").start_as_current_span("llm.generate") as span:
        span.set_attribute("llm.model", "gpt-4o-mini")
        span.set_attribute("llm.provider", "openai")
        yield


RECORDING = {
    "genai": (genai, "opentelemetry.instrumentation.genai.openai"),
    "openinference": (openinference, "openinference.instrumentation.openai"),
    "by hand": (by_hand, "ai-service"),
}


def client(server: ScriptedServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up")


def total(telemetry: Telemetry, metric: metrics.Metric) -> float:
    return sum(telemetry.metrics().get(metric.name, {}).values())


@pytest.mark.parametrize("streamed", ["", "streamed"])
@pytest.mark.parametrize("name", RECORDING)
def test_one_span_with_cost_and_every_metric_once(name: str, streamed: str, server: ScriptedServer) -> None:
    """The producer's span carries usage and cost; duration, tokens and cost are counted once between the two."""
    produced, scope = RECORDING[name]
    server.script.append(STREAM if streamed else ANSWER)
    with recording() as telemetry, produced(telemetry), client(server) as made:
        if streamed:
            options: Any = {"include_usage": True}
            assert list(
                made.chat.completions.create(
                    model="gpt-4o-mini", messages=QUESTION, stream=True, stream_options=options
                )
            )
        else:
            made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    found = telemetry.attributes()
    assert telemetry.span().instrumentation_scope.name == scope  # type: ignore[union-attr] # a span of the SDK has one
    assert found[attr.PRODUCER] == scope
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (2000, 1000)
    assert found[attr.COST_EXACT] == ("0.0009" if streamed else "0.000825")
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.TOKEN_USAGE) == 3000
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(0.0009 if streamed else 0.000825)
    assert total(telemetry, metrics.TIME_TO_FIRST_CHUNK) == (1 if streamed else 0)
    assert total(telemetry, metrics.TIME_TO_FIRST_TOKEN) == (1 if streamed else 0)


@pytest.mark.parametrize("name", RECORDING)
def test_retries_under_one_span(name: str, server: ScriptedServer) -> None:
    """Attempts under a span of somebody else's are one span: the last answer's facts, how often it was tried again."""
    produced, _ = RECORDING[name]
    server.script.extend([LIMITED, LIMITED, ANSWER])
    with recording() as telemetry, produced(telemetry), client(server) as made:
        made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    found = telemetry.attributes()
    assert found[attr.RESEND_COUNT] == 2
    assert found[attr.HTTP_STATUS_CODE] == 200
    assert attr.ERROR_TYPE not in found
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(0.000825)
    assert total(telemetry, metrics.RATE_LIMITS) == 2
    # Where the producer counts calls, calls = attempts - retries must hold without our retries.
    attempts, retries = total(telemetry, metrics.OPERATION_DURATION), total(telemetry, metrics.RETRIES)
    assert (attempts, retries) == ((1, 0) if name == "genai" else (3, 2))


@pytest.mark.parametrize("name", RECORDING)
def test_cancelled_stream(name: str, server: ScriptedServer) -> None:
    """A stream closed early is one span with the estimate of what it used, whoever closes the span first."""
    produced, _ = RECORDING[name]
    server.script.append(STREAM)
    with recording() as telemetry, produced(telemetry), client(server) as made:
        stream = made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, stream=True)
        next(iter(stream))
        stream.close()
    found = telemetry.attributes()
    assert found[attr.STREAM_END] == "cancelled"
    assert found[attr.COST_STATE] == "estimated"
    assert total(telemetry, metrics.OPERATION_DURATION) == 1


@pytest.mark.parametrize("name", ["genai", "openinference"])
def test_async_client(name: str, server: ScriptedServer) -> None:
    """The asynchronous client is enriched like the other."""
    produced, scope = RECORDING[name]
    server.script.extend([ANSWER, STREAM])

    async def talk() -> None:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as made:
            await made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
            options: Any = {"include_usage": True}
            stream = await made.chat.completions.create(
                model="gpt-4o-mini", messages=QUESTION, stream=True, stream_options=options
            )
            assert [chunk async for chunk in stream]

    with recording() as telemetry, produced(telemetry):
        asyncio.run(talk())
    assert [span.attributes[attr.PRODUCER] for span in telemetry.spans() if span.attributes] == [scope, scope]
    assert [span.attributes[attr.COST_EXACT] for span in telemetry.spans() if span.attributes] == ["0.000825", "0.0009"]
    assert total(telemetry, metrics.OPERATION_DURATION) == 2


def test_embeddings(server: ScriptedServer) -> None:
    """An embeddings span is enriched by an embeddings call."""
    server.script.append(
        Answer([b'{"object":"list","data":[],"model":"text-embedding-3-small","usage":{"prompt_tokens":9}}'])
    )
    with recording() as telemetry, genai(telemetry), client(server) as made:
        made.embeddings.create(model="text-embedding-3-small", input="Hi", encoding_format="float")
    assert telemetry.attributes()[attr.COST_STATE] == "computed"
    assert total(telemetry, metrics.TOKEN_USAGE) == 9


def test_span_that_ends_before_its_stream(server: ScriptedServer) -> None:
    """What comes after a hand-written span has ended is written on a span of ours below it, from the call's start."""
    server.script.append(STREAM)
    with recording() as telemetry, client(server) as made:
        with by_hand(telemetry):
            stream = made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, stream=True)
        list(stream)
    outer, ours = telemetry.spans()
    assert ours.parent is not None
    assert outer.context is not None
    assert ours.parent.span_id == outer.context.span_id
    assert outer.end_time is not None
    assert ours.start_time is not None
    assert ours.start_time < outer.end_time
    assert attr.COST_EXACT not in (outer.attributes or {})
    assert (ours.attributes or {})[attr.COST_EXACT] == "0.0009"
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(0.0009)


def test_second_call_under_one_span_gets_its_own(server: ScriptedServer) -> None:
    """A span opened for one call takes one: the money of the next is not written over it."""
    server.script.extend([ANSWER, STREAM])
    with recording() as telemetry, client(server) as made, by_hand(telemetry):
        made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
        list(made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, stream=True))
    ours, outer = telemetry.spans()
    assert ((outer.attributes or {})[attr.COST_EXACT], (ours.attributes or {})[attr.COST_EXACT]) == (
        "0.000825",
        "0.0009",
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4o-mini"},
        {"gen_ai.operation.name": "embeddings"},
        {"openinference.span.kind": "CHAIN", "llm.model_name": "gpt-4o-mini"},
        {"traceloop.span.kind": "workflow", "gen_ai.system": "openai"},
        {"http.request.method": "POST"},
        {},
    ],
    ids=str,
)
def test_span_of_something_else_is_a_parent(attributes: dict[str, str], server: ScriptedServer) -> None:
    """A span around the call that is not the call's own, such as an agent's, gets a child."""
    server.script.append(ANSWER)
    with (
        recording() as telemetry,
        client(server) as made,
        telemetry.tracers.get_tracer("app").start_as_current_span("outer", attributes=attributes),
    ):
        made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    ours, outer = telemetry.spans()
    assert ours.name == "chat gpt-4o-mini"
    assert dict(outer.attributes or {}) == attributes


@pytest.mark.parametrize("name", ["nobody", "genai", "openinference", "by hand"])
def test_unsampled_call_is_counted_and_not_traced(name: str, server: ScriptedServer) -> None:
    """Sampling takes spans away, not metrics; and nobody's metrics are doubled for it."""
    server.script.append(ANSWER)
    with recording(sampler=ALWAYS_OFF) as telemetry, client(server) as made:
        if name == "nobody":
            made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
        else:
            with RECORDING[name][0](telemetry):
                made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    assert telemetry.spans() == []
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.TOKEN_USAGE) == 3000
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(0.000825)


def test_every_known_producer_is_documented() -> None:
    """The page that says who else records names each scope of the table."""
    page = (ROOT / "docs" / "calls.md").read_text()
    assert [scope for scope, _ in PRODUCERS if f"`{scope}*`" not in page and f"`{scope}`" not in page] == []


@pytest.mark.parametrize(
    ("scope", "recorded"),
    [
        ("opentelemetry.instrumentation.genai.openai", UTIL_GENAI),
        ("opentelemetry.util.genai.handler", UTIL_GENAI),
        ("openinference.instrumentation.openai", NOBODY),
        ("openlit.otel.tracing", PRODUCER_OF_COUNTS),
        ("opentelemetry.instrumentation.openai.v1", PRODUCER_OF_COUNTS),
        ("openlittle", NOBODY),
        (None, NOBODY),
    ],
)
def test_producers_by_scope(scope: str | None, recorded: Producer) -> None:
    """A scope is found by its name, or by the beginning that its row gives."""
    assert producer_of(scope) == recorded
