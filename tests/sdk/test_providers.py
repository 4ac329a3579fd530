from otlp_receiver import receiver, run

OWN = """
import spanglass
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
tracers = TracerProvider(); tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(tracers)
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]); metrics.set_meter_provider(meters)
loggers = LoggerProvider(); loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
_logs.set_logger_provider(loggers)
"""
USE = """
assert trace.get_tracer_provider() is tracers and metrics.get_meter_provider() is meters
assert _logs.get_logger_provider() is loggers
import logging
with spanglass.context(user_id="u"):
    with trace.get_tracer("app").start_as_current_span("work"): logging.getLogger("app").warning("hello")
metrics.get_meter("app").create_counter("orders").add(1)
"""


def test_providers_of_the_application_are_used_not_replaced() -> None:
    """With all three there and no endpoint named, everything goes through them, once, enriched with the context."""
    with receiver() as seen:
        done = run(OWN + "spanglass.init(service_name='ignored')\n" + USE, endpoint=seen.endpoint)
        assert done.returncode == 0
        [said, hello] = done.stderr.splitlines()  # once for all three: who forgot them looks for spans elsewhere
        assert said.startswith("The application has its own MeterProvider, TracerProvider, LoggerProvider: ")
        assert hello == "hello"
        [(_, span)] = seen.spans()
        assert [pair.key for pair in span.attributes] == ["user.id"]
        assert [record.body.string_value for _, record in seen.logs()] == ["hello"]
        assert len(seen.points("orders")) == 1


def test_a_named_endpoint_is_sent_to_beside_them() -> None:
    """Naming spanglass's endpoint adds its exporters to the application's providers; both sides get everything."""
    with receiver() as theirs, receiver() as ours:
        done = run(OWN + f"spanglass.init(endpoint={ours.endpoint!r})\n" + USE, endpoint=theirs.endpoint)
        assert (done.returncode, done.stderr) == (0, "hello\n")
        for seen in (theirs, ours):
            assert seen.span_names() == ["work"]
            assert [record.body.string_value for _, record in seen.logs()] == ["hello"]
            assert len(seen.points("orders")) == 1


def test_a_provider_without_exporters_gets_ours() -> None:
    """A tracer provider that leads nowhere, as some libraries leave behind, is given a way out."""
    script = """
import spanglass
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
spanglass.init()
trace.get_tracer("app").start_span("work").end()
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert seen.span_names() == ["work"]


def test_providers_of_another_make_are_left_alone() -> None:
    """A tracer provider that is not OpenTelemetry's SDK stays, and nothing fails."""
    script = """
import spanglass
from opentelemetry import trace
trace.set_tracer_provider(trace.NoOpTracerProvider())
spanglass.init()
trace.get_tracer("app").start_span("work").end()
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert seen.spans() == []
