"""Several destinations: what each is sent and with which key, and that none of them hurts another."""

import base64
import logging
import time

import pytest

from otlp_receiver import Receiver, receiver, run
from spanglass.sdk.destinations import SIGNALS, Destination, Surroundings, public, resolve
from spanglass.sdk.options import Options

APP = """
import logging, spanglass, time
from opentelemetry import metrics, trace
spanglass.init(service_name="shop")
with trace.get_tracer("app").start_as_current_span("work", attributes={"answer": 42}):
    logging.getLogger("app").error("hello")
metrics.get_meter("app").create_counter("orders").add(3)
"""
GRAFANA = {"GRAFANA_INSTANCE_ID": "123456", "GRAFANA_API_TOKEN": "glc_secret"}
LANGFUSE = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-2"}


def one(name: str, **environ: str) -> Destination:
    """The destination of a name."""
    (found,) = resolve([name], Surroundings(environ))
    return found


def counts(seen: Receiver) -> tuple[int, int, int]:
    """How many spans, log records and counter points arrived."""
    return len(seen.spans()), len(seen.logs()), len(seen.points("orders"))


def test_everything_goes_everywhere_it_is_taken() -> None:
    """spanglass, Grafana Cloud and Langfuse each get their signals once, at their paths, under their own keys alone."""
    with receiver() as ours, receiver() as grafana, receiver() as langfuse:
        done = run(
            APP,
            SPANGLASS_DESTINATIONS="spanglass, grafana, langfuse, console",
            SPANGLASS_ENDPOINT=ours.endpoint,
            SPANGLASS_API_KEY="k-1",
            GRAFANA_OTLP_ENDPOINT=f"{grafana.endpoint}/otlp/",
            LANGFUSE_BASE_URL=langfuse.endpoint,
            OTEL_EXPORTER_OTLP_HEADERS="authorization=of-another",
            OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta",
            **GRAFANA,
            **LANGFUSE,
        )
        assert done.returncode == 0
        assert [counts(seen) for seen in (ours, grafana, langfuse)] == [(1, 1, 1), (1, 1, 1), (1, 0, 0)]
        assert {request.path for request in grafana.requests} == {f"/otlp/v1/{signal}" for signal in SIGNALS}
        keys = [{request.headers["authorization"] for request in seen.requests} for seen in (ours, grafana, langfuse)]
        assert keys == [
            {"Bearer k-1"},
            {"Basic " + base64.b64encode(b"123456:glc_secret").decode()},
            {"Basic " + base64.b64encode(b"pk-lf-1:sk-lf-2").decode()},
        ]
        assert langfuse.requests[0].headers["x-langfuse-ingestion-version"] == "4"
        temporality = ["DELTA" in str(seen.of("metrics")[0].body) for seen in (ours, grafana)]
        assert temporality == [True, False]
        assert " ms  work answer=42 [" in done.stderr
        assert "metric orders 3\n" in done.stderr


def test_one_collection_of_metrics_serves_all() -> None:
    """Destinations that want metrics alike share a reader, so that a measurement is aggregated once."""
    script = """
import spanglass
from opentelemetry import metrics
spanglass.init(destinations=["otlp", "console", {other!r}])
metrics.get_meter("app").create_counter("orders").add(3)
print(len(metrics.get_meter_provider()._measurement_consumer._reader_storages))
"""
    with receiver() as first, receiver() as second:
        done = run(script.format(other=second.endpoint), endpoint=first.endpoint)
        assert done.stdout == "1\n"
        assert len(first.points("orders")) == len(second.points("orders")) == 1


def test_a_destination_that_hangs_holds_up_no_other() -> None:
    """With one receiver that never answers, the other has everything in time, and the program ends in time."""
    script = APP + "time.sleep(1.5)\nimport os; os._exit(0)"
    quick = {
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "300",
    }
    with receiver() as good, receiver() as hanging:
        hanging.delay_s = 20
        run(script, SPANGLASS_DESTINATIONS=f"{hanging.endpoint},{good.endpoint}", **quick)
        assert counts(good)[:2] == (1, 1)
        assert counts(good)[2] >= 2
        began = time.monotonic()
        run(APP, SPANGLASS_DESTINATIONS=f"{hanging.endpoint},{good.endpoint}")
        assert time.monotonic() - began < 9


@pytest.mark.parametrize(
    ("name", "environ", "missing"),
    [
        ("grafana", {}, "set GRAFANA_OTLP_ENDPOINT and GRAFANA_INSTANCE_ID and GRAFANA_API_TOKEN"),
        ("grafana", {"GRAFANA_OTLP_ENDPOINT": "https://g", **GRAFANA, "GRAFANA_API_TOKEN": ""}, "GRAFANA_API_TOKEN"),
        ("langfuse", {"LANGFUSE_PUBLIC_KEY": "pk"}, "set LANGFUSE_SECRET_KEY"),
        ("carrier-pigeon", {}, "use spanglass, otlp, grafana"),
        ("ftp://u:geheim@host", {}, "use spanglass, otlp, grafana"),
    ],
)
def test_what_is_missing_is_one_line(
    name: str, environ: dict[str, str], missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A destination that cannot be used is left out with one warning that says what to set; the others stay."""
    caplog.set_level(logging.WARNING, "spanglass")
    found = resolve([name, "console"], Surroundings(environ))
    assert [destination.name for destination in found] == ["console"]
    (record,) = caplog.records
    assert missing in record.getMessage()
    assert "geheim" not in record.getMessage()


@pytest.mark.parametrize("given", [["spanglass", "console"], "spanglass,console", ("spanglass", "console")])
def test_names_are_given_as_a_list_or_as_in_the_variable(given: list[str] | str) -> None:
    """`init(destinations="spanglass,console")` means two destinations, not seventeen letters."""
    assert Options(given_destinations=given).destinations() == ("spanglass", "console")


def test_addresses_are_taken_as_they_are_pasted() -> None:
    """Pasted with a signal's path, without a scheme, with a user, or as gRPC, an address means what it should."""
    assert one("grafana", GRAFANA_OTLP_ENDPOINT="otlp-gateway-prod-us-east-0.grafana.net", **GRAFANA).address == (
        "https://otlp-gateway-prod-us-east-0.grafana.net/otlp"
    )
    assert one("grafana", GRAFANA_OTLP_ENDPOINT="https://g/otlp/v1/traces", **GRAFANA).address == "https://g/otlp"
    assert one("langfuse", **LANGFUSE).address == "https://cloud.langfuse.com/api/public/otel"
    assert one("langfuse", LANGFUSE_HOST="http://l:3000/", **LANGFUSE).address == "http://l:3000/api/public/otel"
    private = one("https://user:p%40ss@collector:4318/base?key=1")
    assert (private.name, private.address) == ("collector:4318", "https://collector:4318/base?key=1")
    assert private.headers == {"authorization": "Basic " + base64.b64encode(b"user:p@ss").decode()}
    assert one("https://c/v1/logs").signals == ("logs",)
    assert (one("grpc://c:4317").protocol, one("grpc://c:4317").address) == ("grpc", "http://c:4317")
    assert one("grpcs://c:4317").address == "https://c:4317"
    assert public("https://user:geheim@c/base?key=geheim") == "https://c/base"


def test_the_standard_destination_takes_the_signals_that_have_an_endpoint() -> None:
    """With OTEL_EXPORTER_OTLP_TRACES_ENDPOINT alone, as for a receiver of traces only, nothing else is sent there."""
    assert one("otlp").signals == SIGNALS
    assert one("otlp", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="https://s/otlp/v1/traces").signals == ("traces",)
    both = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://s", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://c"}
    assert one("otlp", **both).signals == SIGNALS


def test_secrets_are_not_shown() -> None:
    """No representation of a destination holds its key."""
    for name in ("grafana", "langfuse", "https://user:geheim@c", "spanglass"):
        environ = {"GRAFANA_OTLP_ENDPOINT": "https://g", **GRAFANA, **LANGFUSE}
        shown = repr(resolve([name], Surroundings(environ, api_key="geheim")))
        assert not any(
            secret in shown for secret in ("geheim", "glc_secret", "sk-lf-2", base64.b64encode(b"sk-lf").decode()[:4])
        )


def test_none_still_means_none() -> None:
    """OTEL_TRACES_EXPORTER=none keeps spans in, whatever destinations there are."""
    with receiver() as seen:
        run(APP, SPANGLASS_DESTINATIONS=seen.endpoint, OTEL_TRACES_EXPORTER="none")
        assert counts(seen) == (0, 1, 1)
