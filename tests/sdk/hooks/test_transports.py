"""Transports other than the library's own: each call that goes over the wire is seen once, and no other."""

import asyncio
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.context import attach, detach, set_value
from opentelemetry.instrumentation.utils import suppress_instrumentation

from scripted import Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from telemetry import Telemetry, recording

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
PATH = "/v1/chat/completions"
JSON = b'{"id":"c","model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}'
BODY = {"model": "gpt-4o-mini", "messages": []}
BUSY = Answer([b"{}"], 503)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider that answers every call the same."""
    with scripted() as made:
        made.repeat = Answer([JSON])
        yield made


def post(client: Any, base_url: str = "https://api.openai.com") -> Any:  # noqa: ANN401 - of either library
    """Make a call."""
    return client.post(f"{base_url}{PATH}", json=BODY)


@LIBRARIES
def test_transport_that_answers_by_itself(library: ModuleType, telemetry: Telemetry) -> None:
    """A custom transport whose answer is built from content is seen through the client, with usage and cost."""
    with library.Client(transport=library.MockTransport(lambda _: library.Response(200, content=JSON))) as client:
        assert post(client).json()["id"] == "c"
    found = telemetry.attributes()
    assert (found[attr.INPUT_TOKENS], found[attr.COST_STATE]) == (7, "computed")
    assert found[attr.SERVER_ADDRESS] == "api.openai.com"


@LIBRARIES
def test_async_transport_that_answers_by_itself(library: ModuleType, telemetry: Telemetry) -> None:
    """Likewise for an asynchronous client."""

    async def call() -> None:
        transport = library.MockTransport(lambda _: library.Response(200, content=JSON))
        async with library.AsyncClient(transport=transport) as client:
            await post(client)

    asyncio.run(call())
    assert telemetry.attributes()[attr.INPUT_TOKENS] == 7


@LIBRARIES
def test_transport_that_streams_by_itself(library: ModuleType, telemetry: Telemetry) -> None:
    """The stream of a custom transport is listened to, and closed as the client closes it."""
    closed = []

    class Pieces(library.SyncByteStream):  # type: ignore[misc, name-defined] # a class of the library under test
        def __iter__(self) -> Iterator[bytes]:
            yield JSON[:20]
            yield JSON[20:]

        def close(self) -> None:
            closed.append(True)

    class Own(library.BaseTransport):  # type: ignore[misc, name-defined] # likewise
        def handle_request(self, request: object) -> object:
            assert request is not None
            return library.Response(200, stream=Pieces())

    with library.Client(transport=Own()) as client:
        assert post(client).content == JSON
    assert closed == [True]
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 3


@LIBRARIES
def test_transport_that_fails(library: ModuleType, telemetry: Telemetry) -> None:
    """What a custom transport raises goes through and is the call's error."""

    def fail(request: object) -> object:
        raise library.ConnectTimeout("no answer", request=request)

    with library.Client(transport=library.MockTransport(fail)) as client, pytest.raises(library.ConnectTimeout):
        post(client)
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("ConnectTimeout", "no answer")
    assert telemetry.span().status.status_code is trace.StatusCode.ERROR


@LIBRARIES
def test_transport_that_retries_shows_each_attempt(
    library: ModuleType, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A transport around the library's own that tries again is as many spans as there were requests on the wire."""
    server.script.append(BUSY)

    class Retrying(library.BaseTransport):  # type: ignore[misc, name-defined] # a class of the library under test
        def __init__(self) -> None:
            self.inner = library.HTTPTransport()

        def handle_request(self, request: object) -> object:
            response = self.inner.handle_request(request)
            if response.status_code == 503:
                response.close()
                response = self.inner.handle_request(request)
            return response

        def close(self) -> None:
            self.inner.close()

    with library.Client(transport=Retrying()) as client:
        assert post(client, server.url).content == JSON
    assert [(s.attributes or {})[attr.HTTP_STATUS_CODE] for s in telemetry.spans()] == [503, 200]


@LIBRARIES
def test_mounted_transport(library: ModuleType, server: ScriptedServer, telemetry: Telemetry) -> None:
    """A transport mounted for a host is seen like the client's own."""
    with library.Client(mounts={"all://127.0.0.1": library.HTTPTransport()}) as client:
        post(client, server.url)
    assert telemetry.attributes()[attr.INPUT_TOKENS] == 7


@LIBRARIES
def test_client_with_the_wrong_kind_of_transport(library: ModuleType) -> None:
    """A mistake of the application raises what it raises without us."""

    def mistake() -> str:
        client = library.Client(transport=library.AsyncHTTPTransport())
        with pytest.raises(AttributeError) as raised:
            post(client)
        return str(raised.value)

    without = mistake()
    with recording():
        assert mistake() == without


@LIBRARIES
def test_requests_that_are_no_calls_leave_nothing(
    library: ModuleType, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """Other paths, other methods, and look-alikes on hosts that nobody knows are not recorded."""
    with library.Client() as client:
        client.get(f"{server.url}{PATH}")
        client.post(f"{server.url}/v1/files", json=BODY)
        client.post(f"http://localhost:{server.port}{PATH}", json={"items": []})
    assert telemetry.spans() == []
    assert set(telemetry.metrics()) == {"spanglass.client.active"}


@LIBRARIES
def test_upload_that_is_streamed_is_left_alone(
    library: ModuleType, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A request body that is a generator reaches the provider whole: it is not read before the transport does."""
    with library.Client() as client:
        client.post(f"{server.url}{PATH}", content=iter([b'{"model":', b'"gpt-4o-mini"}']))
    assert telemetry.attributes()[attr.OPERATION] == "chat"
    assert attr.REQUEST_MODEL not in telemetry.attributes()


def test_suppressed_instrumentation_is_silent(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Where OpenTelemetry says so, as exporters do, a call is not recorded."""
    with suppress_instrumentation(), httpx2.Client() as client:
        post(client, server.url)
    assert telemetry.spans() == []
    token = attach(set_value("unrelated", True))
    with httpx2.Client() as client:
        post(client, server.url)
    detach(token)
    assert len(telemetry.spans()) == 1


def test_span_of_another_http_instrumentation(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Below another tool's HTTP span, a span opened for the call is still found and enriched, not doubled."""
    tracer = telemetry.tracers.get_tracer("some.http.instrumentation")
    ours = httpx2.HTTPTransport.handle_request

    def handle_request(transport: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
        with tracer.start_as_current_span("POST", kind=trace.SpanKind.CLIENT):
            return ours(transport, request)

    httpx2.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign, assignment] # as tools do
    try:
        with (
            telemetry.tracers.get_tracer("app").start_as_current_span("llm.generate", attributes={"llm.model": "x"}),
            httpx2.Client() as client,
        ):
            post(client, server.url)
    finally:
        httpx2.HTTPTransport.handle_request = ours  # type: ignore[method-assign]
    http, outer = telemetry.spans()
    assert (http.name, dict(http.attributes or {})) == ("POST", {})
    assert (outer.attributes or {})[attr.INPUT_TOKENS] == 7
