"""Formatters of log records for people (text) and for machines (JSON), with the ids of their trace; they print nothing.

Plain `logging.Formatter` classes: they work with `dictConfig`, `basicConfig(handlers=...)` and by hand, before `init()`
or after, and without it. A value that a record carries is never able to start a line of its own or to fail the line.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from itertools import takewhile
from types import SimpleNamespace
from typing import NamedTuple, cast

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from spanglass.sdk.logs import OF_EVERY_RECORD

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s [trace_id=%(trace_id)s span_id=%(span_id)s] %(message)s"
_MOST_VALUES = 1000
_DEEPEST = 8
_TEXTS = (str, bytes, bytearray, memoryview)
# What would move the cursor, hide text or end the line. A line feed is left; what follows it is indented.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_CONTROL |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


class _Place(NamedTuple):
    trace_id: str
    span_id: str
    sampled: bool
    service: str | None


def _place(record: logging.LogRecord) -> _Place:
    """Where a record was logged: as `init` noted it then, or else where it is formatted."""
    known = record.__dict__
    if "otelTraceID" in known:
        return _Place(
            str(known["otelTraceID"]),
            str(known.get("otelSpanID", "0")),
            bool(known.get("otelTraceSampled")),
            known.get("otelServiceName"),
        )
    span = get_current_span().get_span_context()
    if not span.is_valid:
        return _Place("0", "0", sampled=False, service=None)
    return _Place(format_trace_id(span.trace_id), format_span_id(span.span_id), span.trace_flags.sampled, None)


class TextFormatter(logging.Formatter):
    """Lines for people, with the record's trace and span: `%(trace_id)s` and `%(span_id)s`, `0` outside a span.

    Control characters are written as escapes, and lines after the first are indented, so that no message can pretend
    to be another record.

    Args:
        fmt: The format, as for `logging.Formatter`; by default time, level, logger, ids and message.
        datefmt: How to write the time, as for `logging.Formatter`.
        style: `%`, `{` or `$`.
        validate: Whether to check the format.
        defaults: Values for fields that a record may lack.
    """

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: str = "%",
        validate: bool = True,  # noqa: FBT001, FBT002 - the standard library's signature, which dictConfig calls
        *,
        defaults: Mapping[str, object] | None = None,
    ) -> None:
        form, known = (TEXT_FORMAT, "%") if fmt is None else (fmt, style)
        super().__init__(form, datefmt, known, validate, defaults=defaults)  # type: ignore[arg-type] # checked there

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        """Fill the format with the record's values and the ids of its span."""
        place = _place(record)
        values = {"trace_id": place.trace_id, "span_id": place.span_id, **record.__dict__}
        return self._style.format(cast("logging.LogRecord", SimpleNamespace(**values)))

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text of one line, or of several where it holds an exception or line feeds."""
        text = super().format(record)
        if text.isprintable():
            return text
        text = text.translate(_CONTROL).replace("\n", "\n    ")
        return text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate cannot be written


class JsonFormatter(logging.Formatter):
    """One JSON object a record, on one line: timestamp, severity, logger, message, ids, service, exception and extras.

    Extra values become fields; one that has the name of a field above is called `extra.` and its name. What JSON does
    not have is written as text, and what is too deep (8) or too much (1,000 values) is cut.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON text without a line feed; it does not raise, whatever the record holds."""
        found = _fields(self, record)
        rest = {name: value for name, value in record.__dict__.items() if name not in OF_EVERY_RECORD}
        for name, value in _extras(rest).items() if rest else ():
            found[f"extra.{name}" if name in found else name] = value
        text = json.dumps(found, ensure_ascii=False)
        return text if text.isprintable() else json.dumps(found)


def _fields(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, object]:
    place = _place(record)
    found: dict[str, object] = {
        "timestamp": _timestamp(record.created),
        "severity": str(record.levelname),
        "logger": str(record.name),
        "message": _message(record),
    }
    if place.trace_id != "0":
        found |= {"trace_id": place.trace_id, "span_id": place.span_id, "sampled": place.sampled}
    if place.service:
        found["service"] = place.service
    if record.exc_info and record.exc_info[0] is not None:
        kind, error, _ = record.exc_info
        found["exception"] = {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "message": _text(error),
            "stacktrace": _stacktrace(formatter, record),
        }
    if record.stack_info:
        found["stack"] = str(record.stack_info)
    return found


def _extras(values: dict[str, object]) -> dict[str, object]:
    try:
        return cast("dict[str, object]", _Plain().of(values))
    except Exception as error:  # noqa: BLE001 - a container of the application's that cannot be read
        return {"extra": f"<cannot be read: {type(error).__name__}>"}


def _timestamp(created: float) -> str:
    try:
        return datetime.fromtimestamp(created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return str(created)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - the application's own `__str__` or a template that its arguments do not fit
        return f"{_text(record.msg)} {_text(record.args)}"


def _stacktrace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    try:
        return formatter.formatException(record.exc_info)  # type: ignore[arg-type] # not None, the caller has looked
    except Exception as error:  # noqa: BLE001 - an exception whose parts cannot be printed
        return f"<cannot be formatted: {type(error).__name__}>"


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the application's own `__str__`
        return f"<{type(value).__name__}>"


class _Plain:
    """Turns values into what JSON has, of one record: it counts them."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def of(self, value: object, depth: int = 0) -> object:
        """Return the value, or its text."""
        self._left -= 1
        if not isinstance(value, Mapping | Sequence | AbstractSet) or isinstance(value, _TEXTS):
            return _leaf(value)
        if depth >= _DEEPEST:
            return "..."
        if isinstance(value, Mapping):
            parts = takewhile(self._has_room, value.items())
            return {_text(key): self.of(part, depth + 1) for key, part in parts}
        return [self.of(part, depth + 1) for part in takewhile(self._has_room, value)]

    def _has_room(self, _: object) -> bool:
        return self._left > 0


def _leaf(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 1 << 64:  # Python refuses to print the longest
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    return hex(value) if isinstance(value, int) else _text(value)
