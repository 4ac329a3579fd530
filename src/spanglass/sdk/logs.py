"""Python's logging, joined to traces: every record carries the ids of its span, and is exported as an OTLP log record.

It listens where a logger hands a record to its handlers, not as a handler on the root logger: with one there,
`logging.basicConfig()` does nothing any more, `dictConfig` removes it, and warnings no longer reach stderr in a program
that never configured logging.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping

from opentelemetry._logs import Logger, LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_current, get_value
from opentelemetry.sdk._logs._internal import std_to_otel
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from spanglass.sdk import clock
from spanglass.sdk.guard import logger as our_logger
from spanglass.sdk.guard import safely
from spanglass.sdk.queries import without_queries

LEVEL = "OTEL_PYTHON_LOG_HANDLER_LEVEL"
CODE_ATTRIBUTES = "OTEL_PYTHON_LOG_CODE_ATTRIBUTES"
CORRELATION = ("otelTraceID", "otelSpanID", "otelTraceSampled", "otelServiceName")
OF_EVERY_RECORD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    *CORRELATION,
}
_OURS = ("spanglass", "opentelemetry")
# Below INFO these log what they send and receive: prompts, answers, headers, signatures; from INFO on, addresses.
_CLIENTS = frozenset(
    {
        "LiteLLM",
        "aiohttp",
        "anthropic",
        "boto3",
        "botocore",
        "google_genai",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "mcp",
        "mistralai",
        "ollama",
        "openai",
        "requests",
        "urllib3",
    }
)
_SEVERITY_TEXT = {"WARNING": "WARN", "CRITICAL": "FATAL"}
_guard = safely("logs")


class LogBridge:
    """Annotates and exports log records, from `install` to `uninstall`; one at a time in a process.

    Args:
        service_name: What `%(otelServiceName)s` shows.
        provider: Where records are exported; None only annotates them.
        level: Records below it are not exported; unless one is given, none of clients that are below INFO.
        code: Export file, function and line of each record.
    """

    def __init__(
        self, service_name: str, provider: LoggerProvider | None, *, level: int = logging.NOTSET, code: bool = False
    ) -> None:
        self._service_name = service_name
        self._provider = provider
        self._level = level
        self._code = code
        self._loggers: dict[str, Logger] = {}

    def install(self) -> None:
        """Start to see the records of every logger, also of those that do not propagate."""
        global _active  # noqa: PLW0603 - logging itself is one per process
        _active = self
        if logging.Logger.callHandlers is not _call_handlers:
            _Original.call_handlers = logging.Logger.callHandlers
            logging.Logger.callHandlers = _call_handlers  # type: ignore[method-assign] # as Sentry's SDK does

    def stop_exporting(self) -> None:
        """Only annotate from now on: the application's format may name what is annotated until its very end."""
        self._provider = None

    def uninstall(self) -> None:
        """Stop; where someone else has wrapped the same method since, ours stays inside theirs and does nothing."""
        global _active  # noqa: PLW0603 - likewise
        if _active is self:
            _active = None
        if logging.Logger.callHandlers is _call_handlers:
            logging.Logger.callHandlers = _Original.call_handlers  # type: ignore[method-assign] # as it was

    @_guard
    def annotate(self, record: logging.LogRecord) -> None:
        """Add the attributes that OpenTelemetry's logging instrumentation adds, unless they are there already."""
        known = record.__dict__
        if "otelTraceID" in known:
            return
        span = get_current_span().get_span_context()
        valid = span.is_valid
        known["otelTraceID"] = format_trace_id(span.trace_id) if valid else "0"
        known["otelSpanID"] = format_span_id(span.span_id) if valid else "0"
        known["otelTraceSampled"] = valid and span.trace_flags.sampled
        known["otelServiceName"] = self._service_name

    @_guard
    def export(self, record: logging.LogRecord) -> None:
        """Hand a record on, unless it comes from an exporter at work, from us, or is exported by someone else."""
        provider, package = self._provider, record.name.partition(".")[0]
        of_client = package in _CLIENTS
        lowest = self._level or (logging.INFO if of_client else logging.NOTSET)
        if provider is None or record.levelno < lowest or package in _OURS:
            return
        if get_value(_SUPPRESS_INSTRUMENTATION_KEY) or _exported_by_another(record.name):
            return
        logger = self._loggers.get(record.name)
        if logger is None:
            logger = self._loggers[record.name] = provider.get_logger(record.name)
        logger.emit(
            LogRecord(
                timestamp=int(record.created * 1e9),
                observed_timestamp=clock.wall_ns(),
                context=get_current(),
                severity_text=_SEVERITY_TEXT.get(record.levelname, record.levelname),
                severity_number=std_to_otel(record.levelno) if record.levelno else SeverityNumber.UNSPECIFIED,
                body=without_queries(_body(record)) if of_client else _body(record),
                attributes=self._attributes(record),
            )
        )

    def _attributes(self, record: logging.LogRecord) -> dict[str, str | bool | int | float]:
        found: dict[str, str | bool | int | float] = {
            name: value if isinstance(value, str | bool | int | float) else _text(value)
            for name, value in record.__dict__.items()
            if name not in OF_EVERY_RECORD and value is not None
        }
        if self._code:
            found["code.file.path"] = record.pathname
            found["code.function.name"] = record.funcName or ""
            found["code.line.number"] = record.lineno
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            found["exception.type"] = (
                kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            )
            found["exception.message"] = _text(error)
            found["exception.stacktrace"] = "".join(traceback.format_exception(*record.exc_info))
        return found


_active: LogBridge | None = None


class _Original:
    call_handlers = logging.Logger.callHandlers


def _call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
    bridge = _active
    if bridge is None:
        _Original.call_handlers(self, record)
        return
    bridge.annotate(record)
    _Original.call_handlers(self, record)
    bridge.export(record)


def _body(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - template and arguments that do not fit, or whose `__str__` fails; logging says so
        return _text(record.msg)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the application's own `__str__`: the record is worth more than this part of it
        return f"<{type(value).__name__}>"


def _exported_by_another(name: str) -> bool:
    """Whether a handler of OpenTelemetry's own is on the root logger, and this logger's records reach it."""
    if not any(type(handler).__module__.startswith("opentelemetry.") for handler in logging.root.handlers):
        return False
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger.propagate:
        logger = logger.parent
    return logger is None


def level_from(environ: Mapping[str, str]) -> int:
    """Return the level below which records are not exported; by name, as in `logging`."""
    word = environ.get(LEVEL, "").strip().upper()
    if not word:
        return logging.NOTSET
    level = logging.getLevelNamesMapping().get(word)
    if level is None:
        our_logger.warning(
            "%s is %r, which is no log level; every record is exported. Use a name such as INFO.", LEVEL, word
        )
        return logging.NOTSET
    return level


def code_from(environ: Mapping[str, str]) -> bool:
    """Return whether file, function and line are exported."""
    return environ.get(CODE_ATTRIBUTES, "").strip().lower() == "true"
