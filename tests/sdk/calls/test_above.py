"""A wrapper around a call, written by hand, does not tell of the call a second time."""

import gc
import json
from collections.abc import Iterator
from typing import Any, cast

import anthropic
import httpx
import pytest
from opentelemetry.trace import Span, format_span_id

from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.sdk.calls import above, newest
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording

MODEL = "gpt-4o-mini"
JSON = json.dumps(
    {
        "id": "c-1",
        "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2000, "completion_tokens": 1000, "total_tokens": 3000},
    }
).encode()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider that gives one answer for ever."""
    with scripted() as made:
        made.repeat = Answer([JSON])
        yield made


def ask(server: ScriptedServer, model: str = MODEL) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    httpx.post(f"{server.url}/v1/chat/completions", json=body).raise_for_status()


def duplicates(telemetry: Telemetry) -> dict[str, str | None]:
    """Return which span stands for which other one, by name."""
    names = {format_span_id(span.context.span_id): span.name for span in telemetry.spans() if span.context}
    return {span.name: names.get(str((span.attributes or {}).get(attr.DUPLICATE_OF))) for span in telemetry.spans()}


def test_wrapper_that_names_the_model_afterwards(server: ScriptedServer) -> None:
    """A span that says model and tokens only after the call is marked as another account of it."""
    with recording() as telemetry, telemetry.tracers.get_tracer("app").start_as_current_span("llm.generate") as span:
        ask(server)
        span.set_attributes({"llm.model": MODEL, "llm.output_tokens": 1000})
    assert duplicates(telemetry) == {f"chat {MODEL}": None, "llm.generate": f"chat {MODEL}"}


def test_wrappers_of_wrappers(server: ScriptedServer) -> None:
    """All spans above that name the model are marked; those that name none, and the one that carries it, are not."""
    with recording() as telemetry:
        tracer = telemetry.tracers.get_tracer("app")
        with (
            tracer.start_as_current_span("turn"),
            tracer.start_as_current_span("answer", attributes={"llm.model": MODEL}),
            tracer.start_as_current_span("post"),
            tracer.start_as_current_span("gen_ai.call", attributes={"gen_ai.request.model": MODEL}),
        ):
            ask(server)
    assert duplicates(telemetry) == {"gen_ai.call": None, "post": None, "answer": "gen_ai.call", "turn": None}


def test_second_call_below_a_wrapper(server: ScriptedServer) -> None:
    """A span that carries its first call is no account of the second one below it."""
    server.script.extend([Answer([JSON.replace(b"c-1", b"c-0")])])
    with recording() as telemetry, telemetry.tracers.get_tracer("app").start_as_current_span("llm.generate") as span:
        span.set_attribute("llm.model", MODEL)
        ask(server)
        ask(server)
    assert duplicates(telemetry) == {f"chat {MODEL}": None, "llm.generate": None}


def test_answer_read_after_its_wrapper_has_ended(server: ScriptedServer) -> None:
    """Where a span of somebody else's ends before the answer, a span of ours carries the call alone."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
    with recording() as telemetry, httpx.Client() as client:
        tracer = telemetry.tracers.get_tracer("app")
        with tracer.start_as_current_span("answer", attributes={"llm.model": MODEL}):
            with tracer.start_as_current_span("llm.request", attributes={"llm.model": MODEL}):
                request = client.build_request("POST", f"{server.url}/v1/chat/completions", json=body)
                response = client.send(request, stream=True)
            response.read()
    assert duplicates(telemetry) == {
        "llm.request": f"chat {MODEL}",
        f"chat {MODEL}": None,
        "answer": "llm.request",
    }
    (call,) = [span for span in telemetry.spans() if span.name == f"chat {MODEL}"]
    assert (call.attributes or {})[attr.OUTPUT_TOKENS] == 1000
    assert sum(telemetry.metrics()[metrics.OPERATION_DURATION.name].values()) == 1


def test_answer_let_go_of_after_its_wrapper_has_ended(server: ScriptedServer) -> None:
    """The span that takes the call over is the one that is sent, also where the garbage collector ends the answer."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
    server.script.append(Answer([JSON[:9], Act.WAIT]))
    with recording() as telemetry, httpx.Client() as client:
        with telemetry.tracers.get_tracer("app").start_as_current_span("llm.request") as span:
            span.set_attribute("llm.model", MODEL)
            request = client.build_request("POST", f"{server.url}/v1/chat/completions", json=body)
            let_go: list[object] = [client.send(request, stream=True)]
        del request, span
        let_go.append(let_go)
        del let_go
        gc.collect()
        telemetry.recorder.settle()
    assert duplicates(telemetry) == {"llm.request": f"chat {MODEL}", f"chat {MODEL}": None}


@pytest.mark.parametrize(
    "attributes",
    [{"llm.model": "another"}, {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": MODEL}, {}],
    ids=["another model", "an agent", "no model"],
)
def test_spans_that_are_no_account(attributes: dict[str, str], server: ScriptedServer) -> None:
    """A span about another model, an agent's, or one that names no model is not marked."""
    with recording() as telemetry, telemetry.tracers.get_tracer("app").start_as_current_span("work") as span:
        ask(server)
        span.set_attributes(attributes)
    assert duplicates(telemetry) == {f"chat {MODEL}": None, "work": None}


def test_wrapper_around_a_client_that_traces_itself() -> None:
    """Around the anthropic client, whose own span carries the call, a span written by hand is marked."""
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "stop_reason": "end_turn",
    }
    usage = {"input_tokens": 245, "output_tokens": 189, "cache_read_input_tokens": 200}
    answer = json.dumps({**message, "content": [{"type": "text", "text": "Hi"}], "usage": usage}).encode()
    with scripted(Answer([answer])) as server, recording(hosts={"127.0.0.1": "anthropic"}) as telemetry:
        tracing: Any = {"tracer_provider": telemetry.tracers}  # its type is new in the client's last major
        with (
            anthropic.Anthropic(base_url=server.url, api_key="k", open_telemetry=tracing) as client,
            telemetry.tracers.get_tracer("app").start_as_current_span("gen_ai.call") as span,
        ):
            span.set_attributes({"gen_ai.system": "anthropic", "gen_ai.request.model": "claude-haiku-4-5"})
            client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
            span.set_attribute("gen_ai.usage.input_tokens", 245)
    marked = [one.name for one in telemetry.spans() if attr.DUPLICATE_OF in (one.attributes or {})]
    assert marked == ["gen_ai.call"]


def test_what_waits_is_bounded(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below spans that never end, no more is kept than a fixed number of calls."""
    monkeypatch.setattr(newest, "_MOST", 2)
    watch = above.Above()
    with recording() as telemetry:
        tracer = telemetry.tracers.get_tracer("app")
        for _ in range(3):
            with tracer.start_as_current_span("never", end_on_exit=False):
                ask(server)
    for call in telemetry.spans():
        watch.began(cast("Span", call), {})
    assert len(watch._below) == 2
