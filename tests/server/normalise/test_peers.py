"""Calls as Langfuse, Logfire, OpenLIT and LangSmith record them, in processes of their own."""

import subprocess
import sys

import pytest
from inline_snapshot import snapshot

from otlp_receiver import receiver
from parts import ROOT, missing_part
from scripted import scripted
from understood import completion, streamed, told, understood

APP = """
import importlib, sys
_, peer, endpoint, provider = sys.argv
importlib.import_module(f"benchmarks.peers.{peer}").setup(endpoint, content=True)
import openai
client = openai.OpenAI(base_url=f"{provider}/v1", api_key="made-up", max_retries=0)
question = [{"role": "user", "content": "Weather?"}]
client.chat.completions.create(model="gpt-4o-mini", messages=question)
for _ in client.chat.completions.create(
    model="gpt-4o-mini", messages=question, stream=True, stream_options={"include_usage": True}
):
    pass
from opentelemetry import trace
trace.get_tracer_provider().force_flush()
if peer == "langfuse":
    import langfuse
    langfuse.get_client().flush()
"""

LANGSMITH = """
import os, sys
_, endpoint, provider = sys.argv
os.environ.update(
    LANGSMITH_TRACING="true", LANGSMITH_OTEL_ENABLED="true", LANGSMITH_OTEL_ONLY="true",
    LANGSMITH_API_KEY="made-up", LANGSMITH_ENDPOINT=endpoint,
)
import langsmith, openai
from langsmith.wrappers import wrap_openai
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

tracers = TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
client = langsmith.Client(otel_tracer_provider=tracers)
model = wrap_openai(openai.OpenAI(base_url=f"{provider}/v1", api_key="made-up"), tracing_extra={"client": client})

@langsmith.traceable(run_type="retriever", client=client)
def look_up(question):
    return [{"page_content": "sunny"}]

@langsmith.traceable(client=client)
def answer(question):
    look_up(question)
    model.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])

answer("Weather?")
client.flush()
"""


@pytest.mark.parametrize("peer", ["langfuse", "logfire", "openlit"])
def test_a_peer_is_understood(peer: str) -> None:
    """A whole answer and a streamed one are a call each, with model, inclusive counts, first chunk and messages."""
    python = ROOT / ".venv-peers" / "bin" / "python"
    if not python.exists():
        missing_part("no .venv-peers: make one with `make .venv-peers/.done`")
    with scripted() as server, receiver() as seen:
        server.script.extend([completion({"content": "Sunny"}, "stop"), streamed()])
        done = subprocess.run(
            [python, "-c", APP, peer, seen.endpoint, server.url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        spans = [one for request in seen.of("traces") for one in understood(request.body.SerializeToString())]
    assert [told(one) for one in spans] == snapshot(
        {
            "langfuse": [
                {
                    "name": "OpenAI-generation",
                    "work": "llm",
                    "call": ("chat", "openai", "gpt-4o-mini-2024-07-18", None, None),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": (),
                    "stream": (None, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}],
                },
                {
                    "name": "OpenAI-generation",
                    "work": "llm",
                    "call": ("chat", "openai", "gpt-4o-mini-2024-07-18", None, None),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": (),
                    "stream": (True, True),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}]}],
                },
            ],
            "logfire": [
                {
                    "name": "Chat Completion with {request_data[model]!r}",
                    "work": "llm",
                    "tags": ("LLM",),
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": ("stop",),
                    "stream": (None, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                    ],
                },
                {
                    "name": "Chat Completion with {request_data[model]!r}",
                    "work": "llm",
                    "tags": ("LLM",),
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                },
                {
                    "name": "streaming response from {request_data[model]!r} took {duration:.2f}s",
                    "work": "llm",
                    "tags": ("LLM",),
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini", None),
                    "tokens": (2000, 1000, 500, None),
                    "reasons": (),
                    "stream": (True, False),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                    ],
                },
            ],
            "openlit": [
                {"name": "POST", "work": "http"},
                {"name": "POST", "work": "http"},
                {
                    "name": "chat gpt-4o-mini",
                    "work": "llm",
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                    "tokens": (2000, 1000, 500, 0),
                    "reasons": ("stop",),
                    "stream": (False, True),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                    ],
                },
                {
                    "name": "chat gpt-4o-mini",
                    "work": "llm",
                    "call": ("chat", "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "c-1"),
                    "tokens": (2000, 1000, 500, 0),
                    "reasons": ("stop",),
                    "stream": (True, True),
                    "cost": "computed 0.0008625",
                    "input_messages": [{"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}],
                    "output_messages": [
                        {"role": "assistant", "parts": [{"type": "text", "content": "Sunny"}], "finish_reason": "stop"}
                    ],
                },
            ],
        }
    )[peer]


def test_langsmith_is_understood() -> None:
    """Its retriever is no call, whatever operation it names; cached tokens are read from text that is no JSON."""
    with scripted() as server, receiver() as seen:
        server.script.append(completion({"content": "Sunny"}, "stop"))
        done = subprocess.run(
            [sys.executable, "-c", LANGSMITH, seen.endpoint, server.url],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        spans = [one for request in seen.of("traces") for one in understood(request.body.SerializeToString())]
    calls = [one.facts.call for one in spans if one.facts.call is not None]
    assert {one.span.name: one.facts.work.value for one in spans} == snapshot(
        {"answer": "other", "look_up": "retrieval", "ChatOpenAI": "llm"}
    )
    assert [(call.response_id, call.usage and call.usage[:6]) for call in calls] == snapshot(
        [("c-1", (2000, 1000, 500, None, None, 100))]
    )
