"""Figures as Prometheus text, by the names and labels of the metric table.

Figures that are numbers already do not need a client library, its registry and its locks (1.5 MB).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from spanglass.semconv.metrics import Instrument, Metric

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_UNITS: Final = {"By": "bytes", "s": "seconds"}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_ESCAPED_HELP: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})
Number: TypeAlias = int | float | Decimal
Labels: TypeAlias = Mapping[str, str | None]
"""By attribute; None leaves a label out, as does an empty text."""


class Sample(NamedTuple):
    """One line: what is appended to the metric's name, its labels, its value."""

    suffix: str
    labels: Labels
    value: Number


def family(metric: Metric, samples: Iterable[Sample]) -> Iterator[str]:
    """Yield the lines of a metric, without line ends; none where it has no samples."""
    name = prometheus_name(metric)
    first = True
    for sample in samples:
        if first:
            yield f"# HELP {name} {metric.meaning.translate(_ESCAPED_HELP)}"
            yield f"# TYPE {name} {metric.instrument}"
            first = False
        inner = ",".join(f'{_label(key)}="{text.translate(_ESCAPED)}"' for key, text in sample.labels.items() if text)
        yield (
            f"{name}{sample.suffix}{{{inner}}} {_number(sample.value)}"
            if inner
            else (f"{name}{sample.suffix} {_number(sample.value)}")
        )


def histogram(labels: Labels, bounds: Sequence[float], counts: Sequence[int], total: Number) -> Iterator[Sample]:
    """Yield the samples of one histogram.

    Args:
        labels: Its labels.
        bounds: Upper bounds of its buckets.
        counts: How many fell into each bucket, and into the one beyond the last bound.
        total: Sum of what was measured.
    """
    reached = list(accumulate(counts))
    for bound, count in zip((*bounds, "+Inf"), reached, strict=True):
        yield Sample("_bucket", {**labels, "le": str(bound)}, count)
    yield Sample("_sum", labels, total)
    yield Sample("_count", labels, reached[-1])


def prometheus_name(metric: Metric) -> str:
    """Return a metric's name by OpenTelemetry's rules for Prometheus: unit and `_total` at the end."""
    name = metric.name.replace(".", "_")
    unit = _UNITS.get(metric.unit)
    if unit is not None and not name.endswith(unit):
        name += f"_{unit}"
    return f"{name}_total" if metric.instrument is Instrument.COUNTER else name


def _label(attribute: str) -> str:
    return attribute.replace(".", "_")


def _number(value: Number) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
