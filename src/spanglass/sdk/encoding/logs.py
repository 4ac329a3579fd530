"""Log records as OTLP; field numbers are those of `opentelemetry/proto/logs/v1/logs.proto`, release 1.7."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from opentelemetry.sdk._logs import ReadableLogRecord

from spanglass.sdk.encoding.fields import count, sized, text, time, value
from spanglass.sdk.encoding.groups import AttributeWriter, Groups

_FIXED32 = struct.Struct("<I").pack


class LogEncoder:
    """Writes export requests of log records; for one thread at a time."""

    def __init__(self) -> None:
        self._attributes = AttributeWriter()

    def request(self, records: Sequence[ReadableLogRecord]) -> bytes:
        """Return an ExportLogsServiceRequest."""
        groups = Groups(self._attributes)
        for record in records:
            groups.add(record.resource, record.instrumentation_scope, (self._record(record),))
        return groups.request()

    def _record(self, readable: ReadableLogRecord) -> bytes:
        record = readable.log_record
        severity = record.severity_number
        flags = int(record.trace_flags or 0)
        return b"".join(
            (
                time(b"\x09", record.timestamp),
                count(b"\x10", None if severity is None else severity.value),
                text(b"\x1a", record.severity_text),
                sized(b"\x2a", value(record.body)),
                self._attributes.write(b"\x32", record.attributes),
                count(b"\x38", readable.dropped_attributes),
                b"\x45" + _FIXED32(flags) if flags else b"",
                b"\x4a\x10" + record.trace_id.to_bytes(16, "big") if record.trace_id else b"",
                b"\x52\x08" + record.span_id.to_bytes(8, "big") if record.span_id else b"",
                time(b"\x59", record.observed_timestamp),
                text(b"\x62", record.event_name),
            )
        )
