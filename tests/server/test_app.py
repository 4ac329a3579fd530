"""The whole server, as people use it: real exporters in, the API out, and how it starts and stops."""

import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from exports import export, span_message
from parts import missing_part
from served import child, config, running
from spanglass.errors import ConfigurationError, PortTaken, StoreUnavailable
from spanglass.server.app import Addresses

PROTOBUF = {"content-type": "application/x-protobuf"}
CALL: dict[str, str | int] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with running(config(tmp_path_factory.mktemp("data"))) as addresses:
        yield addresses


def exporters(server: Addresses) -> dict[str, SpanExporter]:
    return {
        "http": HttpExporter(endpoint=f"{server.otlp_http}/v1/traces"),
        "http gzip": HttpExporter(endpoint=f"{server.otlp_http}/v1/traces", compression=Compression.Gzip),
        "grpc": GrpcExporter(endpoint=server.otlp_grpc, insecure=True),
    }


@pytest.mark.parametrize("transport", ["http", "http gzip", "grpc"])
def test_a_call_sent_by_the_real_sdk_is_seen_priced(server: Addresses, transport: str) -> None:
    """When the exporter's flush returns, the API has the trace with its tokens and its exact cost."""
    service = f"shop over {transport}"
    provider = TracerProvider(resource=Resource({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporters(server)[transport]))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("POST /chat"), tracer.start_as_current_span("chat", attributes=CALL):
        pass
    assert provider.force_flush()
    provider.shutdown()

    (row,) = httpx.get(f"{server.ui}/api/v1/traces", params={"service": service}).json()["traces"]
    trace = httpx.get(f"{server.ui}/api/v1/traces/{row['trace_id']}").json()

    assert (row["name"], row["spans"], row["calls"]) == ("POST /chat", 2, 1)
    assert row["tokens"] == {"input": 1000, "output": 100, "cache_read": None, "cache_write": None, "reasoning": None}
    assert float(row["cost"]["amount"]) == 0.00021
    assert [span["work"] for span in trace["spans"]] == ["other", "llm"]
    assert trace["spans"][1]["cost"]["state"] == "computed"
    assert trace["spans"][1]["attributes"] == CALL


def test_metrics_and_logs_of_the_real_sdk_are_kept(server: Addresses) -> None:
    """The other two signals are accepted and counted."""
    meters = MeterProvider(
        [PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{server.otlp_http}/v1/metrics"))],
        shutdown_on_exit=False,
    )
    meters.get_meter("test").create_histogram("h").record(1.5)
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{server.otlp_http}/v1/logs")))
    loggers.get_logger("test").emit(body="hello")
    before = stored(server)

    meters.shutdown()
    loggers.shutdown()

    assert stored(server) >= before + 2


def stored(server: Addresses) -> int:
    lines = httpx.get(f"{server.ui}/metrics").text.splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("spanglass_server_stored_total{"))


def test_a_hostile_sender_harms_nothing(server: Addresses) -> None:
    """After garbage, cut bodies, wrong requests and dropped connections the server still takes an export."""
    host, port = server.otlp_http.removeprefix("http://").split(":")
    body = export([span_message()]).SerializeToString()
    for sent in (
        b"\x00" * 1000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
        b"content-length: 500\r\n\r\n" + body[:20],
        b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(sent)
    for cut in range(0, len(body), 7):
        httpx.post(f"{server.otlp_http}/v1/traces", content=body[:cut], headers=PROTOBUF)

    assert httpx.post(f"{server.otlp_http}/v1/traces", content=body, headers=PROTOBUF).status_code == 200
    health = httpx.get(f"{server.ui}/healthz").json()
    assert health["queue"]["bytes"] == 0
    assert server.otlp_http.endswith(f":{health['otlp']['http']}")
    assert server.otlp_grpc.endswith(f":{health['otlp']['grpc']}")


def test_senders_that_announce_and_wait_shut_nobody_out(tmp_path: Path) -> None:
    """What is announced and not sent holds none of the allowance."""
    lines = ("POST /v1/traces HTTP/1.1", "host: localhost", "content-type: application/x-protobuf")
    head = "\r\n".join((*lines, "content-length: 16000000", "", "some"))
    with running(config(tmp_path)) as addresses:
        port = int(addresses.otlp_http.rpartition(":")[2])
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        try:
            for connection in idle:
                connection.sendall(head.encode())
            time.sleep(0.3)
            answer = httpx.post(
                f"{addresses.otlp_http}/v1/traces",
                content=export([span_message()]).SerializeToString(),
                headers={"content-type": "application/x-protobuf"},
            )
        finally:
            for connection in idle:
                connection.close()

    assert answer.status_code == 200


def test_an_export_sent_again_counts_once(server: Addresses) -> None:
    """A sender that did not hear the answer sends the same bytes; they are kept once and both times accepted."""
    body = export([span_message(77, trace=77)], "sent twice").SerializeToString()

    statuses = [
        httpx.post(f"{server.otlp_http}/v1/traces", content=body, headers=PROTOBUF).status_code for _ in range(3)
    ]
    trace = httpx.get(f"{server.ui}/api/v1/traces/{77:032x}").json()

    assert statuses == [200] * 3
    assert len(trace["spans"]) == 1


def test_a_call_told_of_again_after_a_restart_counts_once(tmp_path: Path) -> None:
    """A gateway's account of a response, in a trace of its own, is no second call to a server that started anew."""
    attributes = {**CALL, "gen_ai.response.id": "resp_1"}
    bodies = []
    for trace in (81, 82):
        message = span_message(trace, trace=trace, attributes=attributes)
        message.start_time_unix_nano = time.time_ns() - 10**9
        message.end_time_unix_nano = message.start_time_unix_nano + 2 * 10**9
        bodies.append(export([message]).SerializeToString())
    totals = []
    for body in bodies:
        with running(config(tmp_path)) as addresses:
            httpx.post(f"{addresses.otlp_http}/v1/traces", content=body, headers=PROTOBUF).raise_for_status()
            totals.append(httpx.get(f"{addresses.ui}/api/v1/overview").json()["totals"])

    assert [(figures["calls"], figures["cost"]["calls"]) for figures in totals] == [(1, 1), (1, 1)]


def test_a_full_queue_answers_429_and_the_exporter_delivers_later(tmp_path: Path) -> None:
    """Under more load than the queue holds some senders are told to wait, and everything that got a 200 is there."""
    bodies = [
        export([span_message(number, trace=number, attributes={"text": "x" * 40_000})]).SerializeToString()
        for number in range(1, 60)
    ]
    answers: list[int] = []
    with running(config(tmp_path, queue_bytes=100_000, max_body_bytes=100_000)) as server:

        def send(body: bytes) -> None:
            response = httpx.post(f"{server.otlp_http}/v1/traces", content=body, headers=PROTOBUF)
            if response.status_code == 429:
                assert int(response.headers["retry-after"]) >= 1
            answers.append(response.status_code)

        threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kept = stored(server)

    assert set(answers) == {200, 429}
    assert kept == answers.count(200)


@pytest.mark.parametrize(
    ("name", "flag"),
    [("port", "--port"), ("otlp_http_port", "--otlp-http-port"), ("otlp_grpc_port", "--otlp-grpc-port")],
)
def test_a_taken_port_is_said_with_its_cure(tmp_path: Path, name: str, flag: str) -> None:
    """The error names the port, who may hold it, the flag and the variable; nothing is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken) as caught, running(config(tmp_path / "data", **{name: port})):
            pass

    assert str(port) in str(caught.value)
    assert flag in str(caught.value)
    assert f"SPANGLASS_{name.upper()}" in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_a_foreign_address_is_said(tmp_path: Path) -> None:
    """An address of another machine cannot be listened on, and the message says what can."""
    with (
        pytest.raises(ConfigurationError, match="SPANGLASS_HOST"),
        running(config(tmp_path, host="192.0.2.1", api_key="k")),
    ):
        pass


def test_a_database_in_use_is_said(tmp_path: Path) -> None:
    """Two servers do not share a directory; the second says so and ends."""
    with (
        child(tmp_path),
        pytest.raises(StoreUnavailable, match="in use by another process"),
        running(config(tmp_path)),
    ):
        pass


def test_a_key_is_asked_for_everywhere(tmp_path: Path) -> None:
    """With a key set, all three ports want it, and the real exporters can send it."""
    body = export([span_message()]).SerializeToString()
    key = {"authorization": "Bearer k"}
    with running(config(tmp_path, api_key="k")) as server:
        refused = [
            httpx.get(f"{server.ui}/api/v1/traces").status_code,
            httpx.post(f"{server.otlp_http}/v1/traces", content=body, headers=PROTOBUF).status_code,
        ]
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(
            BatchSpanProcessor(HttpExporter(endpoint=f"{server.otlp_http}/v1/traces", headers=key))
        )
        provider.add_span_processor(
            BatchSpanProcessor(
                GrpcExporter(endpoint=server.otlp_grpc, insecure=True, headers=(("authorization", "Bearer k"),))
            )
        )
        provider.get_tracer("test").start_span("with a key").end()
        provider.shutdown()
        traces = httpx.get(f"{server.ui}/api/v1/traces", headers=key).json()["traces"]

    assert refused == [401, 401]
    assert [trace["name"] for trace in traces] == ["with a key"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_was_accepted(tmp_path: Path, number: int) -> None:
    """It exits with 0, quickly, the write-ahead log folded into the file, and what it accepted is there next time."""
    body = export([span_message(5, trace=5)]).SerializeToString()
    with child(tmp_path) as (process, server):
        assert httpx.post(f"{server.otlp_http}/v1/traces", content=body, headers=PROTOBUF).status_code == 200
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert time.monotonic() - began < 10

    assert [path.name for path in tmp_path.iterdir()] == ["spanglass.duckdb"]
    with running(config(tmp_path)) as again:
        assert httpx.get(f"{again.ui}/api/v1/traces/{5:032x}").status_code == 200


def test_requests_in_flight_are_answered_before_it_ends(tmp_path: Path) -> None:
    """A sender whose export was being taken when the signal came is told the truth about it."""
    answers: dict[int, int] = {}
    with child(tmp_path) as (process, server):

        def send(number: int) -> None:
            body = export([span_message(number, trace=number)]).SerializeToString()
            try:
                response = httpx.post(f"{server.otlp_http}/v1/traces", content=body, headers=PROTOBUF, timeout=20)
            except httpx.TransportError:
                return  # refused at the door: not accepted, not lost
            answers[number] = response.status_code

        threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 41)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert process.wait(20) == 0

    with running(config(tmp_path)) as again:
        for number, status in answers.items():
            if status == 200:
                assert httpx.get(f"{again.ui}/api/v1/traces/{number:032x}").status_code == 200


def test_it_says_nothing_while_it_serves(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No access log: a request leaves no line."""
    with child(tmp_path) as (_, server):
        assert httpx.get(f"{server.ui}/healthz").json()["status"] == "ok"

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("flood", [b"GET /" + b"a" * 200_000, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 40_000])
def test_a_head_without_end_is_refused(server: Addresses, flood: bytes) -> None:
    """Before any key is asked for, a head may hold 64 KiB and no more."""
    for address in (server.ui, server.otlp_http):
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(flood)
            assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    """While the file cannot grow senders hear 503 and health says what to do; with room again it is well by itself."""
    if sys.platform != "linux":
        missing_part("a limit on the files of another process: only Linux has prlimit")
    body = export([span_message(number, attributes={"text": "x" * 2000}) for number in range(2_000)])

    with child(tmp_path) as (process, addresses):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        refused = httpx.post(f"{addresses.otlp_http}/v1/traces", content=body.SerializeToString(), headers=PROTOBUF)
        ill = httpx.get(f"{addresses.ui}/healthz")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        deadline = time.monotonic() + 30
        while (well := httpx.get(f"{addresses.ui}/healthz")).status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        kept = httpx.post(f"{addresses.otlp_http}/v1/traces", content=body.SerializeToString(), headers=PROTOBUF)

    assert refused.status_code == 503
    assert ill.status_code == 503
    assert "free disk space" in ill.json()["store"]["message"]
    assert (well.json()["status"], kept.status_code) == ("ok", 200)


def test_what_the_sdk_sent_is_held_against_what_is_stored(server: Addresses) -> None:
    """An application's own account of what it sent agrees with the store, by its instance."""
    program = f"""
import spanglass
spanglass.init(service_name="accountant", endpoint="{server.otlp_http}")
for _ in range(3):
    with spanglass.workflow("tell"):
        pass
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

    found = httpx.get(f"{server.ui}/api/v1/sources").json()["sources"]
    (source,) = (row for row in found if row["service"] == "accountant")

    assert source["instance"]
    assert source["signals"][0] == {"signal": "traces", "sent": 3, "stored": 3, "missing": 0, "dropped": []}
