import threading
import time

import pytest

from otlp_receiver import Receiver, receiver, run, values

APP = """
import logging, spanglass
from opentelemetry import metrics, trace
spanglass.init(service_name="shop", service_version="1.2", environment="test")
with spanglass.context(user_id="u-1", session_id="s-1", feature="search", prompt_name="p", prompt_version="2"):
    with trace.get_tracer("app").start_as_current_span("work") as span:
        logging.getLogger("app.orders").warning("order %d", 7, extra={"basket": "b-1"})
metrics.get_meter("app").create_counter("orders").add(3, {"shop": "x"})
"""


def test_everything_a_program_records_arrives_when_it_ends() -> None:
    """Spans, logs and metrics arrive with the resource, without a call to flush."""
    with receiver() as seen:
        done = run(APP, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "order 7\n")
        [(resource, span)] = seen.spans()
        assert {
            name: resource[name] for name in ("service.name", "service.version", "deployment.environment.name")
        } == {
            "service.name": "shop",
            "service.version": "1.2",
            "deployment.environment.name": "test",
        }
        assert resource["process.pid"] > 0
        assert resource["host.name"]
        assert len(resource["service.instance.id"]) == 36
        assert values(span.attributes) == {
            "user.id": "u-1",
            "session.id": "s-1",
            "spanglass.feature": "search",
            "gen_ai.prompt.name": "p",
            "gen_ai.prompt.version": "2",
        }
        [(logger, record)] = seen.logs()
        assert (logger, record.body.string_value, record.severity_text) == ("app.orders", "order 7", "WARN")
        assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)
        assert values(record.attributes) == {"basket": "b-1", **values(span.attributes)}
        assert [point.as_int for _, point in seen.points("orders")] == [3]


def test_many_threads_may_initialise_at_once() -> None:
    """Initialising again, from any thread, changes nothing: one span is sent once."""
    script = """
import threading, spanglass
from opentelemetry import trace
threads = [threading.Thread(target=spanglass.init, args=(f"name",)) for _ in range(16)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
spanglass.init(service_name="another")
trace.get_tracer("app").start_span("once").end()
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert [(resource["service.name"], span.name) for resource, span in seen.spans()] == [("name", "once")]


def test_importing_has_no_effect() -> None:
    """Importing the root starts no thread, patches nothing, connects to nothing; what it names loads when asked for."""
    script = """
import logging, socket, sys, threading
before = logging.Logger.callHandlers, logging.getLogRecordFactory()
def never(*arguments): raise SystemExit("connected")
socket.socket.connect = never
import spanglass
assert set(spanglass._LATER) < set(spanglass.__all__)
assert not any(module in sys.modules for module in spanglass._LATER.values())
assert threading.active_count() == 1
assert (logging.Logger.callHandlers, logging.getLogRecordFactory()) == before
assert not logging.root.handlers
from opentelemetry import trace
assert type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider"
assert "urllib3" not in sys.modules and "requests" not in sys.modules
assert all(hasattr(spanglass, name) for name in spanglass.__all__)
spanglass.flush(); spanglass.shutdown()
"""
    done = run(script)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_receiver_that_is_down_costs_one_line_and_no_time() -> None:
    """With nobody listening the program works, ends at once, and says one line with the cause."""
    started = time.monotonic()
    done = run(APP, endpoint="http://127.0.0.1:9")
    assert time.monotonic() - started < 6
    lines = [line for line in done.stderr.splitlines() if "order" not in line]
    assert done.returncode == 0
    assert sum(line.startswith("Cannot export") for line in lines) == 1, done.stderr
    assert "Connection refused" in done.stderr
    assert "spanglass doctor" in done.stderr


def test_a_receiver_that_hangs_holds_the_end_up_for_a_bounded_time() -> None:
    """The end of a process waits at most five seconds for telemetry to leave."""
    with receiver() as seen:
        seen.delay_s = 30
        started = time.monotonic()
        done = run(APP, endpoint=seen.endpoint)
        assert done.returncode == 0
        assert time.monotonic() - started < 8


def test_flush_says_whether_everything_left() -> None:
    """`flush` is True when all is sent, False when the time is over first."""
    script = """
import spanglass
from opentelemetry import trace
spanglass.init()
trace.get_tracer("app").start_span("one").end()
print(spanglass.flush(10))
"""
    with receiver() as seen:
        assert run(script, endpoint=seen.endpoint).stdout == "True\n"
        seen.delay_s = 2
        assert run(script.replace("flush(10)", "flush(0.2)"), endpoint=seen.endpoint).stdout == "False\n"
        seen.delay_s = 0
        assert run(script.replace("flush(10)", "flush('soon')"), endpoint=seen.endpoint).stdout == "False\n"


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_a_refusal_is_said_with_its_reason(status: int) -> None:
    """A receiver that refuses or redirects is named with that answer, once, and the spans count as dropped."""
    script = """
import spanglass
from opentelemetry import trace
from spanglass.sdk import dropped
spanglass.init()
for _ in range(3):
    trace.get_tracer("app").start_span("one").end()
    spanglass.flush(5)
print(dict(dropped.totals()))
"""
    with receiver() as seen:
        seen.status = status
        done = run(script, endpoint=seen.endpoint)
    assert done.stdout == "{('traces', 'export_failed'): 3}\n"
    assert done.stderr.count("Cannot export") == 1
    assert str(status) in done.stderr


def test_a_receiver_that_is_busy_is_asked_again() -> None:
    """503 is retried, as OTLP says, and nothing is lost or logged."""
    script = """
import spanglass
from opentelemetry import trace
spanglass.init()
trace.get_tracer("app").start_span("one").end()
assert spanglass.flush(20)
"""
    with receiver() as seen:
        seen.status = 503
        threading.Timer(1.5, lambda: setattr(seen, "status", 200)).start()
        done = run(script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert seen.span_names() == ["one"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SPANGLASS_METRIC_LABEL_LIMIT": "many"}, "SPANGLASS_METRIC_LABEL_LIMIT"),
        ({"SPANGLASS_HOSTS": "nonsense"}, "SPANGLASS_HOSTS"),
        ({"SPANGLASS_DISABLED": "perhaps"}, "SPANGLASS_DISABLED"),
        ({"SPANGLASS_CONFIG": "/nowhere.toml"}, "/nowhere.toml"),
        ({"SPANGLASS_PRICES_FILE": "/nowhere.json"}, "/nowhere.json"),
        ({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "loudly"}, "CAPTURE_MESSAGE_CONTENT"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, "OTEL_BSP_MAX_QUEUE_SIZE"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "soon"}, "OTEL_METRIC_EXPORT_INTERVAL"),
        ({"OTEL_PYTHON_LOG_HANDLER_LEVEL": "LOUD"}, "OTEL_PYTHON_LOG_HANDLER_LEVEL"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/json"),
        ({"OTEL_METRICS_EXPORTER": "carrier-pigeon,otlp"}, "carrier-pigeon"),
        ({"OTEL_CONFIG_FILE": "/nowhere.yaml"}, "opentelemetry-configuration"),
        ({"OTEL_TRACES_SAMPLER": "magic"}, "magic"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line_and_its_default(variables: dict[str, str], said: str) -> None:
    """A wrong setting never stops the program: it is said, and everything still arrives."""
    with receiver() as seen:
        done = run(APP, endpoint=seen.endpoint, **variables)
        assert done.returncode == 0
        lines = [line for line in done.stderr.splitlines() if line != "order 7"]
        assert len(lines) == 1, done.stderr
        assert said in lines[0]
        assert (len(seen.spans()), len(seen.logs()), len(seen.points("orders"))) == (1, 1, 1)


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED", "SPANGLASS_DISABLED"])
def test_switched_off_it_does_nothing(variable: str) -> None:
    """With either variable nothing is sent, patched or started."""
    script = "import logging, threading; before = logging.Logger.callHandlers\n" + APP
    script += "assert logging.Logger.callHandlers is before and threading.active_count() == 1"
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint, **{variable: "true"})
        assert (done.returncode, done.stderr) == (0, "order 7\n")
        assert seen.requests == []


def test_shutdown_ends_everything() -> None:
    """After `shutdown` nothing is sent, threads have ended, and log lines can be formatted as before."""
    script = """
import logging, threading, spanglass
logging.basicConfig(format="%(otelTraceID)s %(message)s")
from opentelemetry import trace
spanglass.init()
trace.get_tracer("app").start_span("before").end()
spanglass.shutdown()
trace.get_tracer("app").start_span("after").end()
logging.warning("after")
assert [thread for thread in threading.enumerate() if "spanglass" in thread.name] == []
spanglass.shutdown(); spanglass.init()
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "0 after\n")
        assert seen.span_names() == ["before"]
        assert seen.logs() == []


def received(seen: Receiver) -> int:
    """How many spans of a burst came through."""
    return len(seen.spans())


BURST = """
import spanglass
from opentelemetry import trace
spanglass.init()
tracer = trace.get_tracer("app")
for _ in range(10_000):
    tracer.start_span("one").end()
"""


def test_a_burst_of_ten_thousand_spans_is_kept() -> None:
    """The default queue outlasts a burst: every span of ten thousand arrives, once."""
    with receiver() as seen:
        done = run(BURST, endpoint=seen.endpoint)
        assert done.stderr == ""
        assert len({span.span_id for _, span in seen.spans()}) == received(seen) == 10_000


def test_what_a_small_queue_cannot_hold_is_counted() -> None:
    """Sent and counted as dropped are all there were, and the log says so once."""
    with receiver() as seen:
        done = run(BURST, endpoint=seen.endpoint, OTEL_BSP_MAX_QUEUE_SIZE="20", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="20")
        assert done.stderr.count("queue for traces is full") == 1
        [(_, point)] = seen.points("spanglass.sdk.dropped")
        assert values(point.attributes) == {"spanglass.signal": "traces", "spanglass.reason": "queue_full"}
        assert point.as_int > 0
        assert received(seen) + point.as_int == 10_000
