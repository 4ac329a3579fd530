import json
import logging
import logging.config
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from opentelemetry import trace

import spanglass
from spanglass.testing import capture

EVIL = st.text(st.characters(), max_size=30)  # surrogates and control characters included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | EVIL | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.dictionaries(EVIL | st.integers(), inner) | st.sets(st.integers()),
    max_leaves=20,
)


class Hostile:
    """An object that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def record(message: object = "hello", *args: object, **extra: object) -> logging.LogRecord:
    """A record as a logger makes it."""
    made = logging.getLogger("app").makeRecord("app", logging.WARNING, "app.py", 7, message, args, None, "f", extra)
    made.created = datetime(2026, 4, 7, 10, 23, 45, 678901, UTC).timestamp()
    return made


def as_json(made: logging.LogRecord) -> dict[str, object]:
    """What the JSON formatter writes, read again."""
    found = json.loads(spanglass.JsonFormatter().format(made), parse_constant=pytest.fail)
    assert isinstance(found, dict)
    return found


def test_json_says_when_who_and_what() -> None:
    """A record without a span has time, severity, logger, message and its extra values."""
    assert as_json(record("paid %d", 3, order=17, items=("a", {"b": 1.5}))) == snapshot(
        {
            "timestamp": "2026-04-07T10:23:45.678901Z",
            "severity": "WARNING",
            "logger": "app",
            "message": "paid 3",
            "order": 17,
            "items": ["a", {"b": 1.5}],
        }
    )


def test_json_carries_ids_and_the_exception() -> None:
    """Inside a span its ids are there, and an exception is told apart into type, message and stack trace."""
    with capture(), trace.get_tracer("app").start_as_current_span("work") as span:
        made = record("failed")
        try:
            int("three")
        except ValueError:
            made.exc_info = sys.exc_info()
        found = as_json(made)
    context = span.get_span_context()
    assert (found["trace_id"], found["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert found["sampled"] is True
    exception = found["exception"]
    assert isinstance(exception, dict)
    assert (exception["type"], exception["message"]) == (
        "builtins.ValueError",
        "invalid literal for int() with base 10: 'three'",
    )
    assert exception["stacktrace"].endswith("base 10: 'three'")


@given(message=EVIL, name=EVIL, value=VALUES)
def test_json_is_one_readable_line_whatever_is_logged(message: str, name: str, value: object) -> None:
    """Any text and any value give one line that is strict JSON and can be written as UTF-8."""
    made = record("%s", message)
    made.__dict__[f"x{name}"] = value
    line = spanglass.JsonFormatter().format(made)
    assert len(line.splitlines()) == 1
    line.encode()
    assert as_json(made)["message"] == message


def test_json_survives_what_cannot_be_written() -> None:
    """Objects that fail to print, rings, wide and deep values and wrong arguments cost a value, not the line."""
    ring: list[object] = []
    ring.append(ring)
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    found = as_json(
        record("%d", "no number", odd=Hostile(), ring=ring, deep=deep, wide=list(range(9999)), big=10**5000)
    )
    assert found["message"] == "%d ('no number',)"
    assert found["odd"] == "<Hostile>"
    wide = found["wide"]
    assert isinstance(wide, list)
    assert 900 < len(wide) < 1000
    assert as_json(record(Hostile()))["message"] == "<Hostile> ()"


def test_an_extra_value_does_not_hide_a_field() -> None:
    """A value with the name of a field stands beside it."""
    found = as_json(record(severity="mine", trace_id="theirs"))
    assert (found["severity"], found["extra.severity"], found["trace_id"]) == ("WARNING", "mine", "theirs")


def test_text_names_the_trace() -> None:
    """The default line has both ids; a format of one's own may name them in any of logging's styles."""
    with capture(), trace.get_tracer("app").start_as_current_span("work") as span:
        ids = f"trace_id={span.get_span_context().trace_id:032x} span_id={span.get_span_context().span_id:016x}"
        assert f"WARNING app [{ids}] hello" in spanglass.TextFormatter().format(record())
        assert spanglass.TextFormatter("{trace_id} {message}", style="{").format(record()) == f"{ids[9:41]} hello"
    assert spanglass.TextFormatter("%(trace_id)s %(span_id)s %(message)s").format(record()) == "0 0 hello"


@given(EVIL)
def test_text_cannot_be_forged(message: str) -> None:
    """No message begins a second record, moves the cursor or fails to be written."""
    text = spanglass.TextFormatter("START %(message)s").format(record("%s", f"{message}\nSTART forged\r\x1b[2K"))
    assert [line for line in text.splitlines() if line.startswith("START")] == text.splitlines()[:1]
    assert "\x1b" not in text
    text.encode()


def test_the_formatters_fit_dict_config(capsys: pytest.CaptureFixture[str]) -> None:
    """Both can be named in `dictConfig`, with and without a format."""
    logger = logging.getLogger("of.dict.config")
    handlers = {name: {"class": "logging.StreamHandler", "formatter": name} for name in ("json", "text")}
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"class": "spanglass.JsonFormatter"},
            "text": {"class": "spanglass.TextFormatter", "format": "%(span_id)s %(message)s"},
        },
        "handlers": handlers,
        "loggers": {logger.name: {"handlers": list(handlers), "propagate": False}},
    }
    logging.config.dictConfig(config)
    logger.warning("hello")
    logger.handlers.clear()
    first, second = capsys.readouterr().err.splitlines()
    assert (json.loads(first)["message"], second) == ("hello", "0 hello")
