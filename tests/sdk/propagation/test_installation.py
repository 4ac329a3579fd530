from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from otlp_receiver import receiver, run
from scripted import Answer, scripted
from spanglass.sdk.context import NOTHING, context, current
from spanglass.sdk.propagation import install

REQUESTS = """
import asyncio, spanglass
spanglass.init(service_name="shop")
import aiohttp, httpx, httpx2, requests
from opentelemetry import trace

async def by_aiohttp(url, body):
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        await response.read()

CALL = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
with spanglass.context(user_id="u-1", session_id="s-1", feature="search"):
    with trace.get_tracer("shop").start_as_current_span("request"):
        for path, body in (("/v1/chat/completions", CALL), ("/orders", {"number": 1})):
            requests.post(BASE + path, json=body)
            httpx.post(BASE + path, json=body)
            httpx2.post(BASE + path, json=body)
            asyncio.run(by_aiohttp(BASE + path, body))
"""
BAGGAGE = "user.id=u-1,session.id=s-1,spanglass.feature=search"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Each test leaves the propagator that it found."""
    before = propagate.get_global_textmap()
    yield
    propagate.set_global_textmap(before)


@pytest.mark.parametrize(
    ("variables", "carried"),
    [
        ({}, BAGGAGE),
        ({"SPANGLASS_BAGGAGE": "127.0.0.1"}, BAGGAGE),
        ({"SPANGLASS_BAGGAGE": ".shop.example"}, None),
        ({"SPANGLASS_BAGGAGE": "none"}, None),
        ({"OTEL_PROPAGATORS": "tracecontext"}, None),
    ],
    ids=str,
)
def test_requests_carry_it_to_ones_own_hosts_and_calls_to_models_never(
    variables: dict[str, str], carried: str | None
) -> None:
    """By every HTTP client, own services learn for whom the work is done, as set; a provider learns nothing at all."""
    with receiver() as seen, scripted() as server:
        server.repeat = Answer([b"{}"])
        done = run(f"BASE = {server.url!r}" + REQUESTS, endpoint=seen.endpoint, **variables)
        assert (done.returncode, done.stderr) == (0, "")
    headers = [(asked.path, {name.lower(): value for name, value in asked.headers.items()}) for asked in server.asked]
    calls = [found for path, found in headers if path != "/orders"]
    orders = [found for path, found in headers if path == "/orders"]
    assert (len(calls), len(orders)) == (4, 4)
    assert [name for found in calls for name in found if name in {"traceparent", "tracestate", "baggage"}] == []
    assert [found.get("baggage") for found in orders] == [carried] * 4
    assert all("traceparent" in found for found in orders)


def test_it_is_taken_back_exactly() -> None:
    """After the end the propagator is the one from before, and pools carry nothing."""
    before = propagate.get_global_textmap(), ThreadPoolExecutor.submit
    uninstall = install()
    assert propagate.get_global_textmap() is not before[0]
    uninstall()
    uninstall()
    assert (propagate.get_global_textmap(), ThreadPoolExecutor.submit) == before
    with context(user_id="u"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current).result() is NOTHING


def test_a_propagator_of_the_application_s_own_stays() -> None:
    """One that is set before is left as it is; one that is set after is not taken away at the end."""
    theirs = CompositePropagator([W3CBaggagePropagator()])
    propagate.set_global_textmap(theirs)
    install()()
    assert propagate.get_global_textmap() is theirs
    propagate.set_global_textmap(CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()]))
    uninstall = install()
    later: TextMapPropagator = TraceContextTextMapPropagator()
    propagate.set_global_textmap(later)
    uninstall()
    assert propagate.get_global_textmap() is later


def test_with_none_it_is_not_believed_either() -> None:
    """`none` leaves OpenTelemetry's propagator, which knows nothing of a user."""
    uninstall = install(("none",))
    assert current(propagate.extract({"baggage": "user.id=u"})) is NOTHING
    uninstall()
    uninstall = install()
    assert current(propagate.extract({"baggage": "user.id=u"})).user_id == "u"
    uninstall()
