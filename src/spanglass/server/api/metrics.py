"""`/metrics`: the server's own figures as Prometheus text, by the names and labels of the metric table.

Nine metrics that are numbers already do not need a client library, its registry and its locks (1.5 MB).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics as table
from spanglass.semconv.metrics import Instrument, Metric
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATM = Path("/proc/self/statm")
_UNITS = {"By": "bytes", "s": "seconds"}
_Sample = tuple[str, dict[str, str], float]


def exposition(counters: Counters, allowance: Allowance, store_size: int) -> str:
    """Return the text.

    Args:
        counters: What was counted since the start.
        allowance: The queue.
        store_size: Bytes on disk.
    """
    received = [({attr.SIGNAL: str(signal)}, count) for signal, count in sorted(counters.received.items())]
    rejected = [
        ({attr.SIGNAL: str(signal), attr.DROP_REASON: reason}, count)
        for (signal, reason), count in sorted(counters.rejected.items())
    ]
    lines: list[str] = []
    lines += _lines(table.SERVER_RECEIVED, (("", labels, count) for labels, count in received))
    lines += _lines(table.SERVER_STORED, [("", {}, counters.stored)])
    lines += _lines(table.SERVER_DUPLICATES, [("", {}, counters.duplicates)])
    lines += _lines(table.SERVER_REJECTED, (("", labels, count) for labels, count in rejected))
    lines += _lines(table.SERVER_COMMIT, _commits(counters))
    lines += _lines(table.SERVER_QUEUE, [("", {}, allowance.held)])
    lines += _lines(table.SERVER_QUEUE_LIMIT, [("", {}, allowance.limit)])
    lines += _lines(table.SERVER_STORE_SIZE, [("", {}, store_size)])
    memory = resident_bytes()
    if memory is not None:
        lines += _lines(table.SERVER_MEMORY, [("", {}, memory)])
    return "\n".join(lines) + "\n"


def resident_bytes() -> int | None:
    """Return this process's resident memory; None where the system does not tell in /proc."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def prometheus_name(metric: Metric) -> str:
    """Return a metric's name by OpenTelemetry's rules for Prometheus: unit and `_total` at the end."""
    name = metric.name.replace(".", "_")
    unit = _UNITS.get(metric.unit)
    if unit is not None and not name.endswith(unit):
        name += f"_{unit}"
    return f"{name}_total" if metric.instrument is Instrument.COUNTER else name


def _commits(counters: Counters) -> Iterator[_Sample]:
    counts = list(accumulate(counters.commits))
    for bound, count in zip((*table.COMMIT, "+Inf"), counts, strict=True):
        yield "_bucket", {"le": str(bound)}, count
    yield "_sum", {}, counters.commit_s
    yield "_count", {}, counts[-1]


def _lines(metric: Metric, samples: Iterable[_Sample]) -> Iterator[str]:
    name = prometheus_name(metric)
    yield f"# HELP {name} {metric.meaning}"
    yield f"# TYPE {name} {metric.instrument}"
    for suffix, labels, value in samples:
        inner = ",".join(f'{label.replace(".", "_")}="{text}"' for label, text in labels.items())
        yield f"{name}{suffix}{{{inner}}} {value:.12g}" if inner else f"{name}{suffix} {value:.12g}"
