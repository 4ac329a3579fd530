"""Every dialect that is understood, a span each as its producer writes it, and the traps that they set."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from records import SECOND, T0, resource
from spanglass.server.normalise.content import read_content
from spanglass.server.normalise.facts import normalise
from spanglass.server.normalise.translation import DIALECTS, FOREIGN
from spanglass.server.record import Attributes, Event, Scope, Span, SpanKind, Status, StoredSpan
from understood import told


def of(attributes: Attributes, *, scope: str | None = None, name: str = "work", **more: Any) -> Span:  # noqa: ANN401 - fields of a span
    """Return a span of one second."""
    fields: dict[str, Any] = {
        "trace_id": "1" * 32,
        "span_id": "1" * 16,
        "parent_span_id": None,
        "kind": SpanKind.INTERNAL,
        "start_ns": T0,
        "end_ns": T0 + SECOND,
        "status": Status.UNSET,
        "status_message": None,
        "trace_state": None,
        "events": (),
        "links": (),
        "resource": resource(),
    }
    return Span(name=name, attributes=attributes, scope=Scope(scope, None), **{**fields, **more})


def read(sent: Span) -> dict[str, Any]:
    """Return what is understood of a span, with who and what for."""
    facts = normalise(sent)
    found = told(StoredSpan(sent, facts)) | {"user": facts.user_id, "session": facts.session_id}
    if facts.call is not None:
        first = facts.call.first_chunk_ns or facts.call.first_token_ns
        cost = facts.call.producer_cost
        found |= {"first_s": first and first / SECOND, "cost": cost and str(cost.amount)}
    return {name: value for name, value in found.items() if value not in (None, ())}


def event(name: str, after_s: float = 0.0, **attributes: Any) -> Event:  # noqa: ANN401 - any value
    """Return an event some seconds after a span's start."""
    return Event(name, T0 + round(after_s * SECOND), attributes)


SPOKEN: dict[str, Span] = {
    "v1.36 with events": of(
        {"gen_ai.system": "aws.bedrock", "gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-x"},
        events=(
            event("gen_ai.system.message", content="Be brief."),
            event("gen_ai.user.message", content='[{"text": "Weather?"}]'),
            event("gen_ai.assistant.message", tool_calls='[{"id":"1","function":{"name":"w","arguments":"{}"}}]'),
            event("gen_ai.tool.message", id="1", content="sunny"),
            event("gen_ai.choice", index=0, finish_reason="end_turn", message='{"content":[{"text":"Sunny"}]}'),
        ),
    ),
    "details event": of(
        {"gen_ai.provider.name": "openai", "gen_ai.operation.name": "chat"},
        events=(
            Event(
                "gen_ai.client.inference.operation.details",
                T0,
                {"gen_ai.input.messages": ({"role": "user", "parts": ({"type": "text", "content": "Hi"},)},)},
            ),
        ),
    ),
    "Traceloop before 2026": of(
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.usage.completion_tokens": 5,
            "gen_ai.usage.cache_read_input_tokens": 8,
            "llm.is_streaming": True,
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Weather?",
            "gen_ai.prompt.10.role": "tool",
            "gen_ai.prompt.10.tool_call_id": "1",
            "gen_ai.prompt.10.content": "sunny",
            "gen_ai.prompt.2.role": "assistant",
            "gen_ai.prompt.2.tool_calls.0.id": "1",
            "gen_ai.prompt.2.tool_calls.0.name": "weather",
            "gen_ai.prompt.2.tool_calls.0.arguments": '{"city": "Rome"}',
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Sunny",
            "gen_ai.completion.0.finish_reason": "stop",
            "llm.request.functions.0.name": "weather",
            "traceloop.association.properties.user_id": "u",
            "traceloop.association.properties.session_id": "s",
        },
        scope="opentelemetry.instrumentation.openai.v1",
        name="openai.chat",
        events=(event("llm.content.completion.chunk", 0.3), event("llm.content.completion.chunk", 0.4)),
    ),
    "Traceloop's tool": of(
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "weather",
            "traceloop.entity.input": '{"city": "Rome"}',
            "traceloop.entity.output": '"sunny"',
        }
    ),
    "Langfuse": of(
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "claude-haiku-4-5",
            "langfuse.observation.usage_details": json.dumps(
                {"input": 10, "cache_read_input_tokens": 100, "input_cache_creation_1h": 5, "output": 7}
            ),
            "langfuse.observation.cost_details": '{"input": 0.25, "output": 0.5}',
            "langfuse.observation.completion_start_time": '"2025-10-09T08:53:20.250000Z"',
            "langfuse.observation.input": '[{"role": "user", "content": "Hi"}]',
            "langfuse.observation.output": '"Hello"',
            "langfuse.user.id": "u",
            "session.id": "s",
        },
        scope="langfuse-sdk",
    ),
    "Langfuse up to 3.3": of(
        {"langfuse.observation.type": "span", "langfuse.observation.usage_details": '{"input": 1, "output": 2}'}
    ),
    "Langfuse's chain": of({"langfuse.observation.type": "chain", "langfuse.observation.input": "Hi"}),
    "Vercel, inner": of(
        {
            "ai.operationId": "ai.streamText.doStream",
            "operation.name": "ai.streamText.doStream helper",
            "ai.model.id": "gpt-4o",
            "ai.model.provider": "openai.chat",
            "ai.response.id": "r-1",
            "ai.response.finishReason": "stop",
            "ai.usage.inputTokens": 20,
            "ai.usage.outputTokens": 5,
            "ai.usage.cachedInputTokens": 8,
            "ai.response.msToFirstChunk": 250,
            "ai.prompt.messages": '[{"role":"user","content":[{"type":"text","text":"Hi"}]}]',
            "ai.response.text": "Hello",
            "ai.response.toolCalls": '[{"type":"tool-call","toolCallId":"1","toolName":"w","input":{"city":"Rome"}}]',
            "ai.prompt.tools": ('{"type":"function","name":"w"}',),
            "ai.telemetry.metadata.userId": "u",
        },
        scope="ai",
    ),
    "Vercel, outer": of({"ai.operationId": "ai.streamText", "ai.model.id": "gpt-4o", "ai.usage.inputTokens": 20}),
    "Vercel's tool": of({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "w", "ai.toolCall.args": "{}"}),
    "Vercel, cache apart": of(
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "claude-x",
            "ai.usage.inputTokens": 1000,
            "ai.usage.inputTokenDetails.noCacheTokens": 1000,
            "ai.usage.inputTokenDetails.cacheReadTokens": 200,
        }
    ),
    "Vercel, new": of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.client.operation.time_to_first_chunk": 0.25,
        },
        scope="gen_ai",
    ),
    "Pydantic AI": of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.details.cache_read_tokens": 8,
            "operation.cost": 0.5,
        },
        scope="pydantic-ai",
    ),
    "LangSmith": of(
        {
            "langsmith.span.kind": "llm",
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.input_token_details": '{"cache_read": 8}',
            "gen_ai.usage.output_token_details": "{'reasoning': 2}",
            "gen_ai.prompt": '{"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","HumanMessage"],'
            '"kwargs":{"content":"Hi","type":"human"}}]]}',
            "gen_ai.completion": '{"generations":[[{"text":"Hello","message":{"lc":1,"type":"constructor",'
            '"id":["langchain","AIMessage"],"kwargs":{"content":"Hello","type":"ai"}}}]]}',
            "langsmith.trace.session_id": "the project",
            "langsmith.metadata.thread_id": "s",
            "langsmith.metadata.user_id": "u",
        },
        scope="langsmith",
        events=(event("new_token", 0.25),),
    ),
    "LangSmith's retriever": of({"langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings"}),
    "LangSmith's template": of({"langsmith.span.kind": "prompt", "gen_ai.operation.name": "chat"}),
    "MLflow": of(
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.llm.model": '"gpt-4o"',
            "mlflow.llm.provider": '"openai"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 20, "output_tokens": 5, "cache_read_input_tokens": 8}',
            "mlflow.llm.cost": '{"total_cost": 0.5}',
            "mlflow.spanInputs": '{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}',
            "mlflow.spanOutputs": '{"choices": [{"finish_reason": "stop", "message": {"content": "Hello"}}]}',
            "mlflow.trace.user": '"u"',
        }
    ),
    "ADK": of(
        {
            "gen_ai.system": "gcp.vertex.agent",
            "gen_ai.request.model": "gemini-2.5-flash",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.output_tokens": 5,
            "gcp.vertex.agent.session_id": "s",
            "gcp.vertex.agent.llm_request": '{"model":"g","config":{"system_instruction":"Be brief."},'
            '"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}',
            "gcp.vertex.agent.llm_response": '{"content":{"role":"model","parts":[{"function_call":{"name":"w",'
            '"args":{"city":"Rome"}}}]},"usage_metadata":{"cached_content_token_count":8}}',
        },
        scope="gcp.vertex.agent",
        name="call_llm",
    ),
    "Strands": of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "strands-agents",
            "gen_ai.request.model": "us.anthropic.claude-x",
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.cache_write_input_tokens": 8,
            "gen_ai.server.time_to_first_token": 250,
            "session.id": "s",
        },
        scope="strands.telemetry.tracer",
        events=(
            event("gen_ai.user.message", content='[{"text": "Weather?"}]'),
            event("gen_ai.choice", finish_reason="end_turn", message='[{"text": "Sunny"}]'),
        ),
    ),
    "OpenLIT": of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.cost": 0.5,
            "gen_ai.server.time_to_first_token": 0.25,
            "gen_ai.user.id": "u",
        },
        scope="openlit.otel.tracing",
    ),
    "LiteLLM": of(
        {
            "llm.request.type": "acompletion",
            "gen_ai.system": "anthropic",
            "gen_ai.request.model": "claude-x",
            "gen_ai.usage.prompt_tokens": 20,
            "gen_ai.cost.total_cost": 0.5,
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
        },
        scope="litellm",
    ),
    "LiteLLM, from its cache": of(
        {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 9, "litellm.cache_hit": "True"}, scope="litellm"
    ),
    "Genkit": of(
        {
            "genkit:metadata:subtype": "model",
            "genkit:name": "googleai/gemini-2.5-flash",
            "genkit:input": '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}',
            "genkit:output": '{"message":{"role":"model","content":[{"text":"Hello"}]},"finishReason":"stop",'
            '"usage":{"inputTokens":20,"outputTokens":5}}',
        },
        scope="genkit-tracer",
    ),
    "LiveKit": of(
        {"gen_ai.request.model": "gpt-4o", "lk.llm_metrics": '{"ttft": 0.25, "prompt_tokens": 20}'},
        scope="livekit-agents",
        name="llm_request",
    ),
    "Claude Code": of(
        {"model": "claude-x", "input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 100, "session.id": "s"},
        name="claude_code.llm_request",
    ),
    "not Claude Code": of({"model": "T", "input_tokens": 10}, name="car"),
    "Anthropic": of(
        {"gen_ai.operation.name": "chat", "anthropic.message.stop_reason": "end_turn", "anthropic.session.id": "s"},
        scope="com.anthropic.sdk.python",
    ),
    "Laminar": of({"lmnr.span.type": "LLM", "lmnr.span.input": "Hi", "gen_ai.request.model": "gpt-4o"}),
    "VoltAgent": of({"span.type": "llm", "llm.usage.prompt_tokens": 20, "llm.usage.completion_tokens": 5}),
    "MCP": of({"mcp.method.name": "tools/call", "gen_ai.tool.name": "w"}, scope="mcp-python-sdk"),
    "MCP's list": of({"mcp.method.name": "tools/list"}, scope="mcp-python-sdk"),
    "LangGraph's node in OpenInference": of(
        {"openinference.span.kind": "CHAIN", "metadata": '{"langgraph_node": "critic"}', "tag.tags": ("a", "b")},
    ),
    "a graph's node": of({"openinference.span.kind": "AGENT", "graph.node.id": "planner", "agent.name": "Planner"}),
    "LangGraph's node in LangSmith": of(
        {"langsmith.span.kind": "chain", "langsmith.metadata.langgraph_node": "critic", "langsmith.span.tags": "a, b"},
    ),
    "LangGraph's node in Traceloop": of(
        {"traceloop.span.kind": "task", "traceloop.association.properties.langgraph_node": "critic"},
    ),
    "Langfuse's agent": of({"langfuse.observation.type": "agent", "langfuse.trace.tags": ("vip",)}, name="concierge"),
    "Langfuse's tool": of({"langfuse.observation.type": "tool"}, name="lookup"),
    "Vercel's agent with tags": of(
        {
            "ai.operationId": "ai.generateText",
            "ai.telemetry.functionId": "helper",
            "ai.telemetry.metadata.tags": ("x",),
        },
    ),
    "Pydantic AI's agent, first format": of({"agent_name": "bank", "logfire.tags": ("x",)}, scope="pydantic-ai"),
    "the conventions' agent without a name": of({"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent Helper"),
    "hand-written agent step": of(
        {"llm.model": "llama3.1:8b", "llm.prompt": "Which orders?", "llm.response": "SELECT 1"},
        name="step_1.generate_sql",
    ),
}


def test_every_dialect_is_understood() -> None:
    """A span of each: what it is, its counts, times, cost, who it was for, and what was said."""
    assert {name: read(sent) for name, sent in SPOKEN.items()} == snapshot(
        {
            "v1.36 with events": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "aws.bedrock", "claude-x", None, None),
                "stream": (None, False),
                "input_messages": [
                    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                    {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                    {"role": "assistant", "parts": [{"type": "tool_call", "name": "w", "id": "1", "arguments": {}}]},
                    {"role": "tool", "parts": [{"type": "tool_call_response", "response": "sunny", "id": "1"}]},
                ],
                "output_messages": [
                    {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "end_turn"}
                ],
            },
            "details event": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "openai", None, None, None),
                "stream": (None, False),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
            },
            "Traceloop before 2026": {
                "name": "openai.chat",
                "work": "llm",
                "call": ("chat", "openai", "gpt-4o", None, None),
                "tokens": (20, 5, 8, None),
                "reasons": ("stop",),
                "stream": (True, True),
                "input_messages": [
                    {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
                    {
                        "role": "assistant",
                        "parts": [{"type": "tool_call", "name": "weather", "id": "1", "arguments": {"city": "Rome"}}],
                    },
                    {"role": "tool", "parts": [{"type": "tool_call_response", "response": "sunny", "id": "1"}]},
                ],
                "output_messages": [
                    {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                ],
                "tool_definitions": [{"type": "function", "name": "weather"}],
                "user": "u",
                "session": "s",
                "first_s": 0.3,
            },
            "Traceloop's tool": {
                "name": "work",
                "work": "tool",
                "tool": "weather",
                "tool_arguments": {"city": "Rome"},
                "tool_result": "sunny",
            },
            "Langfuse": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "anthropic", "claude-haiku-4-5", None, None),
                "tokens": (115, 7, 100, 5),
                "stream": (True, True),
                "cost": "0.75",
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
                "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}],
                "user": "u",
                "session": "s",
                "first_s": 0.25,
            },
            "Langfuse up to 3.3": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, None, None, None),
                "tokens": (1, 2, None, None),
                "stream": (None, False),
            },
            "Langfuse's chain": {
                "name": "work",
                "work": "other",
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
            },
            "Vercel, inner": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "openai", "gpt-4o", None, "r-1"),
                "tokens": (20, 5, 8, None),
                "reasons": ("stop",),
                "stream": (True, True),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
                "output_messages": [
                    {
                        "role": "assistant",
                        "parts": [
                            {"type": "text", "content": "Hello"},
                            {"type": "tool_call", "name": "w", "id": "1", "arguments": {"city": "Rome"}},
                        ],
                    }
                ],
                "tool_definitions": [{"type": "function", "name": "w"}],
                "user": "u",
                "first_s": 0.25,
            },
            "Vercel, outer": {"name": "work", "work": "agent", "agent": "work"},
            "Vercel's tool": {"name": "work", "work": "tool", "tool": "w"},
            "Vercel, cache apart": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, "claude-x", None, None),
                "tokens": (1200, None, 200, None),
                "stream": (None, False),
            },
            "Vercel, new": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, "gpt-4o", None, None),
                "stream": (None, True),
                "first_s": 0.25,
            },
            "Pydantic AI": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, "gpt-4o", None, None),
                "tokens": (20, None, 8, None),
                "stream": (None, False),
                "cost": "0.5",
            },
            "LangSmith": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "openai", "gpt-4o", None, None),
                "tokens": (20, None, 8, None),
                "stream": (None, True),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
                "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}],
                "user": "u",
                "session": "s",
                "first_s": 0.25,
            },
            "LangSmith's retriever": {"name": "work", "work": "retrieval"},
            "LangSmith's template": {"name": "work", "work": "other"},
            "MLflow": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "openai", "gpt-4o", None, None),
                "tokens": (20, 5, 8, None),
                "stream": (None, False),
                "cost": "0.5",
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
                "output_messages": [
                    {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}
                ],
                "user": "u",
            },
            "ADK": {
                "name": "call_llm",
                "work": "llm",
                "call": ("generate_content", "gcp.gen_ai", "gemini-2.5-flash", None, None),
                "tokens": (20, 5, 8, None),
                "stream": (None, False),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
                "output_messages": [
                    {"role": "assistant", "parts": [{"type": "tool_call", "name": "w", "arguments": {"city": "Rome"}}]}
                ],
                "system_instructions": [{"type": "text", "content": "Be brief."}],
                "session": "s",
            },
            "Strands": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, "us.anthropic.claude-x", None, None),
                "tokens": (20, None, None, 8),
                "stream": (None, True),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                "output_messages": [
                    {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "end_turn"}
                ],
                "session": "s",
                "first_s": 0.25,
            },
            "OpenLIT": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, "gpt-4o", None, None),
                "stream": (None, True),
                "cost": "0.5",
                "user": "u",
                "first_s": 0.25,
            },
            "LiteLLM": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "anthropic", "claude-x", None, None),
                "tokens": (20, None, None, None),
                "stream": (None, False),
                "cost": "0.5",
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
            },
            "LiteLLM, from its cache": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, None, None, None),
                "tokens": (9, None, None, None),
                "stream": (None, False),
                "cost": "0",
            },
            "Genkit": {
                "name": "work",
                "work": "llm",
                "call": ("chat", "gcp.gemini", "gemini-2.5-flash", None, None),
                "tokens": (20, 5, None, None),
                "reasons": ("stop",),
                "stream": (None, False),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
                "output_messages": [
                    {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}
                ],
            },
            "LiveKit": {
                "name": "llm_request",
                "work": "llm",
                "call": ("chat", None, "gpt-4o", None, None),
                "tokens": (20, None, None, None),
                "stream": (None, False),
                "first_s": 0.25,
            },
            "Claude Code": {
                "name": "claude_code.llm_request",
                "work": "llm",
                "call": ("chat", "anthropic", "claude-x", None, None),
                "tokens": (110, 5, 100, None),
                "stream": (None, False),
                "session": "s",
            },
            "not Claude Code": {"name": "car", "work": "other"},
            "Anthropic": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, None, None, None),
                "reasons": ("end_turn",),
                "stream": (None, False),
                "session": "s",
            },
            "Laminar": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, "gpt-4o", None, None),
                "stream": (None, False),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
            },
            "VoltAgent": {
                "name": "work",
                "work": "llm",
                "call": ("chat", None, None, None, None),
                "tokens": (20, 5, None, None),
                "stream": (None, False),
            },
            "MCP": {"name": "work", "work": "tool", "tool": "w"},
            "MCP's list": {"name": "work", "work": "http"},
            "LangGraph's node in OpenInference": {
                "name": "work",
                "work": "other",
                "agent": "critic",
                "tags": ("a", "b"),
            },
            "a graph's node": {"name": "work", "work": "agent", "agent": "Planner"},
            "LangGraph's node in LangSmith": {"name": "work", "work": "other", "agent": "critic", "tags": ("a", "b")},
            "LangGraph's node in Traceloop": {"name": "work", "work": "other", "agent": "critic"},
            "Langfuse's agent": {"name": "concierge", "work": "agent", "agent": "concierge", "tags": ("vip",)},
            "Langfuse's tool": {"name": "lookup", "work": "tool", "tool": "lookup"},
            "Vercel's agent with tags": {"name": "work", "work": "agent", "agent": "helper", "tags": ("x",)},
            "Pydantic AI's agent, first format": {"name": "work", "work": "agent", "agent": "bank", "tags": ("x",)},
            "the conventions' agent without a name": {
                "name": "invoke_agent Helper",
                "work": "agent",
                "agent": "Helper",
            },
            "hand-written agent step": {
                "name": "step_1.generate_sql",
                "work": "llm",
                "call": ("chat", None, "llama3.1:8b", None, None),
                "stream": (None, False),
                "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Which orders?"}]}],
                "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "SELECT 1"}]}],
            },
        }
    )


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_span_without_names_says_nothing_in_any_dialect(dialect: Any) -> None:  # noqa: ANN401 - named by the ids
    """A scope alone makes no call of a span, and breaks nothing."""
    for scope in dialect.scopes or ("",):
        assert normalise(of({}, scope=f"{scope}x")).call is None


def test_a_placeholder_of_logfire_is_no_call() -> None:
    """Logfire sends an open span beforehand; only the real one, its parent, counts."""
    call: Attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5}

    assert normalise(of({**call, "logfire.span_type": "span"}, scope="pydantic-ai")).call is not None
    assert normalise(of({**call, "logfire.span_type": "pending_span"}, parent_span_id="2" * 16)).call is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input": 10, "input_cached_tokens": 90, "output": 7, "output_reasoning_tokens": 3}, (100, 10, 90, None)),
        ({"input": 100, "input_cached_tokens": 90, "output": 7, "total": 107}, (100, 7, 90, None)),
        ({"input": 10, "input_cached_tokens": 90, "output": 7, "total": 107}, (100, 7, 90, None)),
        ({"input": 10, "input_cache_creation_5m": 4, "input_cache_creation_1h": 6}, (20, None, None, 10)),
        (
            {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 90}},
            (100, 7, 90, None),
        ),
        ({"input": "many", "output": -1}, None),
        ([1], None),
    ],
)
def test_buckets_of_langfuse_are_added_up(usage: Any, tokens: Any) -> None:  # noqa: ANN401 - any JSON
    """Its buckets are disjoint; OpenAI's shape, or a total that says so, is inclusive already."""
    sent = of({"langfuse.observation.type": "generation", "langfuse.observation.usage_details": json.dumps(usage)})

    assert read(sent).get("tokens") == tokens


CLAUDE = '{"anthropic": {"usage": {"input_tokens": ?, "cache_read_input_tokens": 200}}}'


@pytest.mark.parametrize(
    ("attributes", "tokens"),
    [
        ({"gen_ai.system": "anthropic", "gen_ai.usage.input_tokens_cached": 200}, (1200, None, 200, None)),
        ({"gen_ai.system": "openai", "gen_ai.usage.input_tokens_cached": 200}, (1000, None, 200, None)),
        ({"ai.response.providerMetadata": CLAUDE.replace("?", "1000")}, (1200, None, 200, None)),
        ({"ai.response.providerMetadata": CLAUDE.replace("?", "800")}, (1000, None, 200, None)),
        ({"ai.response.providerMetadata": '{"openai":{"cachedPromptTokens":200}}'}, (1000, None, 200, None)),
        ({"gen_ai.usage.cache_read_input_tokens": 2000}, (3000, None, 2000, None)),
    ],
)
def test_input_is_inclusive_whoever_counted(attributes: Attributes, tokens: tuple[int | None, ...]) -> None:
    """Claude's own count leaves cached tokens out also where it is larger than they are, if its writer can be told."""
    sent = of({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1000, **attributes})

    assert read(sent)["tokens"] == tokens


@pytest.mark.parametrize(
    ("said", "operation"),
    [("embedding", "embeddings"), ("chat.completions", "chat"), ("chat", "chat"), ("image", None)],
)
def test_other_words_for_operations(said: str, operation: str | None) -> None:
    """Spring AI and Semantic Kernel name the same operations otherwise."""
    call = normalise(of({"gen_ai.system": "openai", "gen_ai.operation.name": said})).call

    assert (call and call.operation) == operation


@pytest.mark.parametrize(
    "text", ["{", '{"input": ', "[" * 5000, '"' * 3, "\\ud800", '"\\ud800"', "x" * 200_000, "null", "7", ""]
)
def test_text_that_is_no_json_is_borne(text: str) -> None:
    """Cut, nested or hostile JSON text under any name is no reason to fail; as a message it is a text."""
    for name in sorted(FOREIGN):
        sent = of({"gen_ai.operation.name": "chat", name: text}, scope="langfuse-sdk")
        normalise(sent)
        read_content(sent)


@pytest.mark.parametrize("text", ['{"city": "Rome"}', "[1, 2]", '["a"]', "[]", '"quoted"', "[see below]", "{", "12"])
def test_a_message_that_is_json_stays_what_was_said(text: str) -> None:
    """People and models say JSON, too; it is taken for parts only where it looks like parts."""
    said = json.dumps([{"role": "user", "content": text}])
    sent = of({"openinference.span.kind": "LLM", "input.value": said})

    assert read_content(sent).input_messages == [{"role": "user", "parts": [{"type": "text", "content": text}]}]


def test_many_messages_are_bounded() -> None:
    """What is shown of a span has an end, however many messages and events it has."""
    many = of({"gen_ai.system": "x"}, events=tuple(event("gen_ai.user.message", content="Hi") for _ in range(9000)))
    listed = of({"gen_ai.input.messages": json.dumps([{"role": "user", "content": "Hi"}] * 9000)})

    assert len(read_content(many).input_messages) == 2000
    assert len(read_content(listed).input_messages) == 2000


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("role", "content", "parts", "type", "text", "tool_calls", "function", "name", "id", "arguments"),
                    *("message", "messages", "choices", "kwargs", "data", "source", "image_url", "image", "input"),
                    *("output", "system", "message_content", "tool_call", "functionCall", "functionResponse"),
                    *("thinking", "finish_reason"),
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_like, st.sampled_from(sorted(FOREIGN)), st.booleans())
def test_any_json_under_any_name_is_survived(value: Any, name: str, as_text: bool) -> None:  # noqa: ANN401, FBT001 - any JSON
    """What was said is read from strangers' JSON: it never raises, and every message has a role and parts."""
    sent = of({name: json.dumps(value) if as_text else value, "gen_ai.operation.name": "chat"})

    normalise(sent)
    content = read_content(sent)
    for message in (*content.input_messages, *content.output_messages):
        assert isinstance(message, dict)
        assert isinstance(message["role"], str)
        assert all(isinstance(part["type"], str) for part in message["parts"])
