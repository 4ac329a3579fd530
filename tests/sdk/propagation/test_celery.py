"""Tasks of a real Celery worker over a real Redis: one trace, the same user, and nothing lost when a process ends."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from otlp_receiver import Receiver, environment, receiver, values
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving

TASKS = """
import logging, os, spanglass
spanglass.init(service_name=os.environ["SERVICE"])
from celery import Celery
from openai import OpenAI

app = Celery("tasks", broker=os.environ.get("REDIS"), backend=os.environ.get("REDIS"))
app.conf.update(worker_hijack_root_logger=False, task_always_eager="REDIS" not in os.environ)

@app.task
def answer(text):
    logging.getLogger("tasks").warning("answering")
    with OpenAI() as client:
        messages = [{"role": "user", "content": text}]
        client.chat.completions.create(model="gpt-4o-mini", messages=messages)
    if not spanglass.flush(10):
        raise RuntimeError("flush freezes in a worker")

@app.task(bind=True, max_retries=2)
def flaky(self):
    if self.request.retries < 1:
        raise self.retry(countdown=0, exc=ValueError("again"))

@app.task
def fails():
    raise ValueError("no")
"""
PUBLISH = """
import tasks, spanglass
from opentelemetry import trace
with spanglass.context(user_id="ü-1", session_id="s-1"), trace.get_tracer("web").start_as_current_span("request"):
    results = [tasks.answer.delay("hi"), tasks.flaky.delay(), tasks.fails.delay()]
    for result in results:
        result.get(timeout=30, propagate=False)
"""


class Seen(NamedTuple):
    """A span by what matters here."""

    service: str
    name: str
    parent: str | None
    failed: bool


@contextmanager
def worker(flags: str, folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """Run a worker; it is ended by SIGTERM, as a service manager does."""
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--loglevel", "warning", *flags.split()]
    process = subprocess.Popen(
        command, env=variables, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        assert "Failed to detach" not in said, said


def variables_for(folder: Path, seen: Receiver, provider: str, **more: str) -> dict[str, str]:
    """Write the programs and return the variables they run with."""
    (folder / "tasks.py").write_text(TASKS)
    (folder / "publish.py").write_text(PUBLISH)
    found = environment(seen.endpoint, OPENAI_BASE_URL=provider, OPENAI_API_KEY="k", HOME=str(folder), **more)
    found["PYTHONPATH"] += f":{folder}"
    return found


def publish(folder: Path, variables: dict[str, str]) -> None:
    """Run the program that publishes the tasks and waits for them."""
    command = [sys.executable, "publish.py"]
    done = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def told(seen: Receiver) -> tuple[Counter[Seen], list[Any]]:
    """What arrived without the commands to Redis: each span under its parent, and the spans themselves."""
    spans = [(at["service.name"], span) for at, span in seen.spans()]
    names = {span.span_id: span.name for _, span in spans}
    kept = [(service, span) for service, span in spans if "db.system.name" not in values(span.attributes)]
    return Counter(
        Seen(service, span.name, names.get(span.parent_span_id), span.status.code == 2) for service, span in kept
    ), [span for _, span in spans]


@pytest.mark.services
@pytest.mark.parametrize(
    "flags",
    [
        "--pool prefork --concurrency 2",
        "--pool prefork --concurrency 1 --max-tasks-per-child 1",
        "--pool solo",
        "--pool threads --concurrency 2",
    ],
    ids=["prefork", "children replaced", "solo", "threads"],
)
def test_a_task_is_part_of_the_trace_that_published_it(flags: str, redis_url: str, tmp_path: Path) -> None:
    """Request, tasks, a retry and the call to a model are one trace for one user; in a worker `flush` works too."""
    with receiver() as seen, serving(create_app()) as provider:
        variables = variables_for(tmp_path, seen, provider, REDIS=redis_url)
        with worker(flags, tmp_path, variables | {"SERVICE": "worker"}):
            publish(tmp_path, variables | {"SERVICE": "web"})
        found, spans = told(seen)
        assert found == Counter(
            {
                Seen("web", "request", None, failed=False): 1,
                Seen("web", "apply_async/tasks.answer", "request", failed=False): 1,
                Seen("worker", "run/tasks.answer", "apply_async/tasks.answer", failed=False): 1,
                Seen("worker", "chat gpt-4o-mini", "run/tasks.answer", failed=False): 1,
                Seen("web", "apply_async/tasks.flaky", "request", failed=False): 1,
                Seen("worker", "run/tasks.flaky", "apply_async/tasks.flaky", failed=False): 2,
                Seen("worker", "apply_async/tasks.flaky", "run/tasks.flaky", failed=False): 1,
                Seen("web", "apply_async/tasks.fails", "request", failed=False): 1,
                Seen("worker", "run/tasks.fails", "apply_async/tasks.fails", failed=True): 1,
            }
        )
        assert len({span.trace_id for span in spans}) == 1
        told_users = {(values(span.attributes)["user.id"], values(span.attributes)["session.id"]) for span in spans}
        assert told_users == {("ü-1", "s-1")}
        (record,) = [record for name, record in seen.logs() if name == "tasks"]
        assert (record.trace_id, values(record.attributes)["user.id"]) == (spans[0].trace_id, "ü-1")


def test_an_eager_task_is_part_of_it_too(tmp_path: Path) -> None:
    """Run in place, without a broker, a task is a child of who called it."""
    with receiver() as seen, serving(create_app()) as provider:
        publish(tmp_path, variables_for(tmp_path, seen, provider, SERVICE="web"))
        found, spans = told(seen)
        assert found[Seen("web", "run/tasks.answer", "request", failed=False)] == 1
        assert found[Seen("web", "chat gpt-4o-mini", "run/tasks.answer", failed=False)] == 1
        assert len({span.trace_id for span in spans}) == 1
