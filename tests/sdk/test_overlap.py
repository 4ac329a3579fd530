"""Metrics of an application's own under the names of ours are said once, and sent as they are."""

import json

import pytest

from otlp_receiver import receiver, run
from scripted import Answer, scripted
from spanglass.semconv import metrics

APP = """
import os, httpx, logging, spanglass
logging.basicConfig(format="%(message)s")
spanglass.init()
from opentelemetry import metrics
meter = metrics.get_meter(METER)
own = meter.create_counter(NAME)
for _ in range(2):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    httpx.post(os.environ["OPENAI"] + "/v1/chat/completions", json=body)
    own.add(3)
    spanglass.flush(10)
"""
ANSWER = json.dumps(
    {
        "id": "c-1",
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
).encode()


@pytest.mark.parametrize(
    ("meter", "name", "lines"),
    [
        ("by-hand", metrics.TOKEN_USAGE.name, 1),
        ("by-hand", "llm.tokens", 0),
        # Known to record it: then we do not, where it does.
        ("opentelemetry.instrumentation.openai.v1", metrics.TOKEN_USAGE.name, 0),
    ],
)
def test_a_name_that_is_taken_is_said_once(meter: str, name: str, lines: int) -> None:
    """One line names the metric and the meter, in several collections and destinations; other metrics give none."""
    with receiver() as seen, scripted() as provider:
        provider.repeat = Answer([ANSWER])
        script = APP.replace("METER", repr(meter)).replace("NAME", repr(name))
        done = run(
            script,
            endpoint=seen.endpoint,
            OPENAI=provider.url,
            SPANGLASS_HOSTS="127.0.0.1=openai",
            SPANGLASS_DESTINATIONS=f"otlp,{seen.endpoint}/second",
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stderr.splitlines()) == lines
        assert done.stderr.count(f"Your meter '{meter}' records {name}, as spanglass does") == lines
        assert 6 in {getattr(point, "as_int", None) for _, point in seen.points(name)}
