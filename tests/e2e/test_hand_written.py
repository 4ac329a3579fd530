"""Applications that trace their calls by hand already, and get `init()` beside it: counted once, priced right."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from otlp_receiver import receiver, run, values
from scripted import Answer, ScriptedServer, scripted
from served import config, running
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

pytestmark = pytest.mark.e2e
DATA_AGENT = """
import spanglass
spanglass.init(service_name="agent")

import asyncio, os, openai
from opentelemetry import trace

tracer = trace.get_tracer("by-hand")
PRICES = {"gpt-4o": (2.5e-6, 1e-5)}

async def generate(client, text):
    with tracer.start_as_current_span("llm.generate") as span:
        span.set_attribute("llm.model", "gpt-4o")
        span.set_attribute("llm.provider", "openai")
        span.set_attribute("llm.input_tokens", len(text) // 4)
        answer = await client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}])
        used = answer.usage
        price_in, price_out = PRICES["gpt-4o"]
        span.set_attribute("llm.output_tokens", used.completion_tokens)
        span.set_attribute("llm.total_tokens", used.total_tokens)
        span.set_attribute("llm.cost_usd", used.prompt_tokens * price_in + used.completion_tokens * price_out)
        span.set_attribute("llm.finish_reason", answer.choices[0].finish_reason)
        span.set_attribute("quality.contains_apology", False)
        return used

async def main():
    async with openai.AsyncOpenAI() as client:
        with tracer.start_as_current_span("agent.workflow") as root:
            with tracer.start_as_current_span("agent.plan"):
                await generate(client, "Plan this")
            for number, kind in enumerate(["llm_call", "tool_call"]):
                with tracer.start_as_current_span(f"agent.step.{number}") as step:
                    step.set_attribute("step.type", kind)
                    step.set_attribute("step.tool", "sql")
                    if kind == "llm_call":
                        await generate(client, "Do this")
                    else:
                        with tracer.start_as_current_span("tool.execute"):
                            await asyncio.sleep(0)
            with tracer.start_as_current_span("agent.synthesize"):
                await asyncio.gather(generate(client, "Say this"), generate(client, "And that"))
            root.set_attribute("agent.total_steps", 2)
            root.set_attribute("agent.total_cost", 1.5)

asyncio.run(main())
"""
CLAUDE_CHAT = """
import spanglass
spanglass.init(service_name="chat")

import anthropic
from opentelemetry import trace

tracer = trace.get_tracer("by-hand")
MODEL = "claude-haiku-4-5-20251001"

with anthropic.Anthropic() as client, tracer.start_as_current_span(f"gen_ai.{MODEL}") as span:
    span.set_attribute("gen_ai.system", "anthropic")
    span.set_attribute("gen_ai.request.model", MODEL)
    span.set_attribute("feature", "review")
    span.set_attribute("prompt_version", "v2")
    answer = client.messages.create(model=MODEL, max_tokens=50, messages=[{"role": "user", "content": "Hi"}])
    used = answer.usage
    # The prices of the model two generations before, and no word of what was written to the cache.
    cost = used.input_tokens * 0.25e-6 + used.output_tokens * 1.25e-6 + used.cache_read_input_tokens * 0.03e-6
    span.set_attribute("gen_ai.usage.input_tokens", used.input_tokens)
    span.set_attribute("gen_ai.usage.output_tokens", used.output_tokens)
    span.set_attribute("gen_ai.usage.input_tokens_cached", used.cache_read_input_tokens)
    span.set_attribute("gen_ai.response.finish_reason", answer.stop_reason)
    span.set_attribute("gen_ai.cost_usd", cost)
"""
LOCAL_MODEL = """
import spanglass
spanglass.init(service_name="assistant")

import json, os, requests
from opentelemetry import trace

tracer = trace.get_tracer("by-hand")

def ask(url):
    with tracer.start_as_current_span("chat_interaction") as turn:
        turn.set_attribute("app.user_id", "u-1")
        with tracer.start_as_current_span("generate_response") as span:
            span.set_attribute("llm.model", "llama3.1:8b")
            span.set_attribute("llm.prompt", "Hello")
            with tracer.start_as_current_span("ollama_request") as request:
                request.set_attribute("http.method", "POST")
                request.set_attribute("llm.model", "llama3.1:8b")
                answer = requests.post(url, json={"model": "llama3.1:8b", "prompt": "Hello"}, stream=True, timeout=9)
                request.set_attribute("http.status_code", answer.status_code)
            with tracer.start_as_current_span("process_streaming_response"), answer:
                parts = [json.loads(line) for line in answer.iter_lines()]
            span.set_attribute("llm.response", "".join(part["response"] for part in parts))
            span.set_attribute("llm.tokens.input", parts[-1]["prompt_eval_count"])
            span.set_attribute("llm.tokens.output", parts[-1]["eval_count"])

ask(os.environ["OLLAMA"] + "/api/generate")
try:
    ask("http://127.0.0.1:9/api/generate")
except requests.ConnectionError:
    print("refused")
"""
GPT_ANSWER = {
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Done"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 400},
    },
}
CLAUDE_ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 245, "output_tokens": 189, "cache_read_input_tokens": 200},
}
LLAMA_LINES = [
    {"model": "llama3.1:8b", "response": "Hel", "done": False},
    {"model": "llama3.1:8b", "response": "lo", "done": True, "done_reason": "stop"}
    | {"prompt_eval_count": 26, "eval_count": 2},
]


OWN_SETUP = """
import logging
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.logging import LoggingInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "by hand"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
# Never handed to OpenTelemetry, so what others measure goes elsewhere.
own_meters = MeterProvider(metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())])
LoggingInstrumentor().instrument(set_logging_format=True)
"""
OWN_METRICS = """
import logging, os, requests
from opentelemetry import trace

counter = own_meters.get_meter("by-hand").create_counter("llm.tokens.input")
with trace.get_tracer("by-hand").start_as_current_span("process_request"):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    answer = requests.post(os.environ["OPENAI"] + "/v1/chat/completions", json=body, timeout=9).json()
    counter.add(answer["usage"]["prompt_tokens"])
    logging.getLogger("by-hand").warning("request processed")
"""


class Answers(NamedTuple):
    """What a server says.

    Attributes:
        totals: Figures of all calls.
        traces: The spans of each trace, newest trace first.
        said: What the application printed.
    """

    totals: dict[str, Any]
    traces: list[list[dict[str, Any]]]
    said: str

    def calls(self) -> list[tuple[str, str | None]]:
        """Return name and cost of the spans that count as calls, by name."""
        spans = [span for trace in self.traces for span in trace if span["call"] is not None]
        return sorted((span["name"], (span["cost"] or {}).get("amount")) for span in spans)


def asked(folder: Path, application: str, provider: ScriptedServer, **variables: str) -> Answers:
    """Run an application to its end with a server to send to, and read what that has made of it."""
    with running(config(folder)) as server:
        done = run(application, SPANGLASS_ENDPOINT=server.otlp_http, **variables)
        assert done.returncode == 0, done.stderr
        totals = httpx.get(f"{server.ui}/api/v1/overview?from=1h").json()["totals"]
        rows = httpx.get(f"{server.ui}/api/v1/traces?from=1h").json()["traces"]
        traces = [httpx.get(f"{server.ui}/api/v1/traces/{row['trace_id']}").json()["spans"] for row in rows]
    assert provider.asked
    return Answers(totals, traces, done.stdout)


@pytest.fixture
def provider() -> Iterator[ScriptedServer]:
    """A provider without a script."""
    with scripted() as made:
        yield made


def test_data_agent(tmp_path: Path, provider: ScriptedServer) -> None:
    """A wrapper that guesses tokens and prices them without the cache: what was read and the table's price count."""
    bodies = [json.dumps({"id": f"c-{number}", **GPT_ANSWER}).encode() for number in range(4)]
    provider.script.extend(Answer([body]) for body in bodies)
    variables = {"OPENAI_BASE_URL": f"{provider.url}/v1", "OPENAI_API_KEY": "k", "SPANGLASS_HOSTS": "127.0.0.1=openai"}
    found = asked(tmp_path, DATA_AGENT, provider, **variables)
    # 600 at 2.5 $, 400 from the cache at 1.25 $ and 100 at 10 $, each for a million; the wrapper says 0.0035.
    assert found.calls() == [("llm.generate", "0.003")] * 4
    assert (found.totals["calls"], found.totals["tokens"]["input"], found.totals["cost"]["amount"]) == (
        4,
        4000,
        "0.012",
    )
    (trace,) = found.traces
    names = {span["span_id"]: span["name"] for span in trace}
    assert sorted(names[span["parent_span_id"]] for span in trace if span["call"]) == [
        "agent.plan",
        "agent.step.0",
        "agent.synthesize",
        "agent.synthesize",
    ]
    assert [span["call"]["usage_estimated"] for span in trace if span["call"]] == [False] * 4


@pytest.mark.parametrize("native", ["true", "false"])
def test_claude_chat(native: str, tmp_path: Path, provider: ScriptedServer) -> None:
    """A wrapper with the prices of another model: one call, at the right price, whether the client traces or not."""
    provider.script.append(Answer([json.dumps(CLAUDE_ANSWER).encode()]))
    variables = {"ANTHROPIC_BASE_URL": provider.url, "ANTHROPIC_API_KEY": "k", "ANTHROPIC_OPEN_TELEMETRY": native}
    found = asked(tmp_path, CLAUDE_CHAT, provider, SPANGLASS_HOSTS="127.0.0.1=anthropic", **variables)
    # 245 at 1 $, 200 from the cache at 0.1 $ and 189 at 5 $, each for a million; the wrapper says a quarter of it.
    assert [amount for _, amount in found.calls()] == ["0.00121"]
    assert found.totals["tokens"] == {
        "input": 445,
        "output": 189,
        "cache_read": 200,
        "cache_write": None,
        "reasoning": None,
    }
    (trace,) = found.traces
    wrapper = min(trace, key=lambda span: span["offset"])
    assert (wrapper["feature"], wrapper["prompt_version"]) == ("review", "v2")


def test_local_model(tmp_path: Path, provider: ScriptedServer) -> None:
    """Wrappers that end before the stream is read, and name the model twice: one call each; a refusal is an error."""
    lines = [json.dumps(line).encode() + b"\n" for line in LLAMA_LINES]
    provider.script.append(Answer(lines, headers={"content-type": "application/x-ndjson"}))
    found = asked(tmp_path, LOCAL_MODEL, provider, OLLAMA=provider.url, SPANGLASS_HOSTS="127.0.0.1=ollama")
    assert found.said == "refused\n"
    assert (found.totals["calls"], found.totals["errors"], found.totals["tokens"]["output"]) == (2, 1, 2)
    # Nobody knows what the machine costs: not 0.
    assert (found.totals["cost"]["amount"], found.totals["cost"]["unpriced"]) == (None, 1)
    refused, answered = found.traces
    assert {span["name"] for span in refused if span["status"] == "error"} == {
        "chat_interaction",
        "generate_response",
        "ollama_request",
    }
    assert [span["name"] for span in answered if span["call"]] == ["text_completion llama3.1:8b"]


@pytest.mark.parametrize("first", ["init", "setup"])
def test_setup_by_hand_beside_init(first: str, provider: ScriptedServer) -> None:
    """Providers, exporters and log instrumentation made by hand, before or after `init`: each thing arrives once."""
    provider.script.append(Answer([json.dumps({"id": "c-1", **GPT_ANSWER}).encode()]))
    init = 'import spanglass; spanglass.init(service_name="shop")\n'
    setup = [init, OWN_SETUP] if first == "init" else [OWN_SETUP, init]
    with receiver() as seen:
        done = run(
            "".join([*setup, OWN_METRICS]),
            endpoint=seen.endpoint,
            OPENAI=provider.url,
            SPANGLASS_HOSTS="127.0.0.1=openai",
        )
        assert done.returncode == 0, done.stderr
        spans = {span.name: (resource["service.name"], span) for resource, span in seen.spans()}
        assert seen.span_names() == ["chat gpt-4o", "process_request"]
        # OpenTelemetry lets the first provider stay.
        assert {service for service, _ in spans.values()} == {"shop" if first == "init" else "by hand"}
        _, call = spans["chat gpt-4o"]
        assert call.parent_span_id == spans["process_request"][1].span_id
        assert values(call.attributes)[attr.COST_EXACT] == "0.003"
        assert [point.as_int for _, point in seen.points("llm.tokens.input")] == [1000]
        assert [point.count for _, point in seen.points(metrics.OPERATION_DURATION.name)] == [1]
        assert [record.body.string_value for name, record in seen.logs() if name == "by-hand"] == ["request processed"]
        assert f"trace_id={call.trace_id.hex()}" in done.stderr
