"""The attempts of one call are one trace, and attempts of different calls are not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
import urllib3
from opentelemetry.sdk.trace import ReadableSpan

from scripted import Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from telemetry import Telemetry

BUSY = Answer([b'{"error": {"code": "busy", "message": "Later."}}'], 503, {"retry-after-ms": "1"})
FINE = Answer([b'{"id":"c","model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'])
QUESTION: Any = [{"role": "user", "content": "Hi"}]


def ask(server: ScriptedServer, question: Any = QUESTION, retries: int = 5) -> None:  # noqa: ANN401 - messages
    """Make a call with the real client."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=retries) as client:
        client.chat.completions.create(model="gpt-4o-mini", messages=question)


def traces(spans: list[ReadableSpan]) -> list[list[int]]:
    """Return the resend counts of each trace, in the order in which they ended."""
    found: dict[int, list[int]] = {}
    for span in spans:
        assert span.context is not None
        resend = (span.attributes or {}).get(attr.RESEND_COUNT, 0)
        assert isinstance(resend, int)
        found.setdefault(span.context.trace_id, []).append(resend)
    return list(found.values())


def test_retries_go_under_the_first_attempt(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Three attempts without a span around them are one trace; the two retries are children of the first attempt."""
    server.script.extend([BUSY, BUSY, FINE])
    ask(server)
    first, second, third = telemetry.spans()
    assert first.parent is None
    assert first.context is not None
    assert [s.parent and s.parent.span_id for s in (second, third)] == [first.context.span_id] * 2
    assert traces(telemetry.spans()) == [[0, 1, 2]]


def test_retries_of_an_asynchronous_client(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Calls that are made and retried at once, each in a task of its own, are a trace each."""

    async def call(client: openai.AsyncOpenAI, number: int) -> None:
        await client.chat.completions.create(model=f"gpt-{number}", messages=QUESTION)

    async def calls() -> None:
        url = f"{server.url}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="made-up", max_retries=9) as client:
            await asyncio.gather(*(call(client, number) for number in range(4)))

    server.script.extend([BUSY] * 6)
    server.repeat = FINE
    asyncio.run(calls())
    found = traces(telemetry.spans())
    assert len(found) == 4
    assert all(sorted(trace) == list(range(len(trace))) for trace in found)
    for span in telemetry.spans():
        same = {
            (s.attributes or {})[attr.REQUEST_MODEL]
            for s in telemetry.spans()
            if s.context.trace_id == span.context.trace_id
        }
        assert len(same) == 1


def test_connection_that_fails_is_joined(telemetry: Telemetry) -> None:
    """An attempt that found nobody to answer, and its retry, are one trace."""
    with scripted() as gone:
        pass
    with pytest.raises(openai.APIConnectionError):
        ask(gone, retries=1)
    assert traces(telemetry.spans()) == [[0, 1]]


def test_call_after_one_that_was_given_up(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A call is no retry of one before it that failed for good, though it asks for the same."""
    server.script.extend([BUSY, BUSY, FINE])
    with pytest.raises(openai.InternalServerError):
        ask(server, retries=1)
    ask(server)
    assert traces(telemetry.spans()) == [[0, 1], [0]]


def test_another_thread_retries_nothing_of_this_one(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A failure is remembered where it happened alone."""
    server.script.extend([BUSY, FINE])
    with pytest.raises(openai.InternalServerError):
        ask(server, retries=0)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(raw, server, {"x-stainless-retry-count": "1"}).result()
    assert traces(telemetry.spans()) == [[0], [1]]


def raw(server: ScriptedServer, headers: dict[str, str]) -> None:
    """Make the same call by hand."""
    body = {"messages": QUESTION, "model": "gpt-4o-mini"}
    urllib3.PoolManager().request("POST", f"{server.url}/v1/chat/completions", json=body, headers=headers)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"x-stainless-retry-count": "1"}, 1), ({"x-stainless-retry-count": "2"}, 2), ({}, 2)],
)
def test_only_the_next_attempt_joins(
    headers: dict[str, str], expected: int, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A count that does not follow the failed one, or none, begins a trace."""
    server.script.extend([BUSY, FINE])
    raw(server, {})
    raw(server, headers)
    assert len(traces(telemetry.spans())) == expected


def test_another_question_does_not_join(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A request that asks for something else is no retry, whatever its header says."""
    server.script.extend([BUSY, FINE])
    with pytest.raises(openai.InternalServerError):
        ask(server, [{"role": "user", "content": "Another"}], retries=0)
    raw(server, {"x-stainless-retry-count": "1"})
    assert len(traces(telemetry.spans())) == 2


def test_span_around_the_call_stays_the_parent(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Under a span of the application the attempts are siblings, as ever."""
    server.script.extend([BUSY, FINE])
    with telemetry.tracers.get_tracer("app").start_as_current_span("request") as outer:
        ask(server)
    first, second, _ = telemetry.spans()
    assert [s.parent and s.parent.span_id for s in (first, second)] == [outer.get_span_context().span_id] * 2


def test_retries_that_urllib3_makes(server: ScriptedServer, telemetry: Telemetry) -> None:
    """The library's own retries are counted and joined; they send no header that says so."""
    server.script.extend([BUSY, BUSY, FINE])
    again = urllib3.Retry(3, status_forcelist=[503], allowed_methods=None)
    urllib3.PoolManager(retries=again).request(
        "POST", f"{server.url}/v1/chat/completions", json={"model": "gpt-4o-mini", "messages": QUESTION}
    )
    assert traces(telemetry.spans()) == [[0, 1, 2]]
