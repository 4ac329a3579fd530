"""`/metrics`: the server's own figures as Prometheus text, by the names and labels of the metric table.

A dozen metrics that are numbers already do not need a client library, its registry and its locks (1.5 MB).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics as table
from spanglass.semconv.metrics import Instrument, Metric
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.memory import resident_bytes
from spanglass.server.record import Signal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_UNITS = {"By": "bytes", "s": "seconds"}
_Sample = tuple[str, dict[str, str], float]


def exposition(counters: Counters, allowance: Allowance, store_size: int) -> str:
    """Return the text.

    Args:
        counters: What was counted since the start.
        allowance: The queue.
        store_size: Bytes on disk.
    """
    lines: list[str] = []
    lines += _lines(table.SERVER_RECEIVED, _by_signal(counters.received))
    lines += _lines(table.SERVER_STORED, _by_signal(counters.stored))
    lines += _lines(table.SERVER_DUPLICATES, _by_signal(counters.duplicates))
    lines += _lines(table.SERVER_REJECTED, _by_reason(counters.rejected))
    lines += _lines(table.SERVER_SHED, _by_reason(counters.shed))
    lines += _lines(table.SERVER_COMMIT, _commits(counters))
    lines += _lines(table.SERVER_QUEUE, [("", {}, allowance.held)])
    lines += _lines(table.SERVER_QUEUE_LIMIT, [("", {}, allowance.limit)])
    lines += _lines(table.SERVER_STORE_SIZE, [("", {}, store_size)])
    memory = resident_bytes()
    if memory is not None:
        lines += _lines(table.SERVER_MEMORY, [("", {}, memory)])
    if allowance.memory is not None:
        lines += _lines(table.SERVER_MEMORY_LIMIT, [("", {}, allowance.memory.ceiling)])
    return "\n".join(lines) + "\n"


def _by_signal(counts: Mapping[Signal, int]) -> Iterator[_Sample]:
    for signal, count in sorted(counts.items()):
        yield "", {attr.SIGNAL: str(signal)}, count


def _by_reason(counts: Mapping[tuple[Signal, str], int]) -> Iterator[_Sample]:
    for (signal, reason), count in sorted(counts.items()):
        yield "", {attr.SIGNAL: str(signal), attr.DROP_REASON: reason}, count


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
