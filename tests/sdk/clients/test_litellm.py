"""A call made through LiteLLM whose own OpenTelemetry callback is on; it needs openai 2, so it runs there alone."""

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span

from scripted import Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import recording

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it looks for prices in the network when imported
import litellm
from litellm.integrations.opentelemetry import OpenTelemetry, OpenTelemetryConfig

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


def has_account(span: Span) -> bool:
    """LiteLLM writes from a thread or task of its own, some time after the call."""
    return isinstance(span, ReadableSpan) and attr.RESPONSE_ID in (span.attributes or {})


def call(server: ScriptedServer, outer: Span) -> None:
    litellm.completion(**question(server))
    deadline = time.monotonic() + 20
    while not has_account(outer) and time.monotonic() < deadline:
        time.sleep(0.02)


async def call_async(server: ScriptedServer, outer: Span) -> None:
    await litellm.acompletion(**question(server))
    async with asyncio.timeout(20):
        while not has_account(outer):  # noqa: ASYNC110 - LiteLLM tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ["completion", "acompletion"])
def test_its_accounts_of_the_call_are_marked(way: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM writes the usage on the caller's span afterwards: that span says which span stands for the call."""
    with recording() as telemetry:
        callback = OpenTelemetry(config=OpenTelemetryConfig(exporter="console"), tracer_provider=telemetry.tracers)
        monkeypatch.setattr(litellm, "callbacks", [callback])
        with telemetry.tracers.get_tracer("app").start_as_current_span("outer") as outer:
            if way == "completion":
                call(server, outer)
            else:
                asyncio.run(call_async(server, outer))
    accounts = {
        span.name: (span.attributes or {}) for span in telemetry.spans() if attr.RESPONSE_ID in (span.attributes or {})
    }
    ours = accounts.pop("chat gpt-4o-mini")
    assert attr.DUPLICATE_OF not in ours
    assert ours[attr.COST_EXACT] == "0.0009"
    assert accounts
    assert all(attr.DUPLICATE_OF in account for account in accounts.values())
    assert sum(telemetry.metrics()[metrics.TOKEN_USAGE.name].values()) == 3000
