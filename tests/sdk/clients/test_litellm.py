"""A call made through LiteLLM whose own OpenTelemetry callback is on; it needs openai 2, so it runs there alone."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import litellm
import pytest
from litellm.integrations.opentelemetry import OpenTelemetry, OpenTelemetryConfig

from scripted import Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording

JSON = (
    b'{"id":"c-1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2000,'
    b'"completion_tokens":1000,"total_tokens":3000}}'
)
pytestmark = pytest.mark.filterwarnings("ignore")  # LiteLLM's own, many


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider that answers one call."""
    with scripted() as made:
        made.script.append(Answer([JSON]))
        yield made


def question(server: ScriptedServer) -> dict[str, Any]:
    return {
        "model": "openai/gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hi"}],
        "api_base": f"{server.url}/v1",
        "api_key": "made-up",
    }


def wait_for_callback(telemetry: Telemetry) -> None:
    """LiteLLM writes its spans from a thread of its own, some time after the call."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if any(span.name == "raw_gen_ai_request" for span in telemetry.spans()):
            return
        time.sleep(0.02)
    pytest.fail("LiteLLM wrote no span")


@pytest.mark.parametrize("way", ["completion", "acompletion"])
def test_its_accounts_of_the_call_are_marked(way: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM writes the usage on the caller's span afterwards: that span says which span stands for the call."""
    with recording() as telemetry:
        callback = OpenTelemetry(config=OpenTelemetryConfig(exporter="console"), tracer_provider=telemetry.tracers)
        monkeypatch.setattr(litellm, "callbacks", [callback])
        with telemetry.tracers.get_tracer("app").start_as_current_span("outer"):
            if way == "completion":
                litellm.completion(**question(server))
            else:
                asyncio.run(litellm.acompletion(**question(server)))
            wait_for_callback(telemetry)
    accounts = {
        span.name: (span.attributes or {}) for span in telemetry.spans() if attr.RESPONSE_ID in (span.attributes or {})
    }
    ours = accounts.pop("chat gpt-4o-mini")
    assert attr.DUPLICATE_OF not in ours
    assert ours[attr.COST_EXACT] == "0.0009"
    assert accounts
    assert all(attr.DUPLICATE_OF in account for account in accounts.values())
    assert sum(telemetry.metrics()[metrics.TOKEN_USAGE.name].values()) == 3000
