"""Every standard variable that matters, as a table: what is set, and what must then be seen."""

import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otlp_receiver import Receiver, environment, receiver, run, values
from parts import missing_part

APP = """
import logging, spanglass
from opentelemetry import metrics, propagate, trace
spanglass.init()
tracer = trace.get_tracer("app")
with tracer.start_as_current_span("work", attributes={"long": "x" * 100, "other": 1}) as span:
    span.add_event("one"); span.add_event("two")
    logging.getLogger("app").error("hello")
    headers = {}
    propagate.inject(headers)
    print(sorted(headers))
metrics.get_meter("app").create_counter("orders").add(1)
metrics.get_meter("app").create_histogram("took").record(1)
"""

Check = Callable[[Receiver, str], object]


def counts(seen: Receiver) -> tuple[int, int, int]:
    """How many spans, log records and counter points arrived."""
    return len(seen.spans()), len(seen.logs()), len(seen.points("orders"))


def resource(seen: Receiver, name: str) -> object:
    """One attribute of the resource."""
    return seen.spans()[0][0].get(name)


TABLE: list[tuple[dict[str, str], Check]] = [
    ({}, lambda seen, _: counts(seen) == (1, 1, 1)),
    ({"OTEL_SERVICE_NAME": "shop"}, lambda seen, _: resource(seen, "service.name") == "shop"),
    (
        {"OTEL_RESOURCE_ATTRIBUTES": "team=a%20b,service.version=7,host.name=h"},
        lambda seen, _: (
            [resource(seen, name) for name in ("team", "service.version", "host.name")] == ["a b", "7", "h"]
        ),
    ),
    (
        {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=x", "SPANGLASS_ENVIRONMENT": "y"},
        lambda seen, _: resource(seen, "deployment.environment.name") == "y",
    ),
    ({"OTEL_TRACES_EXPORTER": "none"}, lambda seen, _: counts(seen) == (0, 1, 1)),
    ({"OTEL_METRICS_EXPORTER": "none"}, lambda seen, _: counts(seen) == (1, 1, 0)),
    ({"OTEL_LOGS_EXPORTER": "none"}, lambda seen, _: counts(seen) == (1, 0, 1)),
    (
        {"OTEL_TRACES_EXPORTER": "console"},
        lambda seen, output: '"name": "work"' in output and counts(seen) == (0, 1, 1),
    ),
    (
        {"OTEL_TRACES_EXPORTER": "otlp,console", "OTEL_LOGS_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "console"},
        lambda seen, output: all(word in output for word in ("work", "hello", "orders")) and counts(seen) == (1, 0, 0),
    ),
    (
        {"OTEL_EXPORTER_OTLP_HEADERS": "x-one=1,x-two=2", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-three=3"},
        lambda seen, _: (
            [seen.of("traces")[0].headers.get(name) for name in ("x-one", "x-three")] == [None, "3"]
            and seen.of("logs")[0].headers["x-two"] == "2"
        ),
    ),
    (
        {"SPANGLASS_API_KEY": "k-1"},
        lambda seen, _: {request.headers["authorization"] for request in seen.requests} == {"Bearer k-1"},
    ),
    (
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": "deflate"},
        lambda seen, _: (
            [seen.of(signal)[0].headers["Content-Encoding"] for signal in ("traces", "metrics", "logs")]
            == ["gzip", "gzip", "deflate"]
        ),
    ),
    ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, lambda seen, _: counts(seen) == (1, 1, 1)),
    ({"OTEL_TRACES_SAMPLER": "always_off"}, lambda seen, _: counts(seen) == (0, 1, 1)),
    (
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
        lambda seen, _: counts(seen) == (0, 1, 1),
    ),
    (
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "5"},
        lambda seen, _: values(seen.spans()[0][1].attributes)["long"] == "xxxxx",
    ),
    ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1"}, lambda seen, _: seen.spans()[0][1].dropped_attributes_count == 1),
    (
        {"OTEL_SPAN_EVENT_COUNT_LIMIT": "1"},
        lambda seen, _: [event.name for event in seen.spans()[0][1].events] == ["two"],
    ),
    ({"OTEL_PROPAGATORS": "baggage"}, lambda _, output: output == "[]\n"),
    ({"OTEL_PROPAGATORS": "tracecontext"}, lambda _, output: output == "['traceparent']\n"),
    (
        {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"},
        lambda seen, _: "AGGREGATION_TEMPORALITY_DELTA" in str(seen.of("metrics")[0].body),
    ),
    (
        {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram"},
        lambda seen, _: "exponential_histogram" in str(seen.of("metrics")[0].body),
    ),
    ({"OTEL_PYTHON_ID_GENERATOR": "random"}, lambda seen, _: counts(seen) == (1, 1, 1)),
    (
        {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process"},
        lambda seen, _: resource(seen, "process.runtime.name") == "cpython",
    ),
    ({"NO_PROXY": "*", "HTTP_PROXY": "http://127.0.0.1:9"}, lambda seen, _: counts(seen) == (1, 1, 1)),
]


@pytest.mark.parametrize(("variables", "check"), TABLE, ids=[" ".join(row[0]) or "nothing" for row in TABLE])
def test_a_standard_variable_does_what_the_standard_says(variables: dict[str, str], check: Check) -> None:
    """With the variables set, the receiver and the program's output show their effect, and nothing is complained of."""
    with receiver() as seen:
        done = run(APP, endpoint=seen.endpoint, **variables)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "hello")
        assert "spanglass" not in done.stderr
        assert check(seen, done.stdout), (seen.requests, done.stdout)


def test_a_signal_may_have_an_endpoint_of_its_own() -> None:
    """OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is used as it is; the other signals follow the general one."""
    with receiver() as general, receiver() as own:
        run(APP, endpoint=general.endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{own.endpoint}/custom/traces")
        assert [request.path for request in own.requests] == ["/custom/traces"]
        assert counts(general) == (0, 1, 1)


def test_our_endpoint_is_more_particular_than_the_standard_one() -> None:
    """Argument, then SPANGLASS_ENDPOINT, then OTEL_EXPORTER_OTLP_ENDPOINT; a missing scheme is http."""
    with receiver() as standard, receiver() as ours, receiver() as argument:
        run(APP, endpoint=standard.endpoint, SPANGLASS_ENDPOINT=ours.endpoint.removeprefix("http://"))
        script = APP.replace("init()", f"init(endpoint={argument.endpoint + '/'!r})")
        run(script, endpoint=standard.endpoint, SPANGLASS_ENDPOINT=ours.endpoint)
        assert [counts(seen) for seen in (standard, ours, argument)] == [(0, 0, 0), (1, 1, 1), (1, 1, 1)]


def test_tls_trusts_the_certificates_it_is_told_to(tmp_path_factory: pytest.TempPathFactory) -> None:
    """OTEL_EXPORTER_OTLP_CERTIFICATE vouches for an https receiver, and the client's own is shown; else it fails."""
    if shutil.which("openssl") is None:
        missing_part("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    tls.load_verify_locations(certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    ours = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
    }
    with receiver(tls) as seen:
        assert "CERTIFICATE_VERIFY_FAILED" in run(APP, endpoint=seen.endpoint).stderr
        assert seen.requests == []
        assert run(APP, endpoint=seen.endpoint, **ours).stderr == "hello\n"
        assert counts(seen) == (1, 1, 1)


def test_a_proxy_is_used_where_one_is_named() -> None:
    """HTTP_PROXY is asked for hosts that NO_PROXY does not name."""
    with receiver() as proxy, receiver() as near:
        run(APP, endpoint="http://far.invalid:4318", HTTP_PROXY=proxy.endpoint, http_proxy=proxy.endpoint)
        assert counts(proxy) == (1, 1, 1)
        assert proxy.requests[0].path.startswith("http://far.invalid:4318/v1/")
        run(APP, endpoint=near.endpoint, http_proxy=proxy.endpoint, NO_PROXY="127.0.0.1")
        assert (counts(proxy), counts(near)) == ((1, 1, 1), (1, 1, 1))


def test_the_timeout_bounds_an_export() -> None:
    """OTEL_EXPORTER_OTLP_TIMEOUT, in seconds, ends the wait for a receiver that does not answer."""
    script = APP + "\nimport time; began = time.monotonic(); print(spanglass.flush(20), time.monotonic() - began < 5)"
    with receiver() as seen:
        seen.delay_s = 8
        done = run(script, endpoint=seen.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="0.5")
        assert done.stdout.splitlines()[-1] == "True True"
        assert done.stderr.count("Cannot export") == 1


def test_intervals_are_honoured() -> None:
    """Each signal leaves on its own schedule while the program runs."""
    script = APP + "\nimport time; time.sleep(1.5); import os; os._exit(0)"
    intervals = {
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "400",
    }
    with receiver() as seen:
        run(script, endpoint=seen.endpoint, **intervals)
        assert counts(seen)[:2] == (1, 1)
        assert 2 <= counts(seen)[2] <= 4


def test_batches_are_as_large_as_asked() -> None:
    """OTEL_BSP_MAX_EXPORT_BATCH_SIZE bounds each request."""
    with receiver() as seen:
        script = APP + "\nfor _ in range(9): tracer.start_span('more').end()"
        run(script, endpoint=seen.endpoint, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="4")
        sizes = [len(request.body.resource_spans[0].scope_spans[0].spans) for request in seen.of("traces")]
        assert max(sizes) <= 4
        assert sum(sizes) == 10


def test_grpc_is_spoken_when_asked_for() -> None:
    """With the extra installed, OTEL_EXPORTER_OTLP_PROTOCOL=grpc sends over gRPC, with the key."""
    got: list[tuple[str, str]] = []

    def export(request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        key = dict(context.invocation_metadata()).get("authorization", "")
        got.extend((span.name, str(key)) for group in request.resource_spans for span in group.scope_spans[0].spans)
        return ExportTraceServiceResponse()

    handler = grpc.unary_unary_rpc_method_handler(
        export, ExportTraceServiceRequest.FromString, ExportTraceServiceResponse.SerializeToString
    )
    server = grpc.server(futures.ThreadPoolExecutor(1))
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        done = run(
            APP,
            endpoint=f"http://127.0.0.1:{port}",
            OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
            OTEL_METRICS_EXPORTER="none",
            OTEL_LOGS_EXPORTER="none",
            SPANGLASS_API_KEY="k-1",
        )
    finally:
        server.stop(None).wait()
    assert (done.returncode, got) == (0, [("work", "Bearer k-1")]), done.stderr


def test_grpc_without_its_extra_says_what_to_install() -> None:
    """Without the gRPC exporter nothing fails; one line a signal names the extra and the other way."""
    script = (
        """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc": raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""
        + APP
    )
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc")
        assert done.returncode == 0
        assert 'Install "spanglass[grpc]"' in done.stderr
        assert counts(seen) == (0, 1, 1)


def test_opentelemetry_instrument_needs_no_code(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A program that never heard of spanglass is set up by OpenTelemetry's own command."""
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(
        "import logging\nfrom opentelemetry import trace\n"
        "with trace.get_tracer('app').start_as_current_span('work'): logging.getLogger('x').error('hello')\n"
    )
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, str(path)]
    with receiver() as seen:
        variables = environment(seen.endpoint, OTEL_SERVICE_NAME="plain")
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "hello\n")
        assert [(at["service.name"], span.name) for at, span in seen.spans()] == [("plain", "work")]
        assert len(seen.logs()) == 1
