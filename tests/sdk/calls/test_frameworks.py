"""A call made through a framework that records calls itself is one call, one cost and one count of each metric."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Protocol

import httpx2
import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor as OpenInference
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor as GenAI
from opentelemetry.instrumentation.genai.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.instrumentation.langchain import LangchainInstrumentor
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import format_span_id
from pydantic import SecretStr
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from scripted import Answer, ScriptedServer
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording
from untouched import untouched

JSON = (
    b'{"id":"c-1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2000,'
    b'"completion_tokens":1000,"total_tokens":3000}}'
)
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
WAYS = ("invoke", "stream", "ainvoke", "astream")


class Instrumentor(Protocol):
    """What every instrumentation has."""

    def instrument(self, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        """Begin."""

    def uninstrument(self, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        """End."""


open_inference: Callable[[], Instrumentor] = OpenInference


@contextmanager
def recorded_by(instrumentor: Instrumentor) -> Iterator[Telemetry]:
    """Record while an instrumentation does, too."""
    with recording() as telemetry, untouched("openai", "langchain_core", "langchain_openai"):
        instrumentor.instrument(
            tracer_provider=telemetry.tracers,
            meter_provider=telemetry.meters,
            logger_provider=telemetry.loggers,
            skip_dep_check=True,
        )
        try:
            yield telemetry
        finally:
            instrumentor.uninstrument()


def chat_model(server: ScriptedServer) -> ChatOpenAI:
    """LangChain's model over the real openai client."""
    return ChatOpenAI(
        model="gpt-4o-mini",
        base_url=f"{server.url}/v1",
        api_key=SecretStr("made-up"),
        stream_usage=True,
        max_retries=0,
        # LangChain keeps its own clients by address, and a later test may listen on the same port.
        http_client=httpx2.Client(),
        http_async_client=httpx2.AsyncClient(),
    )


def ask(model: ChatOpenAI, way: str) -> None:
    """Use a model in one of the four ways; in a context of its own, for some instrumentations leave theirs behind."""
    copy_context().run(ask_here, model, way)


def ask_here(model: ChatOpenAI, way: str) -> None:
    """Use a model in one of the four ways."""

    async def ask_async() -> None:
        if way == "ainvoke":
            await model.ainvoke("Hi")
        else:
            assert [chunk async for chunk in model.astream("Hi")]
        await model.root_async_client.close()

    if way == "invoke":
        model.invoke("Hi")
    elif way == "stream":
        assert list(model.stream("Hi"))
    else:
        asyncio.run(ask_async())
    model.root_client.close()


def total(telemetry: Telemetry, metric: metrics.Metric) -> float:
    """Sum a metric over all labels."""
    return sum(telemetry.metrics().get(metric.name, {}).values())


def scope(span: ReadableSpan) -> str:
    """Return who made a span."""
    assert span.instrumentation_scope is not None
    return span.instrumentation_scope.name


def of(telemetry: Telemetry, name: str) -> list[ReadableSpan]:
    """Return the spans of a scope."""
    return [span for span in telemetry.spans() if scope(span) == name]


def assert_counted_once(telemetry: Telemetry) -> None:
    """Every metric of the one call stands there once, whoever recorded it, and one span has a cost."""
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.TOKEN_USAGE) == 3000
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(0.0009)
    costs = [(span.attributes or {}).get(attr.COST_EXACT) for span in telemetry.spans()]
    assert [cost for cost in costs if cost is not None] == ["0.0009"]


@pytest.mark.parametrize("way", WAYS)
def test_langchain_alone(way: str, server: ScriptedServer) -> None:
    """Without any other instrumentation a LangChain call is one span of ours."""
    server.script.append(STREAM if "stream" in way else Answer([JSON]))
    with recording() as telemetry:
        ask(chat_model(server), way)
    assert telemetry.span().name == "chat gpt-4o-mini"
    assert_counted_once(telemetry)


@pytest.mark.parametrize("way", WAYS)
def test_langchain_with_opentelemetrys_instrumentation(way: str, server: ScriptedServer) -> None:
    """Its span is current, so it is the call's span and bears the cost."""
    server.script.append(STREAM if "stream" in way else Answer([JSON]))
    with recorded_by(GenAI()) as telemetry:  # type: ignore[no-untyped-call] # theirs
        ask(chat_model(server), way)
    assert telemetry.attributes()[attr.PRODUCER] == "opentelemetry.instrumentation.genai.langchain"
    assert_counted_once(telemetry)


@pytest.mark.parametrize("root", ["root", "below a span"])
@pytest.mark.parametrize("way", WAYS)
def test_langchain_with_openinference(way: str, root: str, server: ScriptedServer) -> None:
    """Its span is never current; ours is below it all the same, and it is marked as an account of the same call."""
    server.script.append(STREAM if "stream" in way else Answer([JSON]))
    with recorded_by(open_inference()) as telemetry:
        if root == "root":
            ask(chat_model(server), way)
        else:
            with telemetry.tracers.get_tracer("app").start_as_current_span("outer"):
                ask(chat_model(server), way)
    (theirs,) = of(telemetry, "openinference.instrumentation.langchain")
    (ours,) = of(telemetry, "spanglass")
    assert theirs.context is not None
    assert ours.context is not None
    assert ours.parent is not None
    assert ours.parent.span_id == theirs.context.span_id
    assert ours.context.trace_id == theirs.context.trace_id
    assert (theirs.attributes or {})[attr.DUPLICATE_OF] == format_span_id(ours.context.span_id)
    assert_counted_once(telemetry)


def test_call_in_a_langchain_step(server: ScriptedServer) -> None:
    """A call that a step of a chain makes by itself is a child of that step, which is no account of a call."""
    server.script.append(Answer([JSON]))
    question: Any = [{"role": "user", "content": "Hi"}]

    def step(_: str) -> str:
        with OpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
            client.chat.completions.create(model="gpt-4o-mini", messages=question)
        return "done"

    with recorded_by(open_inference()) as telemetry:
        (RunnableLambda(step) | RunnableLambda(lambda said: said)).invoke("Hi")
    (ours,) = of(telemetry, "spanglass")
    assert ours.parent is not None
    parent = next(
        span for span in telemetry.spans() if span.context is not None and span.context.span_id == ours.parent.span_id
    )
    assert parent.name == "step"
    assert not any(attr.DUPLICATE_OF in (span.attributes or {}) for span in telemetry.spans())


def test_concurrent_langchain_calls(server: ScriptedServer) -> None:
    """Calls at once are each below one span of the framework, and each such span has one."""
    server.repeat = Answer([JSON])
    model = chat_model(server)

    async def many() -> None:
        await asyncio.gather(*(model.ainvoke("Hi") for _ in range(4)))
        await model.root_async_client.close()

    with (
        recorded_by(open_inference()) as telemetry,
        telemetry.tracers.get_tracer("app").start_as_current_span("outer"),
    ):
        asyncio.run(many())
        model.root_client.close()
    theirs = {span.context.span_id for span in of(telemetry, "openinference.instrumentation.langchain") if span.context}
    parents = {span.parent.span_id for span in of(telemetry, "spanglass") if span.parent is not None}
    assert len(theirs) == 4
    assert parents == theirs


async def answer_with_agents(server: ScriptedServer) -> None:
    """Run an agent of the OpenAI Agents SDK."""
    set_tracing_disabled(disabled=False)
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
        await Runner.run(Agent(name="helper", model=OpenAIChatCompletionsModel("gpt-4o-mini", client)), "Hi")


def test_openai_agents(server: ScriptedServer) -> None:
    """Agent spans of OpenTelemetry's instrumentation are parents of the call, and repeat nothing of it."""
    server.script.append(Answer([JSON]))
    with recorded_by(OpenAIAgentsInstrumentor()) as telemetry:
        asyncio.run(answer_with_agents(server))
    (ours,) = of(telemetry, "spanglass")
    assert ours.parent is not None
    assert [span.name for span in telemetry.spans()] == [
        "chat gpt-4o-mini",
        "invoke_agent helper",
        "invoke_workflow Agent workflow",
    ]
    assert_counted_once(telemetry)


def test_pydantic_ai(server: ScriptedServer) -> None:
    """Its own chat span is the call's; its agent span has totals under another name."""
    server.script.append(Answer([JSON]))

    async def run(settings: InstrumentationSettings) -> None:
        async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
            agent = PydanticAgent(OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=client)))
            agent.instrument = settings
            await agent.run("Hi")

    with recording() as telemetry:
        asyncio.run(run(InstrumentationSettings(tracer_provider=telemetry.tracers, meter_provider=telemetry.meters)))
    chat, outer = telemetry.spans()
    assert (scope(chat), (chat.attributes or {})[attr.PRODUCER]) == ("pydantic-ai", "pydantic-ai")
    assert attr.INPUT_TOKENS not in (outer.attributes or {})
    assert_counted_once(telemetry)


def test_langchain_with_traceloop(server: ScriptedServer) -> None:
    """Its span is not current either, but says what it is: it is the call's span, and its metrics are not repeated."""
    server.script.append(Answer([JSON]))
    with recorded_by(LangchainInstrumentor()) as telemetry:  # once in a process: it cannot instrument again
        ask(chat_model(server), "invoke")
    assert telemetry.attributes()[attr.PRODUCER] == "opentelemetry.instrumentation.langchain"
    assert_counted_once(telemetry)
