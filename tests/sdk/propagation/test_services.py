"""Two services that speak HTTP, each with the real framework: the second works for the user that the first knows."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from otlp_receiver import Receiver, environment, receiver, run, values

SERVED = {
    "fastapi": """
import logging, spanglass
spanglass.init(service_name="orders")
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.post("/orders")
async def order():
    logging.getLogger("orders").warning("ordered")
@app.get("/health")
async def health(): ...
uvicorn.run(app, port=PORT, log_level="critical")
""",
    "flask": """
import logging, spanglass
spanglass.init(service_name="orders")
from flask import Flask
app = Flask("orders")
logging.getLogger("werkzeug").disabled = True
@app.post("/orders")
def order():
    logging.getLogger("orders").warning("ordered")
    return ""
@app.get("/health")
def health(): return ""
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
app.run(port=PORT)
""",
}
ASKING = """
import spanglass
spanglass.init(service_name="shop")
import httpx
from opentelemetry import trace
with spanglass.context(user_id="u-1", session_id="s-1", prompt_name="order", prompt_version="2"):
    with trace.get_tracer("shop").start_as_current_span("request"):
        httpx.post(URL + "/orders").raise_for_status()
"""


@contextmanager
def serving(program: str, seen: Receiver) -> Iterator[str]:
    """Run a service until it has answered once, then until the end; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", f"PORT = {port}{program}"]
    process = subprocess.Popen(command, env=environment(seen.endpoint), stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(url + "/health", timeout=10).close()  # noqa: S310 - our own
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize("framework", SERVED)
def test_the_second_service_works_for_the_same_user(framework: str) -> None:
    """Spans and log records of both services are one trace, and say the same user, session and prompt."""
    with receiver() as seen:
        with serving(SERVED[framework], seen) as url:
            done = run(f"URL = {url!r}" + ASKING, endpoint=seen.endpoint)
            assert (done.returncode, done.stderr) == (0, "")
        spans = [(at["service.name"], span) for at, span in seen.spans()]
        assert len({span.trace_id for _, span in spans}) == 1
        assert {service for service, _ in spans} == {"shop", "orders"}
        known = ("user.id", "session.id", "gen_ai.prompt.name", "gen_ai.prompt.version")
        told = {tuple(values(span.attributes).get(name) for name in known) for _, span in spans}
        assert told == {("u-1", "s-1", "order", "2")}
        (record,) = [record for name, record in seen.logs() if name == "orders"]
        assert record.trace_id == spans[0][1].trace_id
        assert tuple(values(record.attributes).get(name) for name in known) == ("u-1", "s-1", "order", "2")
