"""A call to a model has one span, whatever else instruments HTTP, in whichever order; other requests keep theirs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from scripted import Answer, ScriptedServer, scripted
from telemetry import recording

CALL = "/v1/chat/completions"
OTHER = "/v1/files"
BODY: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
JSON = b'{"id":"c","model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
Ask = Callable[[str], object]


def with_httpx(url: str) -> object:
    with httpx.Client() as client:
        return client.post(url, json=BODY).content


def with_httpx2(url: str) -> object:
    with httpx2.Client() as client:
        return client.post(url, json=BODY).content


def with_async_httpx2(url: str) -> object:
    async def ask() -> object:
        async with httpx2.AsyncClient() as client:
            return (await client.post(url, json=BODY)).content

    return asyncio.run(ask())


def with_requests(url: str) -> object:
    return requests.post(url, json=BODY, timeout=9).content


def with_prepared_request(url: str) -> object:
    with requests.Session() as session:
        return session.send(requests.Request("POST", url, json=BODY).prepare()).content


def with_urllib3(url: str) -> object:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, json=BODY).data


def with_aiohttp(url: str) -> object:
    async def ask() -> object:
        async with aiohttp.ClientSession() as session, session.post(url, json=BODY) as response:
            return await response.read()

    return asyncio.run(ask())


ASKS: tuple[tuple[Ask, Callable[[], Any]], ...] = (
    (with_httpx, HTTPXClientInstrumentor),
    (with_httpx2, HTTPX2ClientInstrumentor),
    (with_async_httpx2, HTTPX2ClientInstrumentor),
    (with_requests, RequestsInstrumentor),
    (with_requests, URLLib3Instrumentor),
    (with_prepared_request, RequestsInstrumentor),
    (with_urllib3, URLLib3Instrumentor),
    (with_aiohttp, AioHttpClientInstrumentor),
)
EACH = pytest.mark.parametrize(("ask", "instrumentor"), ASKS, ids=lambda part: getattr(part, "__name__", None))


class Http:
    """What another instrumentation of HTTP recorded."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider(metric_readers=[self._reader], shutdown_on_exit=False)

    def spans(self) -> int:
        """Return how many spans it has made."""
        return len(self._spans.get_finished_spans())

    def points(self) -> int:
        """Return how many requests its metrics have counted."""
        data = self._reader.get_metrics_data()
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
        return max((p.count for m in metrics for p in m.data.data_points if hasattr(p, "count")), default=0)


@contextmanager
def instrumented(instrumentor: Callable[[], Any]) -> Iterator[Http]:
    """Instrument a library while the block runs."""
    made = Http()
    instrumentor().instrument(tracer_provider=made.tracers, meter_provider=made.meters)
    try:
        yield made
    finally:
        instrumentor().uninstrument()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider that answers every call the same."""
    with scripted() as made:
        made.repeat = Answer([JSON])
        yield made


@EACH
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_call_has_one_span(first: str, ask: Ask, instrumentor: Callable[[], Any], server: ScriptedServer) -> None:
    """The other instrumentation makes no span, metric or header for a call, and all of them for other requests."""
    with ExitStack() as stack:
        if first == "ours":
            telemetry = stack.enter_context(recording())
            http = stack.enter_context(instrumented(instrumentor))
        else:
            http = stack.enter_context(instrumented(instrumentor))
            telemetry = stack.enter_context(recording())
        assert ask(server.url + CALL) == JSON
        assert (len(telemetry.spans()), http.spans(), http.points()) == (1, 0, 0)
        assert ask(server.url + OTHER) == JSON
        assert (len(telemetry.spans()), http.spans(), http.points()) == (1, 1, 1)
    called, other = ({name.lower() for name in asked.headers} for asked in server.asked)
    assert "traceparent" not in called
    assert "traceparent" in other


@EACH
def test_instrumentation_goes_as_it_came(ask: Ask, instrumentor: Callable[[], Any], server: ScriptedServer) -> None:
    """Taken off in our presence it is off, we go on, and after both nothing is left on the library."""
    before = [vars(owner)[name] for owner, name in METHODS]
    with recording() as telemetry:
        with instrumented(instrumentor) as http:
            ask(server.url + CALL)
        ask(server.url + CALL)
        ask(server.url + OTHER)
        assert (len(telemetry.spans()), http.spans()) == (2, 0)
    assert [vars(owner)[name] for owner, name in METHODS] == before


METHODS: tuple[tuple[type, str], ...] = (
    (httpx.HTTPTransport, "handle_request"),
    (httpx2.HTTPTransport, "handle_request"),
    (httpx2.AsyncHTTPTransport, "handle_async_request"),
    (requests.Session, "send"),
    (urllib3.HTTPConnectionPool, "urlopen"),
    (urllib3.HTTPConnectionPool, "_make_request"),
    (aiohttp.ClientSession, "_request"),
    (aiohttp.ClientSession, "__init__"),
    (aiohttp.StreamReader, "set_exception"),
)


@EACH
def test_look_alike_keeps_its_http_span(ask: Ask, instrumentor: Callable[[], Any], server: ScriptedServer) -> None:
    """On a host that nobody knows the body decides: the path of a call alone silences nobody."""
    global BODY  # noqa: PLW0603 - what is asked
    body, BODY = BODY, {"items": []}
    try:
        with recording(hosts={}) as telemetry, instrumented(instrumentor) as http:
            ask(server.url + CALL)
            assert (len(telemetry.spans()), http.spans()) == (0, 1)
            BODY = body
            ask(server.url + CALL)
            assert (len(telemetry.spans()), http.spans()) == (1, 1)
    finally:
        BODY = body


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_client_instrumented_by_itself(library: Any, server: ScriptedServer) -> None:  # noqa: ANN401 - either twin
    """A single client that another tool has instrumented makes no second span either."""
    made = Http()
    kind = HTTPXClientInstrumentor if library is httpx else HTTPX2ClientInstrumentor
    with recording() as telemetry, library.Client() as client:
        kind.instrument_client(client, tracer_provider=made.tracers, meter_provider=made.meters)
        client.post(server.url + CALL, json=BODY)
        assert (len(telemetry.spans()), made.spans()) == (1, 0)


def test_instrumentation_that_fails_leaves_the_hooks() -> None:
    """An exception of another tool goes through, and the hooks are on again."""
    with recording():
        hooked = vars(httpx2.HTTPTransport)["handle_request"]
        with pytest.raises(AttributeError):
            HTTPX2ClientInstrumentor().instrument(tracer_provider=object(), skip_dep_check=True)
        again = vars(httpx2.HTTPTransport)["handle_request"]
        assert again.__wrapped__ is hooked.__wrapped__
