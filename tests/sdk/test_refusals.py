"""Wrong addresses, wrong keys and refusals, against real servers: one line that says what to do, and a counter."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otlp_receiver import receiver, run
from parts import missing_part

APP = """
import json, spanglass
from opentelemetry import metrics, trace
from spanglass.sdk import runtime
spanglass.init()
tracer = trace.get_tracer("app")
for _ in range(3):
    tracer.start_span("one").end()
    spanglass.flush(8)
print(json.dumps({outlet.signal: outlet.tally.failures for outlet in runtime._state.running.pipelines.outlets()}))
"""
ONLY_TRACES = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
PARTIAL = ExportTraceServiceResponse(
    partial_success=ExportTracePartialSuccess(rejected_spans=1, error_message="too old for us")
).SerializeToString()


def said(**variables: str) -> tuple[str, str]:
    """What the program says of three spans that it cannot send: its one line, and its counts."""
    # grpcio's own core writes to standard error as it likes; that is not ours to silence in an application.
    done = run(APP, OTEL_EXPORTER_OTLP_TIMEOUT="1", GRPC_VERBOSITY="NONE", **{**ONLY_TRACES, **variables})
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr, done.stdout


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("status", "cause", "cure"),
    [
        (401, "unauthorized", "check GRAFANA_INSTANCE_ID and GRAFANA_API_TOKEN"),
        (403, "unauthorized", "check GRAFANA_INSTANCE_ID and GRAFANA_API_TOKEN"),
        (404, "not_found", "check the path and port"),
        (413, "too_large", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        (429, "throttled", "takes less than is sent"),
        (500, "server_error", "not affected"),
        (307, "redirected", "Use the address it names"),
    ],
)
def test_a_refusal_is_one_line_with_its_cure(status: int, cause: str, cure: str) -> None:
    """Three refusals in a row are one line with status, the receiver's words and what to do, and three counted."""
    with receiver() as seen:
        seen.status, seen.answer = status, b"no, not with glc_secret"
        line, counted = said(
            SPANGLASS_DESTINATIONS="grafana",
            GRAFANA_OTLP_ENDPOINT=seen.endpoint,
            GRAFANA_INSTANCE_ID="1",
            GRAFANA_API_TOKEN="glc_secret",
        )
    assert str(status) in line
    assert seen.endpoint in line
    assert cure in line
    assert status == 307 or "no, not with (hidden)" in line
    assert counted == f'{{"traces": {{"{cause}": 3}}}}\n'


def test_a_key_with_a_line_break_is_sent_without_it() -> None:
    """A key read from a file with its last line break works; one that no header can hold is not shown."""
    with receiver() as seen:
        done = run(APP, endpoint=seen.endpoint, SPANGLASS_API_KEY="geheim-1\n", **ONLY_TRACES)
        assert done.stderr == ""
        assert seen.requests[0].headers["authorization"] == "Bearer geheim-1"
        done = run(APP, endpoint=seen.endpoint, SPANGLASS_API_KEY="geheim-1\nx", **ONLY_TRACES)
        assert done.stderr.count("\n") == 1
        assert "geheim" not in done.stderr


def test_the_words_of_an_otlp_refusal_are_read() -> None:
    """A google.rpc.Status in protobuf, as OTLP asks receivers to answer, is said in its words."""
    with receiver() as seen:
        seen.status, seen.answer = 400, Status(message="span without a name").SerializeToString()
        seen.answer_headers = {"Content-Type": "application/x-protobuf"}
        assert "400 Bad Request: span without a name" in said(SPANGLASS_DESTINATIONS=seen.endpoint)[0]


def test_nobody_there_is_one_line() -> None:
    """A refused connection and an unknown host each name the address and ask whether the receiver runs."""
    for where in (f"http://127.0.0.1:{free_port()}", "http://nowhere.invalid:4318"):
        line, counted = said(SPANGLASS_DESTINATIONS=where)
        assert where in line
        assert "Is the receiver running there?" in line
        assert counted == '{"traces": {"connection": 3}}\n'


def test_a_certificate_nobody_vouches_for_is_one_line() -> None:
    """TLS failures are told apart, not tried again, and name the variable; also https:// to a server without TLS."""
    with receiver() as plain:
        line, counted = said(SPANGLASS_DESTINATIONS=plain.endpoint.replace("http", "https"))
    assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in line
    assert counted == '{"traces": {"tls": 3}}\n'


def test_a_receiver_that_asks_to_wait_is_waited_for() -> None:
    """Retry-After decides when the next attempt is made, sooner or later than the usual second."""
    script = """
import spanglass, time
from opentelemetry import trace
spanglass.init()
trace.get_tracer("app").start_span("one").end()
began = time.monotonic(); spanglass.flush(8); print(time.monotonic() - began)
"""
    with receiver() as seen:
        seen.status, seen.answer_headers = 503, {"Retry-After": "0.05"}
        done = run(script, endpoint=seen.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="5", **ONLY_TRACES)
        assert float(done.stdout) < 3
        seen.answer_headers = {"Retry-After": "3600"}
        done = run(script, endpoint=seen.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="5", **ONLY_TRACES)
        assert float(done.stdout) < 3
        assert done.stderr.count("503") == 1


def test_partial_success_is_counted_and_said_once() -> None:
    """What a receiver leaves out of batches it takes counts as rejected; its words are one line."""
    with receiver() as seen:
        seen.answer = PARTIAL
        script = APP + "from spanglass.sdk import dropped; print(dict(dropped.totals()))"
        done = run(script, endpoint=seen.endpoint, **ONLY_TRACES)
    assert done.stderr.count("too old for us") == done.stderr.count("\n") == 1
    assert done.stdout.splitlines()[-1] == "{('traces', 'rejected'): 3}"


Respond = Callable[[grpc.ServicerContext], bytes]


@contextmanager
def grpc_receiver(
    respond: Respond, credentials: grpc.ServerCredentials | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Run a real gRPC receiver of traces; yields host:port and the names of the spans that came."""
    names: list[str] = []

    def export(request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> bytes:
        answer = respond(context)
        names.extend(span.name for group in request.resource_spans for span in group.scope_spans[0].spans)
        return answer

    handler = grpc.unary_unary_rpc_method_handler(export, ExportTraceServiceRequest.FromString, bytes)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}", names
    finally:
        server.stop(None).wait()


def refuse(code: grpc.StatusCode, words: str) -> Respond:
    """Answer every call with a status."""

    def respond(context: grpc.ServicerContext) -> bytes:
        context.abort(code, words)
        raise AssertionError  # abort raises

    return respond


@pytest.mark.parametrize(
    ("code", "cause", "cure"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "unauthorized", "check user and password in SPANGLASS_DESTINATIONS"),
        (grpc.StatusCode.UNIMPLEMENTED, "not_found", "check the path and port"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "throttled", "takes less than is sent"),
        (grpc.StatusCode.INTERNAL, "server_error", "not affected"),
    ],
)
def test_a_grpc_refusal_is_one_line_with_its_cure(code: grpc.StatusCode, cause: str, cure: str) -> None:
    """Over gRPC refusals are told apart by status code, said once and counted."""
    with grpc_receiver(refuse(code, "no")) as (target, _):
        line, counted = said(SPANGLASS_DESTINATIONS=f"grpc://{target}")
    assert f"{code.name}: no" in line
    assert cure in line
    assert counted == f'{{"traces": {{"{cause}": 3}}}}\n'


def test_nobody_there_over_grpc_is_one_line() -> None:
    """A refused connection over gRPC names the address and asks whether the receiver runs."""
    line, counted = said(SPANGLASS_DESTINATIONS=f"grpc://127.0.0.1:{free_port()}")
    assert "Is the receiver running there?" in line
    assert counted == '{"traces": {"connection": 3}}\n'


def test_grpc_says_when_to_come_again_and_what_it_left_out() -> None:
    """RetryInfo decides when the next attempt is made, and partial success is read as over HTTP."""
    calls: list[int] = []

    def respond(context: grpc.ServicerContext) -> bytes:
        calls.append(1)
        if len(calls) == 1:
            info = RetryInfo(retry_delay=Duration(nanos=50_000_000))
            context.set_trailing_metadata((("google.rpc.retryinfo-bin", info.SerializeToString()),))
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "in a moment")
        return PARTIAL

    with grpc_receiver(respond) as (target, names):
        done = run(APP, SPANGLASS_DESTINATIONS=f"grpc://{target}", **ONLY_TRACES)
    assert names == ["one"] * 3
    assert len(calls) == 4
    assert done.stderr.count("too old for us") == done.stderr.count("\n") == 1


def test_grpcs_trusts_the_certificate_it_is_told_to(tmp_path: Path) -> None:
    """grpcs:// is encrypted: with the receiver's certificate spans arrive, without it that is the one line."""
    if shutil.which("openssl") is None:
        missing_part("no openssl command to make a certificate with")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    with grpc_receiver(lambda _: b"", credentials) as (target, names):
        line, counted = said(SPANGLASS_DESTINATIONS=f"grpcs://{target}")
        assert (names, counted) == ([], '{"traces": {"tls": 3}}\n'), line
        done = run(
            APP,
            SPANGLASS_DESTINATIONS=f"grpcs://{target}",
            OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate),
            **ONLY_TRACES,
        )
        assert (done.stderr, names) == ("", ["one"] * 3)
