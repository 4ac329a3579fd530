"""Real servers with several workers: each worker sends its own, and nothing is lost when one ends."""

import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app_server import app_server
from otlp_receiver import Receiver, environment, receiver

APP = """
import os, spanglass
from opentelemetry import metrics, trace
spanglass.init(service_name="web")
tracer, counter = trace.get_tracer("app"), metrics.get_meter("app").create_counter("requests")

def answer(carrier, path):
    with spanglass.extract(carrier), tracer.start_as_current_span(path):
        counter.add(1)
        return str(os.getpid()).encode()

def wsgi(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain"), ("connection", "close")])
    return [answer(environ, environ["PATH_INFO"])]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        body = answer(scope, scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body})
"""
REQUESTS = 12
TRACE, SPAN = "1" * 32, "2" * 16


def ask(port: int, path: str) -> int:
    """Ask once, again where a worker is being replaced; returns the process that answered."""
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "baggage": "user.id=u-1,spanglass.feature=search"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own
                return int(response.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@contextmanager
def serving(command: str, folder: Path, seen: Receiver) -> Iterator[int]:
    """Run a server of the application above."""
    program = folder / "site_app.py"
    program.write_text(APP)
    with app_server(command, program, environment(seen.endpoint, HOME=str(folder)), unwanted="Traceback") as port:
        yield port


@pytest.mark.parametrize(
    "command",
    [
        "gunicorn --workers 2 --preload --bind 127.0.0.1:{port} site_app:wsgi",
        "gunicorn --workers 2 --max-requests 3 --bind 127.0.0.1:{port} site_app:wsgi",
        "gunicorn --workers 1 --threads 4 --bind 127.0.0.1:{port} site_app:wsgi",
        "uvicorn --port {port} site_app:asgi",
        "uvicorn --workers 2 --port {port} site_app:asgi",
        "uvicorn --workers 2 --limit-max-requests 3 --port {port} site_app:asgi",
    ],
    ids=[
        "gunicorn preloaded",
        "gunicorn replaced",
        "gunicorn threads",
        "uvicorn",
        "uvicorn workers",
        "uvicorn replaced",
    ],
)
def test_each_worker_sends_its_own_and_nothing_is_lost(command: str, tmp_path: Path) -> None:
    """Every request is in the traces and metrics once, under the process that answered it, for the user who asked."""
    with receiver() as seen:
        with serving(command, tmp_path, seen) as port:
            answered = Counter(ask(port, f"/{number}") for number in range(REQUESTS))
        assert len(answered) >= (4 if "gunicorn --workers 2 --max-requests 3" in command else 1)
        spans = [(at["process.pid"], span) for at, span in seen.spans() if span.name.startswith("/")]
        assert Counter(pid for pid, _ in spans) == answered
        assert len({(at["process.pid"], at["service.instance.id"]) for at, _ in seen.spans()}) == len(answered)
        last = {at["process.pid"]: point.as_int for at, point in seen.points("requests")}
        assert {pid: count for pid, count in last.items() if count} == answered
        for _, span in spans:
            told = {pair.key: pair.value.string_value for pair in span.attributes}
            assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
            assert told == {"user.id": "u-1", "spanglass.feature": "search"}
