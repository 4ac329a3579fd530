"""A chat of three processes with Kafka between them, a model and a database: one trace, read back from the server."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from inline_snapshot import snapshot

from parts import ROOT
from served import child
from services.fixtures import Broker
from services.service import free_ports
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving
from started import clean_environment

pytestmark = [pytest.mark.e2e, pytest.mark.services]
T = TypeVar("T")
# As a gateway at the edge that knows its user would send it.
FOR_WHOM = {"baggage": "user.id=u-1,session.id=s-1"}


def eventually(ask: Callable[[], T | None], *, within_s: float = 40.0) -> T:
    """Return the first answer there is."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            found = ask()
        except httpx.TransportError:
            found = None
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no answer within {within_s} s")


@contextmanager
def process(command: list[str], folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """Run one process of the chat; what it says is shown where it fails."""
    environment = clean_environment(PYTHONPATH=str(ROOT / "tests" / "e2e" / "kafka_chat"), **variables)
    said = folder / "said"
    with said.open("wb") as log, subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as one:
        try:
            yield
        finally:
            one.send_signal(signal.SIGTERM)
            one.wait(20)
            sys.stdout.write(said.read_text())


@contextmanager
def chat(folder: Path, variables: dict[str, str]) -> Iterator[httpx.Client]:
    """Run the three processes, each ended by SIGTERM."""
    (port,) = free_ports(1)
    commands = {
        "web": [sys.executable, "-m", "uvicorn", "web:app", "--port", str(port)],
        "answerer": [sys.executable, "-m", "answerer"],
        "store": [sys.executable, "-m", "store"],
    }
    with ExitStack() as stack:
        for name, command in commands.items():
            (folder / name).mkdir()
            stack.enter_context(process(command, folder / name, variables))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20))
        eventually(lambda: client.get("/docs"))
        yield client


def answer_of(client: httpx.Client, number: str) -> str | None:
    """Return an answer, None while it is not there."""
    response = client.get(f"/chat/{number}")
    return response.raise_for_status().json()["answer"] if response.status_code != 404 else None


def the_trace(ui: str, spans: int) -> dict[str, Any] | None:
    """Return the chat's trace as the API tells it, None while it is not whole."""
    (*_, row) = httpx.get(f"{ui}/api/v1/traces?from=1h&session=s-1").json()["traces"] or [None]
    trace: dict[str, Any] = httpx.get(f"{ui}/api/v1/traces/{row['trace_id']}").json() if row else {"spans": []}
    return trace if len(trace["spans"]) >= spans else None


def tree(trace: dict[str, Any]) -> list[str]:
    """Write the spans as lines, children indented."""
    lines: list[str] = []

    def write(parent: str | None, depth: int) -> None:
        for span in sorted(trace["spans"], key=lambda one: one["offset"]):
            if span["parent_span_id"] == parent:
                lines.append(f"{'  ' * depth}{span['service']}: {span['name']} ({span['kind']}, {span['work']})")
                write(span["span_id"], depth + 1)

    write(None, 0)
    return lines


def test_a_chat_over_three_processes_is_one_trace(tmp_path: Path, kafka_broker: Broker, postgres_dsn: str) -> None:
    """HTTP, Kafka, a model, Kafka, PostgreSQL: one tree, one user, one cost, and log lines that name the trace."""
    admin = AdminClient({"bootstrap.servers": kafka_broker.address})
    for created in admin.create_topics([NewTopic(name, 1, 1) for name in ("chat.questions", "chat.answers")]).values():
        created.result(30)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE TABLE answers (id text PRIMARY KEY, answer text)")
    with serving(create_app()) as provider, child(tmp_path / "data") as (_, server):
        variables = {
            "SPANGLASS_ENDPOINT": server.otlp_http,
            "SPANGLASS_HOSTS": "127.0.0.1=openai",
            "OPENAI_BASE_URL": provider,
            "OPENAI_API_KEY": "k",
            "KAFKA": kafka_broker.address,
            "POSTGRES": postgres_dsn,
        }
        with chat(tmp_path, variables) as client:
            number = client.post("/chat", content="What is a span?", headers=FOR_WHOM).raise_for_status().json()["id"]
            answer = eventually(lambda: answer_of(client, number))
        trace = eventually(lambda: the_trace(server.ui, 10))

    assert answer
    assert tree(trace) == snapshot(
        [
            "web: POST /chat (server, http)",
            "  web: fastapi.dependencies (internal, other)",
            "  web: fastapi.endpoint (internal, other)",
            "    web: send chat.questions (producer, queue)",
            "      answerer: process chat.questions (consumer, queue)",
            "        answerer: chat gpt-4o-mini (client, llm)",
            "        answerer: send chat.answers (producer, queue)",
            "          store: process chat.answers (consumer, queue)",
            "            store: INSERT (client, db)",
            "  web: fastapi.serialization (internal, other)",
        ]
    )
    assert {(span["user_id"], span["session_id"]) for span in trace["spans"]} == {("u-1", "s-1")}
    assert [span["name"] for span in trace["spans"] if span["cost"] is not None] == ["chat gpt-4o-mini"]
    processed = [span["attributes"] for span in trace["spans"] if span["kind"] == "consumer"]
    assert [0 <= span["spanglass.messaging.queue_time"] < 60 for span in processed] == [True, True]
    assert log_lines(tmp_path / "data") == {
        ("web", '"question taken"', trace["trace_id"]),
        ("answerer", '"answer complete"', trace["trace_id"]),
        ("store", '"answer written"', trace["trace_id"]),
    }


def log_lines(data: Path) -> set[tuple[object, ...]]:
    """Return what the chat logged itself: service, text as JSON, trace."""
    store = DuckDBStore(data)
    rows = store.select("SELECT service, body, trace_id FROM logs WHERE starts_with(scope_name, 'chat.')", {})
    store.close()
    return {(row["service"], row["body"], row["trace_id"]) for row in rows}
