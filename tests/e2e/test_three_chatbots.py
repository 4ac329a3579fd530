"""A Django site with three chatbots, each with `init()` alone: Kafka and a local model, Gemini by socket, an agent."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from inline_snapshot import snapshot
from websockets.sync.client import connect

from otlp_receiver import Receiver, receiver, values
from parts import ROOT
from scripted import Answer, scripted
from services.fixtures import Broker
from services.service import free_ports
from spanglass.semconv import attributes as attr
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving
from started import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.services]
LLAMA = [
    {"model": "llama3.2:1b", "response": "A part", "done": False},
    {"model": "llama3.2:1b", "response": " of a trace.", "done": False},
    {
        "model": "llama3.2:1b",
        "response": "",
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 26,
        "eval_count": 7,
        "total_duration": 9,
        "load_duration": 3,
    },
]
GEMINI = [
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}}]},
    {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "lo"}]}, "finishReason": "STOP"}],
        "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {
            "promptTokenCount": 1000,
            "candidatesTokenCount": 400,
            "thoughtsTokenCount": 600,
            "totalTokenCount": 2000,
        },
    },
]


def eventually(ask: Callable[[], Any], *, within_s: float = 40.0) -> Any:  # noqa: ANN401 - whatever is asked for
    """Return the first answer that is not empty."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            found = ask()
        except httpx.TransportError:
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no answer within {within_s} s")


@contextmanager
def process(folder: Path, name: str, command: list[str], variables: dict[str, str]) -> Iterator[None]:
    """Run one process of the site; what it says is shown where the test fails."""
    environment = clean_environment(
        PYTHONPATH=str(ROOT / "tests" / "e2e" / "three_chatbots"),
        SERVICE=name,
        DJANGO_SETTINGS_MODULE="site_settings",
        **variables,
    )
    said = folder / name
    command = [sys.executable, *command]
    with said.open("wb") as log, subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as one:
        try:
            yield
        finally:
            one.send_signal(signal.SIGTERM)
            one.wait(20)
            sys.stdout.write(said.read_text())


@contextmanager
def site(folder: Path, kafka: Broker, postgres: str) -> Iterator[tuple[Receiver, str]]:
    """Run the site with its models; yields who received its telemetry, and host and port."""
    admin = AdminClient({"bootstrap.servers": kafka.address})
    for created in admin.create_topics([NewTopic("site.questions", 1, 1)]).values():
        created.result(30)
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TABLE message (id bigserial PRIMARY KEY, question text, answer text)")
    with ExitStack() as stack:
        seen = stack.enter_context(receiver())
        lines = [json.dumps(line).encode() + b"\n" for line in LLAMA]
        ollama = stack.enter_context(scripted(Answer(lines, headers={"content-type": "application/x-ndjson"})))
        events = [b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in GEMINI]
        gemini = stack.enter_context(scripted(Answer(events, headers={"content-type": "text/event-stream"})))
        (port,) = free_ports(1)
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": seen.endpoint,
            "SPANGLASS_HOSTS": f"127.0.0.1:{gemini.port}=gcp.gemini,127.0.0.1:{ollama.port}=ollama,127.0.0.1=openai",
            "GEMINI": gemini.url,
            "OLLAMA": ollama.url,
            "OPENAI": stack.enter_context(serving(create_app())),
            "KAFKA": kafka.address,
            "POSTGRES": postgres,
        }
        web = ["-m", "daphne", "-p", str(port), "site_asgi:application"]
        stack.enter_context(process(folder, "site", web, variables))
        stack.enter_context(process(folder, "consumer", ["-m", "site_consumer"], variables))
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/"))
        yield seen, f"127.0.0.1:{port}"


def talk(address: str) -> None:
    """Use all three chatbots once."""
    asked = httpx.post(f"http://{address}/api/chat/", json={"user": "u-1", "text": "What is a span?"}, timeout=40)
    number = asked.raise_for_status().json()["id"]
    eventually(lambda: httpx.get(f"http://{address}/api/chat/{number}/").json()["answer"])
    with connect(f"ws://{address}/ws/chat/") as socket:
        socket.send("Say hello")
        assert [socket.recv(20) for _ in range(3)] == ["Hel", "lo", "[done]"]
    with connect(f"ws://{address}/ws/agent/") as socket:
        socket.send(json.dumps({"question": "How many messages?"}))
        assert json.loads(socket.recv(20))["query"]
        socket.send(json.dumps({"decision": "yes"}))
        assert json.loads(socket.recv(20)) == {"found": 2}


def trees(seen: Receiver) -> dict[str, list[str]]:
    """Write each trace as lines, children indented, by the name of its first span; polls and connections aside."""
    told = [(resource, span) for resource, span in seen.spans() if not span.name.startswith("connect ")]
    spans = sorted(told, key=lambda pair: pair[1].start_time_unix_nano)
    found: dict[str, list[str]] = {}

    def write(parent: bytes, lines: list[str], depth: int) -> None:
        for resource, span in spans:
            if span.parent_span_id == parent:
                lines.append(f"{'  ' * depth}{resource['service.name']}: {span.name}")
                write(span.span_id, lines, depth + 1)

    for resource, span in spans:
        if not span.parent_span_id and not span.name.startswith("GET"):
            lines = found.setdefault(span.name if span.name not in found else f"{span.name} again", [])
            lines.append(f"{resource['service.name']}: {span.name}")
            write(span.span_id, lines, 1)
    return found


def test_three_chatbots(tmp_path: Path, kafka_broker: Broker, postgres_dsn: str) -> None:
    """Each chatbot is a trace a question or turn: statements, cost with thinking, a wait for a person, log lines."""
    with site(tmp_path, kafka_broker, postgres_dsn) as (seen, address):
        talk(address)
    assert trees(seen) == snapshot(
        {
            "POST api/chat/": [
                "site: POST api/chat/",
                "  site: SELECT",
                "  site: INSERT",
                "  site: send site.questions",
                "    consumer: process site.questions",
                "      consumer: text_completion llama3.2:1b",
                "      consumer: SELECT",
                "      consumer: UPDATE",
            ],
            "turn Chat": [
                "site: turn Chat",
                "  site: generate_content gemini-2.5-flash",
                "  site: SELECT",
                "  site: INSERT",
            ],
            "turn DataAgent": [
                "site: turn DataAgent",
                "  site: invoke_agent data agent",
                "    site: plan data agent",
                "      site: chat gpt-4o-mini",
                "      site: wait approval run query",
            ],
            "turn DataAgent again": [
                "site: turn DataAgent",
                "  site: invoke_agent data agent",
                "    site: step act",
                "      site: execute_tool execute_sql",
                "        site: SELECT",
                "        site: SELECT",
            ],
        }
    )
    spans = {span.name: values(span.attributes) for _, span in seen.spans()}
    gemini = spans["generate_content gemini-2.5-flash"]
    # Thinking is billed as output, at the list price: 0.30 and 2.50 dollars a million.
    assert (gemini[attr.OUTPUT_TOKENS], gemini[attr.REASONING_TOKENS], gemini[attr.COST_EXACT]) == (1000, 600, "0.0028")
    assert 0 < gemini[attr.TIME_TO_FIRST_TOKEN] < 20
    llama = spans["text_completion llama3.2:1b"]
    assert (llama[attr.COST_STATE], llama[attr.INPUT_TOKENS], llama[attr.OUTPUT_TOKENS]) == ("unpriced", 26, 7)
    # Who asked is known in the process behind Kafka, too.
    assert (llama[attr.USER_ID], llama[attr.FEATURE]) == ("u-1", "kafka chat")
    assert any(span.name.startswith("connect ") and span.parent_span_id for _, span in seen.spans())
    assert spans["wait approval run query"][attr.WAIT_OUTCOME] == "approved"
    assert [(values(point.attributes), point.as_int) for _, point in seen.points("chat.requests")] == [
        ({"chatbot": "kafka"}, 1)
    ]
    assert [point.count for _, point in seen.points("data_agent.sql.duration")] == [1]
    assert logged(seen) == {
        ("question sent", "POST api/chat/"),
        ("answer written", "POST api/chat/"),
        ("answer written", "turn Chat"),
    }


def logged(seen: Receiver) -> set[tuple[str, str]]:
    """Return what the site logged itself, with the first span of the trace it was logged in."""
    roots = {span.trace_id: span.name for _, span in seen.spans() if not span.parent_span_id}
    return {
        (record.body.string_value, roots[record.trace_id])
        for logger, record in seen.logs()
        if logger.startswith("site.")
    }
