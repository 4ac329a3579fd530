"""The graph of agents as real frameworks record them."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import openai
import pytest
from agents import Agent as OpenAIAgent
from agents import OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from inline_snapshot import snapshot
from mcp.client.client import Client
from mcp.server.mcpserver import MCPServer
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.instrumentation.genai.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from pydantic_ai import Agent, Tool
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from recorded_spans import recorded
from records import batch
from scripted import ScriptedServer, scripted
from spanglass.server.query.agents import agents
from spanglass.server.query.tools import tools
from spanglass.server.record import StoredSpan
from spanglass.server.store.duckdb import DuckDBStore
from understood import completion

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the instrumentations' own
END = 2**62


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider without a script."""
    with scripted() as made:
        yield made


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    """An empty store."""
    made = DuckDBStore(None)
    yield made
    made.close()


def calling(name: str) -> dict[str, Any]:
    """Return a message that calls a tool."""
    return {
        "content": None,
        "tool_calls": [{"id": "call-1", "type": "function", "function": {"name": name, "arguments": "{}"}}],
    }


def weather() -> str:
    """Tell the weather."""
    return "sunny"


def edges(store: DuckDBStore, spans: Sequence[StoredSpan]) -> list[tuple[str, str, str, int]]:
    """Return the edges of the graph, but for their figures."""
    store.write([batch(*spans)])
    found = agents(store, start_ns=0, end_ns=END).edges
    return sorted((edge.caller, edge.callee, edge.kind, edge.count) for edge in found)


def test_a_handoff_of_openais_agents(store: DuckDBStore, server: ScriptedServer) -> None:
    """The agent that took over was given the work by the one before it, not called by the workflow."""
    server.script += [
        completion(calling("transfer_to_refunds"), "tool_calls", "c-1"),
        completion({"content": "Done"}, "stop", "c-2"),
    ]

    async def run() -> None:
        set_tracing_disabled(disabled=False)
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
            model = OpenAIChatCompletionsModel("gpt-4o-mini", client)
            refunds = OpenAIAgent(name="refunds", model=model)
            await Runner.run(OpenAIAgent(name="triage", model=model, handoffs=[refunds]), "Hi")

    with recorded(OpenAIAgentsInstrumentor, OpenAIInstrumentor) as (_, kept):
        asyncio.run(run())
        assert edges(store, kept()) == snapshot(
            [
                ("agent:refunds", "model:gpt-4o-mini", "call", 1),
                ("agent:triage", "agent:refunds", "handoff", 1),
                ("agent:triage", "model:gpt-4o-mini", "call", 1),
                ("service", "workflow:Agent workflow", "call", 1),
                ("workflow:Agent workflow", "agent:triage", "call", 1),
            ]
        )


def test_pydantic_ai(store: DuckDBStore, server: ScriptedServer) -> None:
    """An agent calls its model twice, and the tool that the first answer asks for."""
    server.script += [
        completion(calling("weather"), "tool_calls", "c-1"),
        completion({"content": "Sunny"}, "stop", "c-2"),
    ]

    async def run(tracers: TracerProvider) -> None:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
            model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=client))
            agent = Agent(model, tools=[Tool(weather)], name="helper")
            agent.instrument = InstrumentationSettings(tracer_provider=tracers)
            await agent.run("Weather?")

    with recorded() as (tracers, kept):
        asyncio.run(run(tracers))
        assert edges(store, kept()) == snapshot(
            [
                ("agent:helper", "model:gpt-4o-mini", "call", 2),
                ("agent:helper", "tool:weather", "call", 1),
                ("service", "agent:helper", "call", 1),
            ]
        )


def test_a_tool_over_mcp_is_called_once(store: DuckDBStore) -> None:
    """A tool that its server alone tells of counts; beneath the tool's own span it is the same call."""
    app = MCPServer("desk", log_level="ERROR")
    app.add_tool(weather)

    with recorded() as (tracers, kept), pytest.MonkeyPatch.context() as patch:
        tracer = tracers.get_tracer("mcp-python-sdk")
        patch.setattr("mcp.shared._otel._tracer", tracer)  # it takes the global one

        async def run() -> None:
            async with Client(app) as client:
                await client.call_tool("weather", {})
                with tracer.start_as_current_span("execute_tool weather", attributes={"gen_ai.tool.name": "weather"}):
                    await client.call_tool("weather", {})

        asyncio.run(run())
        spans = kept()

    assert sum(one.facts.tool_name == "weather" for one in spans) == 3
    store.write([batch(*spans)])
    assert [(one.name, one.calls) for one in tools(store, start_ns=0, end_ns=END).tools] == [("weather", 2)]
