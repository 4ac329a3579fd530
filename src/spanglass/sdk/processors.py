"""The OpenTelemetry processors that fill our queues with ended spans and emitted log records."""

from __future__ import annotations

import copy
import time

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from spanglass.sdk.batch import BatchQueue


class QueueSpanProcessor(SpanProcessor):
    """Queues sampled spans as they end. OpenTelemetry's own drops with a log line each and shares sockets over a fork.

    Args:
        queue: Where they go.
    """

    def __init__(self, queue: BatchQueue[ReadableSpan]) -> None:
        self._queue = queue

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span if it is sampled."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._queue.put(span)

    def shutdown(self) -> None:
        """Send what waits; called by a provider that is not ours."""
        self._queue.close(time.monotonic() + 5)

    def force_flush(self, timeout_millis: int | None = 30_000) -> bool:
        """Send what waits, within the time given."""
        return self._queue.worker.flush(time.monotonic() + (30_000 if timeout_millis is None else timeout_millis) / 1e3)


class QueueLogProcessor(LogRecordProcessor):
    """Queues log records as they are emitted.

    Args:
        queue: Where they go.
    """

    def __init__(self, queue: BatchQueue[ReadableLogRecord]) -> None:
        self._queue = queue

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue the record without its context, which may hold much and is needed no more."""
        record = copy.copy(log_record.log_record)
        record.context = Context()
        self._queue.put(
            ReadableLogRecord(
                log_record=record,
                resource=log_record.resource or Resource.get_empty(),
                instrumentation_scope=log_record.instrumentation_scope,
                limits=log_record.limits,
            )
        )

    def shutdown(self) -> None:
        """Send what waits; called by a provider that is not ours."""
        self._queue.close(time.monotonic() + 5)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits, within the time given."""
        return self._queue.worker.flush(time.monotonic() + timeout_millis / 1e3)
