import pytest

from otlp_receiver import receiver, run, values

START = "import logging, logging.config, spanglass; from opentelemetry import trace\n"
INIT = "spanglass.init(service_name='shop')\n"
FORMAT = "[%(otelTraceID)s %(otelSpanID)s %(otelServiceName)s %(otelTraceSampled)s] %(message)s"
BASIC = f"logging.basicConfig(format={FORMAT!r})\n"
SPEAK = """
with trace.get_tracer("app").start_as_current_span("work"):
    logging.getLogger("app").warning("inside")
logging.getLogger("app").warning("outside")
"""
DICT = f"""
logging.config.dictConfig({{
    "version": 1,
    "formatters": {{"f": {{"format": {FORMAT!r}}}}},
    "handlers": {{"h": {{"class": "logging.StreamHandler", "formatter": "f"}}}},
    "root": {{"handlers": ["h"]}},
}})
"""
FACTORY = """
class Own(logging.LogRecord):
    mark = "own"
logging.setLogRecordFactory(Own)
class Asserts(logging.Filter):
    def filter(self, record): assert record.mark == "own"; return True
logging.getLogger("app").addFilter(Asserts())
"""


@pytest.mark.parametrize(
    "order",
    [
        (INIT, BASIC),
        (BASIC, INIT),
        (INIT, DICT),
        (DICT, INIT),
        (FACTORY, BASIC, INIT),
        (INIT, FACTORY, BASIC),
    ],
    ids=["init-basic", "basic-init", "init-dict", "dict-init", "factory-init", "init-factory"],
)
def test_log_lines_carry_the_trace_whatever_the_order(order: tuple[str, ...]) -> None:
    """The application's own format can name trace, span and service, however and whenever logging is configured."""
    with receiver() as seen:
        done = run(START + "".join(order) + SPEAK, endpoint=seen.endpoint)
        [(_, span)] = seen.spans()
        assert done.stderr.splitlines() == [
            f"[{span.trace_id.hex()} {span.span_id.hex()} shop True] inside",
            "[0 0 shop False] outside",
        ]
        assert [record.body.string_value for _, record in seen.logs()] == ["inside", "outside"]
        assert [record.trace_id.hex() for _, record in seen.logs()] == [span.trace_id.hex(), ""]


def test_what_a_program_prints_stays_the_same() -> None:
    """A program that never configured logging still has its warnings on stderr, once, and no more than that."""
    script = SPEAK + 'logging.getLogger("app").info("quiet")\n'
    with receiver() as seen:
        assert run(START + INIT + script, endpoint=seen.endpoint).stderr == "inside\noutside\n"


@pytest.mark.parametrize("variables", [{}, {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "*"}], ids=["", "requests"])
def test_no_telemetry_about_telemetry(variables: dict[str, str]) -> None:
    """With every logger at DEBUG, nothing about exporting is exported, though urllib3 talks about each request.

    That holds where the exporter uses requests, whose instrumentation is on, as well.
    """
    script = """
logging.basicConfig(level=logging.DEBUG, handlers=[logging.NullHandler()])
spanglass.init()
for _ in range(3):
    logging.debug("mine")
    trace.get_tracer("app").start_span("mine").end()
    spanglass.flush(5)
"""
    with receiver() as seen:
        run(START + script, endpoint=seen.endpoint, OTEL_PYTHON_LOG_HANDLER_LEVEL="DEBUG", **variables)
        assert [record.body.string_value for _, record in seen.logs()] == ["mine"] * 3
        assert seen.span_names() == ["mine"] * 3


def test_records_are_translated_whole() -> None:
    """Severity, extra values, exceptions and the place in the code become what the log data model says."""
    script = """
spanglass.init()
log = logging.getLogger("app")
try:
    raise LookupError("no such order")
except LookupError:
    log.exception("failed %s", "badly", extra={"count": 2, "ratio": 0.5, "ok": True, "odd": object, "empty": None})
log.critical("%d too few arguments %d", 1)
"""
    with receiver() as seen:
        run(START + script, endpoint=seen.endpoint, OTEL_PYTHON_LOG_CODE_ATTRIBUTES="true")
        (_, failed), (_, broken) = seen.logs()
        found = values(failed.attributes)
        assert (failed.severity_number, failed.severity_text, failed.body.string_value) == (17, "ERROR", "failed badly")
        assert "LookupError: no such order" in found.pop("exception.stacktrace")
        assert found == {
            "count": 2,
            "ratio": 0.5,
            "ok": True,
            "odd": "<class 'object'>",
            "exception.type": "LookupError",
            "exception.message": "no such order",
            "code.file.path": "<string>",
            "code.function.name": "<module>",
            "code.line.number": 8,
        }
        assert (broken.severity_text, broken.body.string_value) == ("FATAL", "%d too few arguments %d")


@pytest.mark.parametrize(
    ("variables", "bodies"),
    [
        ({"OTEL_PYTHON_LOG_HANDLER_LEVEL": "error"}, ["e"]),
        ({"OTEL_LOGS_EXPORTER": "none"}, []),
        ({}, ["d", "e"]),
    ],
)
def test_what_is_exported_is_chosen_by_variables(variables: dict[str, str], bodies: list[str]) -> None:
    """The level holds for the export alone; without a log exporter lines still carry the trace."""
    script = """
spanglass.init()
logging.basicConfig(level=logging.DEBUG, format="%(otelTraceSampled)s %(message)s")
logging.debug("d"); logging.error("e")
"""
    with receiver() as seen:
        done = run(START + script, endpoint=seen.endpoint, **variables)
        assert done.stderr == "False d\nFalse e\n"
        assert [record.body.string_value for _, record in seen.logs()] == bodies


def test_a_value_that_cannot_be_shown_costs_no_record() -> None:
    """Extra values and exceptions whose own code fails are named by their type, and the rest is exported."""
    script = """
class Mute(Exception):
    def __str__(self):
        raise RuntimeError
spanglass.init()
log = logging.getLogger("app")
log.addHandler(logging.NullHandler())
try:
    raise Mute
except Mute:
    log.exception("failed", extra={"order": Mute(), "count": 2})
log.error(Mute())
"""
    with receiver() as seen:
        run(START + script, endpoint=seen.endpoint)
        (_, failed), (_, mute) = seen.logs()
    found = values(failed.attributes)
    assert (failed.body.string_value, found["order"], found["count"]) == ("failed", "<Mute>", 2)
    assert (found["exception.message"], mute.body.string_value) == ("<Mute>", "<Mute>")


SENDING = """
import httpx
logging.basicConfig(level=logging.DEBUG)
spanglass.init()
logging.getLogger("openai._base_client").debug("Request options: %s", {"messages": "a prompt"})
logging.getLogger("app").debug("mine?a=b")
with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client:
    client.post("http://models.test/v1beta/models/gemini-2.5-flash:generateContent?key=secret&alt=sse")
"""


def test_what_clients_say_of_prompts_and_keys_stays_in_the_process() -> None:
    """DEBUG records of clients hold bodies and headers, others whole addresses; what is printed is the same."""
    with receiver() as seen:
        printed = run(START + SENDING, endpoint=seen.endpoint).stderr
        bodies = [record.body.string_value for _, record in seen.logs()]
    assert "a prompt" in printed
    assert "?key=secret" in printed
    address = "http://models.test/v1beta/models/gemini-2.5-flash:generateContent?…"
    assert bodies == ["mine?a=b", f'HTTP Request: POST {address} "HTTP/1.1 200 OK"']


def test_what_clients_say_is_exported_where_the_level_says_so() -> None:
    """Who names DEBUG as the level gets them."""
    with receiver() as seen:
        run(START + SENDING, endpoint=seen.endpoint, OTEL_PYTHON_LOG_HANDLER_LEVEL="DEBUG")
        bodies = [record.body.string_value for _, record in seen.logs()]
    assert "Request options: {'messages': 'a prompt'}" in bodies


def test_a_handler_of_opentelemetry_is_not_doubled() -> None:
    """Where the application exports its logs with OpenTelemetry's own handler, each record is exported once."""
    script = """
import warnings; warnings.simplefilter("ignore")
from opentelemetry.sdk._logs import LoggingHandler
spanglass.init()
logging.getLogger().addHandler(LoggingHandler())
logging.warning("once")
"""
    with receiver() as seen:
        run(START + script, endpoint=seen.endpoint)
        assert [record.body.string_value for _, record in seen.logs()] == ["once"]


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_the_logging_instrumentation_beside_ours_doubles_nothing(first: str) -> None:
    """With OpenTelemetry's logging instrumentation, which exports too, each record is exported once, in any order.

    That holds for loggers that do not propagate as well, which its handler does not see.
    """
    ours = "spanglass.init(service_name='shop')\n"
    theirs = """
from opentelemetry.instrumentation.logging import LoggingInstrumentor
LoggingInstrumentor().instrument(set_logging_format=True)
"""
    steps = (ours, theirs) if first == "ours" else (theirs, ours)
    script = """
logging.basicConfig(format="trace_id=%(otelTraceID)s span_id=%(otelSpanID)s %(message)s", force=False)
logging.getLogger("alone").propagate = False
with trace.get_tracer("app").start_as_current_span("work"):
    logging.getLogger("app").warning("through root")
    logging.getLogger("alone").warning("alone")
"""
    with receiver() as seen:
        done = run(START + "".join(steps) + script, endpoint=seen.endpoint)
        [(_, span)] = seen.spans()
        assert sorted(record.body.string_value for _, record in seen.logs()) == ["alone", "through root"]
        assert {record.trace_id for _, record in seen.logs()} == {span.trace_id}
        assert span.trace_id.hex() in done.stderr


def test_the_first_seeds_lines_have_their_ids() -> None:
    """A format with `otelTraceID`, set after OpenTelemetry's instrumentation and before `init`, shows the span."""
    script = """
logging.basicConfig(level=logging.INFO, format="[%(levelname)s] trace_id=%(otelTraceID)s %(message)s")
spanglass.init()
with trace.get_tracer("app").start_as_current_span("work"):
    logging.info("Message sent")
"""
    with receiver() as seen:
        done = run(START + script, endpoint=seen.endpoint)
        [(_, span)] = seen.spans()
        assert done.stderr == f"[INFO] trace_id={span.trace_id.hex()} Message sent\n"


def test_another_wrapper_around_logging_survives() -> None:
    """Something that wraps the same method later, as Sentry does, keeps working when we stop."""
    script = """
spanglass.init()
inner = logging.Logger.callHandlers
calls = []
def outer(self, record): calls.append(record.msg); inner(self, record)
logging.Logger.callHandlers = outer
spanglass.shutdown()
logging.getLogger("app").warning("after")
assert calls == ["after"] and logging.Logger.callHandlers is outer
"""
    with receiver() as seen:
        done = run(START + script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "after\n")
        assert seen.logs() == []
