"""The console destination, as a developer reads it."""

import re

from otlp_receiver import run
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving

APP = """
import httpx2, spanglass
from opentelemetry import metrics, trace
spanglass.init(destinations=["console"])
orders = metrics.get_meter("app").create_counter("orders", unit="{order}")
orders.add(3, {"city": "Ulm"})
with trace.get_tracer("app").start_as_current_span("work", attributes={"long": "x" * 100}) as span:
    span.set_status(trace.StatusCode.ERROR, "out of stock")
KEY = {"authorization": "Bearer example"}
body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
httpx2.post(f"{BASE}/chat/completions", json=body, headers=KEY)
spanglass.flush()
print("flushed")
spanglass.flush()
orders.add(1, {"city": "Ulm"})
"""


def test_a_span_is_a_line_and_a_metric_one_when_it_changes() -> None:
    """Standard error has a line a span, calls with model, tokens and cost, and a line for each point that changed."""
    with serving(create_app()) as base_url:
        done = run(f"BASE = {base_url!r}\n{APP}")
    lines = done.stderr.splitlines()
    (work,) = [line for line in lines if " work " in line]
    assert f" ms  work long={'x' * 57}... ERROR out of stock [" in work
    (call,) = [line for line in lines if " chat gpt-4o-mini " in line]
    assert " in=" in call
    assert " out=" in call
    assert re.search(r" usd=0\.0000\d+ computed stop ", call)
    assert [line for line in lines if "orders" in line] == [
        "metric orders city=Ulm 3 {order}",
        "metric orders city=Ulm 4 {order}",
    ]
    assert "spanglass.sdk" not in done.stderr
    assert (done.returncode, done.stdout) == (0, "flushed\n")
