"""Calls as the real packages record them, sent as OTLP: understood as one call each, with counts, times, messages."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from agents import Agent as OpenAIAgent
from agents import OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from inline_snapshot import snapshot
from langchain_openai import ChatOpenAI
from mcp.client.client import Client
from mcp.server.mcpserver import MCPServer
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInferenceOpenAI
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor as GenAILangChain
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as GenAIOpenAI
from opentelemetry.instrumentation.genai.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from pydantic import SecretStr
from pydantic_ai import Agent, Tool
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from recorded_spans import ANTHROPIC, LANGCHAIN, OPENAI, recorded
from scripted import Answer, ScriptedServer, scripted
from understood import completion, streamed, told

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the instrumentations' own

QUESTION: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather in Rome?"}]
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
CALL = {"id": "call-1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}}


MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "Sunny"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 1000,
        "cache_creation_input_tokens": 50,
        "cache_read_input_tokens": 200,
        "output_tokens": 9,
    },
}


@pytest.fixture(autouse=True)
def content(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's instrumentations record content where they are told to; the others do by themselves."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider without a script."""
    with scripted() as made:
        yield made


@pytest.mark.parametrize("producer", OPENAI)
def test_openai(producer: str, server: ScriptedServer) -> None:
    """Model, counts, the tool that was asked for and every message are read from each instrumentation of OpenAI."""
    server.script.append(completion({"content": None, "tool_calls": [CALL]}, "tool_calls"))
    with (
        recorded(OPENAI[producer]) as (_, kept),
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client,
    ):
        client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS)
        assert [told(one) for one in kept()] == snapshot(
            {
                "openinference": [
                    {
                        "name": "ChatCompletion",
                        "work": "llm",
                        "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", None),
                        "tokens": (2000, 1000, 500, None),
                        "reasons": ("tool_calls",),
                        "stream": (None, False),
                        "cost": "computed 0.0008625",
                        "input_messages": [
                            {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                            {"role": "user", "parts": [{"type": "text", "content": "Weather in Rome?"}]},
                        ],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [
                                    {
                                        "type": "tool_call",
                                        "name": "weather",
                                        "id": "call-1",
                                        "arguments": {"city": "Rome"},
                                    }
                                ],
                            }
                        ],
                        "tool_definitions": [
                            {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
                        ],
                    }
                ],
                "traceloop": [
                    {
                        "name": "openai.chat",
                        "work": "llm",
                        "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                        "tokens": (2000, 1000, 500, None),
                        "reasons": ("tool_call",),
                        "stream": (False, False),
                        "cost": "computed 0.0008625",
                        "input_messages": [
                            {"role": "system", "parts": [{"content": "Be brief.", "type": "text"}]},
                            {"role": "user", "parts": [{"content": "Weather in Rome?", "type": "text"}]},
                        ],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [
                                    {
                                        "type": "tool_call",
                                        "name": "weather",
                                        "id": "call-1",
                                        "arguments": {"city": "Rome"},
                                    }
                                ],
                                "finish_reason": "tool_call",
                            }
                        ],
                        "tool_definitions": [
                            {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
                        ],
                    }
                ],
                "genai": [
                    {
                        "name": "chat gpt-4o-mini",
                        "work": "llm",
                        "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                        "tokens": (2000, 1000, 500, None),
                        "reasons": ("tool_calls",),
                        "stream": (None, False),
                        "cost": "computed 0.0008625",
                        "input_messages": [
                            {"role": "system", "parts": [{"content": "Be brief.", "type": "text"}]},
                            {"role": "user", "parts": [{"content": "Weather in Rome?", "type": "text"}]},
                        ],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [
                                    {
                                        "arguments": {"city": "Rome"},
                                        "name": "weather",
                                        "id": "call-1",
                                        "type": "tool_call",
                                    }
                                ],
                                "finish_reason": "tool_call",
                            }
                        ],
                        "tool_definitions": [
                            {
                                "type": "function",
                                "name": "weather",
                                "description": None,
                                "parameters": {"type": "object", "properties": {}},
                            }
                        ],
                    }
                ],
            }
        )[producer]


@pytest.mark.parametrize("producer", OPENAI)
def test_openai_streamed(producer: str, server: ScriptedServer) -> None:
    """The first chunk is timed, by attribute or event; of Traceloop's event a chunk one is kept."""
    server.script.append(streamed())
    options: Any = {"include_usage": True}
    with (
        recorded(OPENAI[producer]) as (_, kept),
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client,
    ):
        answer = client.chat.completions.create(
            model="gpt-4o-mini", messages=QUESTION, stream=True, stream_options=options
        )
        assert list(answer)
        (only,) = kept()

    assert only.facts.call is not None
    assert only.facts.call.stream is True
    assert only.facts.call.usage is not None
    assert only.facts.call.usage[:3] == (2000, 1000, 500)
    assert only.facts.call.first_chunk_ns is not None
    assert 0 < only.facts.call.first_chunk_ns <= only.span.end_ns - only.span.start_ns
    assert len(only.span.events) <= 1


@pytest.mark.parametrize("producer", [*ANTHROPIC, "native"])
def test_anthropic(producer: str, server: ScriptedServer) -> None:
    """Input is whole, cached parts included, whoever counted, the client itself among them."""
    server.script.append(Answer([json.dumps(MESSAGE).encode()]))
    with recorded(*[ANTHROPIC[producer]] if producer in ANTHROPIC else []) as (tracers, kept):
        native: Any = {"tracer_provider": tracers, "traces": {"content_mode": "content"}}
        with anthropic.Anthropic(
            base_url=server.url, api_key="made-up", open_telemetry=native if producer == "native" else False
        ) as client:
            client.messages.create(
                model="claude-haiku-4-5",
                max_tokens=10,
                system="Be brief.",
                messages=[{"role": "user", "content": "Weather?"}],
            )
        assert [told(one) for one in kept()] == snapshot(
            {
                "openinference": [
                    {
                        "name": "messages.create",
                        "work": "llm",
                        "call": ("chat", "anthropic", "claude-haiku-4-5", "claude-haiku-4-5", None),
                        "tokens": (1250, 9, 200, 50),
                        "reasons": ("end_turn",),
                        "stream": (None, False),
                        "cost": "computed 0.0011275",
                        "input_messages": [
                            {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                            {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                        ],
                        "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}],
                    }
                ],
                "traceloop": [
                    {
                        "name": "anthropic.chat",
                        "work": "llm",
                        "call": ("chat", "anthropic", "claude-haiku-4-5", "claude-haiku-4-5", "msg_1"),
                        "tokens": (1250, 9, 200, 50),
                        "reasons": ("stop",),
                        "stream": (None, False),
                        "cost": "computed 0.0011275",
                        "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [{"type": "text", "content": "Sunny"}],
                                "finish_reason": "stop",
                            }
                        ],
                        "system_instructions": [{"type": "text", "content": "Be brief."}],
                    }
                ],
                "genai": [
                    {
                        "name": "chat claude-haiku-4-5",
                        "work": "llm",
                        "call": ("chat", "anthropic", "claude-haiku-4-5", "claude-haiku-4-5", "msg_1"),
                        "tokens": (1250, 9, 200, 50),
                        "reasons": ("stop",),
                        "stream": (None, False),
                        "cost": "computed 0.0011275",
                        "input_messages": [{"role": "user", "parts": [{"content": "Weather?", "type": "text"}]}],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [{"content": "Sunny", "type": "text"}],
                                "finish_reason": "stop",
                            }
                        ],
                        "system_instructions": [{"content": "Be brief.", "type": "text"}],
                    }
                ],
                "native": [
                    {
                        "name": "anthropic.messages.create",
                        "work": "llm",
                        "call": ("chat", "anthropic", "claude-haiku-4-5", "claude-haiku-4-5", "msg_1"),
                        "tokens": (1250, 9, 200, 50),
                        "reasons": ("end_turn",),
                        "stream": (None, False),
                        "cost": "computed 0.0011275",
                        "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                        "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}],
                        "system_instructions": [{"type": "text", "content": "Be brief."}],
                    }
                ],
            }
        )[producer]


def ask_langchain(server: ScriptedServer) -> None:
    model = ChatOpenAI(
        model="gpt-4o-mini",
        base_url=f"{server.url}/v1",
        api_key=SecretStr("made-up"),
        max_retries=0,
        http_client=httpx2.Client(),
    )
    model.invoke("Weather?")
    model.root_client.close()


@pytest.mark.parametrize("producer", LANGCHAIN)
def test_langchain(producer: str, server: ScriptedServer) -> None:
    """A model of LangChain's is one call."""
    server.script.append(completion({"content": "Sunny"}, "stop"))
    with recorded(LANGCHAIN[producer]) as (_, kept):
        ask_langchain(server)
        assert [told(one) for one in kept()] == snapshot(
            {
                "openinference": [
                    {
                        "name": "ChatOpenAI",
                        "work": "llm",
                        "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", None),
                        "tokens": (2000, 1000, 500, None),
                        "reasons": ("stop",),
                        "stream": (False, False),
                        "cost": "computed 0.0008625",
                        "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                        "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}],
                    }
                ],
                "traceloop": [
                    {
                        "name": "ChatOpenAI.chat",
                        "work": "llm",
                        "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                        "tokens": (2000, 1000, 500, None),
                        "reasons": ("stop",),
                        "stream": (None, False),
                        "cost": "computed 0.0008625",
                        "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [{"type": "text", "content": "Sunny"}],
                                "finish_reason": "stop",
                            }
                        ],
                    }
                ],
                "genai": [
                    {
                        "name": "chat gpt-4o-mini",
                        "work": "llm",
                        "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                        "tokens": (2000, 1000, 500, None),
                        "reasons": ("stop",),
                        "stream": (None, False),
                        "cost": "computed 0.0008625",
                        "input_messages": [{"role": "user", "parts": [{"content": "Weather?", "type": "text"}]}],
                        "output_messages": [
                            {
                                "role": "assistant",
                                "parts": [{"content": "Sunny", "type": "text"}],
                                "finish_reason": "stop",
                            }
                        ],
                    }
                ],
            }
        )[producer]


def weather(city: str) -> str:
    """Say what the weather is."""
    return f"Sunny in {city}"


def test_pydantic_ai(server: ScriptedServer) -> None:
    """Its agent repeats nothing that is counted; its calls have a cost of their own and a conversation."""
    server.script.append(completion({"content": None, "tool_calls": [CALL]}, "tool_calls", "c-1"))
    server.script.append(completion({"content": "Sunny"}, "stop", "c-2"))

    async def run(tracers: TracerProvider) -> None:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
            model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=client))
            agent = Agent(model, tools=[Tool(weather)], name="helper")
            agent.instrument = InstrumentationSettings(tracer_provider=tracers)
            await agent.run("Weather?")

    with recorded() as (tracers, kept):
        asyncio.run(run(tracers))
        assert [told(one) for one in kept()] == snapshot(
            [
                {
                    "name": "chat gpt-4o-mini",
                    "work": "llm",
                    "agent": "helper",
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": ("tool_call",),
                    "stream": (None, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [
                        {
                            "role": "assistant",
                            "parts": [
                                {"type": "tool_call", "id": "call-1", "name": "weather", "arguments": {"city": "Rome"}}
                            ],
                            "finish_reason": "tool_call",
                        }
                    ],
                    "tool_definitions": [
                        {
                            "type": "function",
                            "name": "weather",
                            "description": "Say what the weather is.",
                            "parameters": {
                                "additionalProperties": False,
                                "properties": {"city": {"type": "string"}},
                                "required": ["city"],
                                "type": "object",
                            },
                        }
                    ],
                },
                {
                    "name": "execute_tool weather",
                    "work": "tool",
                    "agent": "helper",
                    "tool": "weather",
                    "tool_arguments": {"city": "Rome"},
                    "tool_result": "Sunny in Rome",
                },
                {
                    "name": "chat gpt-4o-mini",
                    "work": "llm",
                    "agent": "helper",
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-2"),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": ("stop",),
                    "stream": (None, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [
                        {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                        {
                            "role": "assistant",
                            "parts": [
                                {"type": "tool_call", "id": "call-1", "name": "weather", "arguments": {"city": "Rome"}}
                            ],
                            "finish_reason": "tool_call",
                        },
                        {
                            "role": "user",
                            "parts": [{"type": "tool_call_response", "response": "Sunny in Rome", "id": "call-1"}],
                        },
                    ],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                    ],
                    "tool_definitions": [
                        {
                            "type": "function",
                            "name": "weather",
                            "description": "Say what the weather is.",
                            "parameters": {
                                "additionalProperties": False,
                                "properties": {"city": {"type": "string"}},
                                "required": ["city"],
                                "type": "object",
                            },
                        }
                    ],
                },
                {
                    "name": "invoke_agent helper",
                    "work": "agent",
                    "agent": "helper",
                    "input_messages": [
                        {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                        {
                            "role": "assistant",
                            "parts": [
                                {"type": "tool_call", "id": "call-1", "name": "weather", "arguments": {"city": "Rome"}}
                            ],
                            "finish_reason": "tool_call",
                        },
                        {
                            "role": "user",
                            "parts": [{"type": "tool_call_response", "response": "Sunny in Rome", "id": "call-1"}],
                        },
                    ],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                    ],
                },
            ]
        )


def test_openai_agents(server: ScriptedServer) -> None:
    """An agent around a call that the client's instrumentation sees is no call."""
    server.script.append(completion({"content": "Sunny"}, "stop"))

    async def run() -> None:
        set_tracing_disabled(disabled=False)
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client:
            await Runner.run(OpenAIAgent(name="helper", model=OpenAIChatCompletionsModel("gpt-4o-mini", client)), "Hi")

    with recorded(OpenAIAgentsInstrumentor, GenAIOpenAI) as (_, kept):
        asyncio.run(run())
        assert [told(one) for one in kept()] == snapshot(
            [
                {
                    "name": "chat gpt-4o-mini",
                    "work": "llm",
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": ("stop",),
                    "stream": (None, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"content": "Hi", "type": "text"}]}],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"content": "Sunny", "type": "text"}], "finish_reason": "stop"}
                    ],
                },
                {"name": "invoke_agent helper", "work": "agent", "agent": "helper"},
                {"name": "invoke_workflow Agent workflow", "work": "agent"},
            ]
        )


def test_a_framework_around_a_client_is_billed_once(server: ScriptedServer) -> None:
    """Two spans for one call, one inside the other: the inner one is the call, the outer one says so."""
    server.script.append(completion({"content": "Sunny"}, "stop"))
    with recorded(GenAILangChain, OpenInferenceOpenAI) as (_, kept):
        ask_langchain(server)
        assert [told(one) for one in kept()] == snapshot(
            [
                {
                    "name": "ChatCompletion",
                    "work": "llm",
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", None),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": ("stop",),
                    "stream": (False, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}],
                },
                {
                    "name": "chat gpt-4o-mini",
                    "work": "other",
                    "duplicate": True,
                    "input_messages": [{"role": "user", "parts": [{"content": "Weather?", "type": "text"}]}],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"content": "Sunny", "type": "text"}], "finish_reason": "stop"}
                    ],
                },
            ]
        )


def test_mcp() -> None:
    """A tool that is called over MCP is a tool on both sides; what else is asked is a request."""
    app = MCPServer("desk", log_level="ERROR")
    app.add_tool(weather)

    async def run() -> None:
        async with Client(app) as client:
            await client.list_tools()
            await client.call_tool("weather", {"city": "Rome"})

    with recorded() as (tracers, kept), pytest.MonkeyPatch.context() as patch:
        patch.setattr("mcp.shared._otel._tracer", tracers.get_tracer("mcp-python-sdk"))  # it takes the global one
        asyncio.run(run())
        found = {(one.span.name, one.facts.work.value) for one in kept()}
    assert found == snapshot({("server/discover", "http"), ("tools/call weather", "tool"), ("tools/list", "http")})
