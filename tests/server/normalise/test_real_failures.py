"""What the real instrumentations record of a call that the provider refused, and of what stands around it."""

import json

import openai
import pytest
from opentelemetry.trace import TracerProvider

from recorded_spans import OPENAI, recorded
from scripted import Answer, scripted
from spanglass.server.normalise.failure import plain
from spanglass.server.record import StoredSpan

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the instrumentations' own

PLAIN = "rate limit reached for <id> in organization <id>: limit <id>, used <id>. please try again in <id>."


def refusal(used: int) -> Answer:
    """Return OpenAI's answer to a call too many."""
    said = f"Rate limit reached for gpt-4o in organization org-a1: Limit 3, Used {used}. Please try again in 20s."
    error = {"message": said, "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    return Answer([json.dumps({"error": error}).encode()], 429)


def ask(url: str, tracers: TracerProvider) -> None:
    """Call within a span of the application, which records that it failed."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="made-up", max_retries=0)
    with client, pytest.raises(openai.RateLimitError), tracers.get_tracer("shop").start_as_current_span("POST /chat"):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize("producer", OPENAI)
def test_a_refused_call_is_one_error(producer: str) -> None:
    """The call and the request around it share a group, which is the same for the next call that is refused alike."""
    found: list[StoredSpan] = []
    with scripted() as server:
        server.script.extend([refusal(3), refusal(7)])
        for _ in range(2):
            with recorded(OPENAI[producer]) as (tracers, kept):
                ask(server.url, tracers)
                found.extend(kept())

    assert [one.span.status for one in found] == ["error"] * 4
    assert {plain(one.facts.error_message or "") for one in found} == {PLAIN}
    assert len({one.facts.error_group for one in found}) == 1
    assert [one.cost for one in found] == [None] * 4
