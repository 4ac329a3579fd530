"""OTLP/HTTP: what is answered to which request, in the request's own encoding."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import zstandard
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from exports import export, span_message
from spanglass.errors import Overloaded, StoreUnavailable
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.receive.http import otlp_http
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.receiver import Receiver
from spanglass.server.record import Received, Signal

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
BODY = export([span_message()]).SerializeToString()


class Sink:
    """Keeps what it is given, or fails as it is told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.received: list[Received] = []

    async def __call__(self, received: Received) -> None:
        """Take a request."""
        if self.failure is not None:
            raise self.failure
        self.received.append(received)


class Bench:
    """The application over a sink, called as a client would."""

    def __init__(
        self, failure: Exception | None = None, *, limits: Limits | None = None, access: Access | None = None
    ) -> None:
        self.sink = Sink(failure)
        self.counters = Counters()
        self.allowance = Allowance(1_000_000)
        self.receiver = Receiver(
            self.sink, limits=limits or Limits(body_bytes=100_000), allowance=self.allowance, counters=self.counters
        )
        self._app = otlp_http(self.receiver, access or Access("127.0.0.1"))

    def post(
        self,
        content: bytes | Callable[[], AsyncIterator[bytes]],
        headers: dict[str, str],
        path: str = "/v1/traces",
        method: str = "POST",
    ) -> httpx.Response:
        """Send a request and return what it is answered."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4318") as client:
                body = content if isinstance(content, bytes) else content()
                return await client.request(method, path, content=body, headers=headers)

        return asyncio.run(send())


@pytest.mark.parametrize("content_type", ["application/x-protobuf", "application/protobuf; charset=utf-8"])
def test_an_export_is_passed_to_the_sink_and_answered(content_type: str) -> None:
    """A whole export gets an empty response in protobuf."""
    bench = Bench()

    response = bench.post(BODY, {"content-type": content_type})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "application/x-protobuf"
    assert [span.name for received in bench.sink.received for span in received.spans] == ["span 1"]
    assert bench.counters.received == {Signal.TRACES: 1}
    assert bench.allowance.held == 0


def test_json_is_answered_in_json() -> None:
    """The response is in the encoding of the request."""
    response = Bench().post(b'{"resourceSpans": []}', JSON)

    assert (response.status_code, response.json()) == (200, {})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)]
)
def test_compressed_exports_are_read(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    """Gzip and zstd bodies are the same export; the digest is that of the bytes inside."""
    bench = Bench()
    bench.post(BODY, PROTOBUF)

    response = bench.post(compress(BODY), {**PROTOBUF, "content-encoding": encoding})

    assert response.status_code == 200
    assert bench.sink.received[0].digest == bench.sink.received[1].digest


def test_rejected_items_are_told_as_a_partial_success() -> None:
    """The good spans are kept, the number of the others and the reason are in the response, in both encodings."""
    bad = span_message(2)
    bad.span_id = b"short"
    body = export([span_message(), bad]).SerializeToString()
    as_json = {"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "xx", "name": "n"}]}]}]}

    in_protobuf = ExportTraceServiceResponse.FromString(Bench().post(body, PROTOBUF).content)
    in_json = Bench().post(json.dumps(as_json).encode(), JSON).json()

    assert in_protobuf.partial_success.rejected_spans == 1
    assert "no valid id" in in_protobuf.partial_success.error_message
    assert in_json["partialSuccess"]["rejectedSpans"] == "1"
    assert "no valid id" in in_json["partialSuccess"]["errorMessage"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400, "malformed"),
        (BODY[:-3], PROTOBUF, 400, "malformed"),
        (b"{", JSON, 400, "malformed"),
        (b"not gzip", {**PROTOBUF, "content-encoding": "gzip"}, 400, "malformed"),
        (bytes(100_001), PROTOBUF, 413, "too_large"),
        (gzip.compress(bytes(10_000_000)), {**PROTOBUF, "content-encoding": "gzip"}, 413, "too_large"),
        (BODY, {"content-type": "text/plain"}, 415, "unsupported"),
        (BODY, {}, 415, "unsupported"),
        (BODY, {**PROTOBUF, "content-encoding": "br"}, 415, "unsupported"),
    ],
    ids=["garbage", "cut", "cut json", "no gzip", "large", "bomb", "text", "no type", "brotli"],
)
def test_what_cannot_be_accepted_is_refused_with_a_status(
    body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    """The error is a google.rpc.Status that says what to do, nothing reaches the sink, and the refusal is counted."""
    bench = Bench()

    response = bench.post(body, headers)

    assert response.status_code == status
    message = response.json()["message"] if headers == JSON else Status.FromString(response.content).message
    assert len(message) > 20
    assert bench.sink.received == []
    assert bench.counters.rejected == {(Signal.TRACES, reason): 1}
    assert bench.allowance.held == 0
    assert bench.post(BODY, PROTOBUF).status_code == 200


def test_a_body_without_a_declared_length_is_cut_off_at_the_limit() -> None:
    """A chunked body is counted as it comes."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(10_000)

    assert Bench().post(endless, PROTOBUF).status_code == 413


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    """A sender that stalls does not hold memory for ever."""

    async def stalling() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(60)

    response = Bench(limits=Limits(body_s=0.05)).post(stalling, PROTOBUF)

    assert response.status_code == 408


def test_a_full_queue_is_told_with_a_time_to_come_back() -> None:
    """429 carries Retry-After and a RetryInfo, so that every exporter waits."""
    response = Bench(Overloaded("full", retry_after_s=2.5)).post(BODY, PROTOBUF)
    status = Status.FromString(response.content)
    info = RetryInfo()

    assert (response.status_code, response.headers["retry-after"], status.code) == (429, "3", 8)
    assert status.details[0].Unpack(info)
    assert info.retry_delay == Duration(seconds=2, nanos=500_000_000)


def test_too_many_bodies_at_once_are_refused_before_they_are_read() -> None:
    """What is being read counts against the same allowance as what waits."""
    bench = Bench()
    bench.allowance.take(bench.allowance.limit - 10)

    response = bench.post(BODY, PROTOBUF)

    assert response.status_code == 429
    assert bench.allowance.held == bench.allowance.limit - 10


def test_a_failed_store_is_told_as_unavailable() -> None:
    """503 is what senders try again."""
    response = Bench(StoreUnavailable("disk full")).post(b'{"resourceSpans":[]}', JSON)
    assert response.status_code == 200  # nothing to keep, nothing to fail

    response = Bench(StoreUnavailable("disk full")).post(BODY, PROTOBUF)

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert Status.FromString(response.content).message == "disk full"


def test_a_fault_of_ours_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """An unforeseen error is a 500, which is not sent again; what it says stays in the log."""
    response = Bench(KeyError("secret")).post(BODY, PROTOBUF)

    assert response.status_code == 500
    assert b"secret" not in response.content
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/v1/traces", "localhost:4318", 405),
        ("POST", "/v1/profiles", "localhost:4318", 404),
        ("GET", "/", "localhost:4318", 404),
        ("POST", "/v1/traces", "evil.example:4318", 421),
    ],
)
def test_other_requests_are_told_what_this_port_is(method: str, path: str, host: str, status: int) -> None:
    """A wrong method, path or Host header gets a sentence, not an export's answer."""
    response = Bench().post(BODY, {**PROTOBUF, "host": host}, path, method)

    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")


def test_the_key_is_asked_for() -> None:
    """With a key set, an export without it is refused before its body is read."""
    bench = Bench(access=Access("127.0.0.1", api_key="right"))

    refused = [bench.post(BODY, {**PROTOBUF, **more}).status_code for more in ({}, {"authorization": "Bearer wrong"})]
    accepted = bench.post(BODY, {**PROTOBUF, "authorization": "Bearer right"}).status_code

    assert (refused, accepted) == ([401, 401], 200)
