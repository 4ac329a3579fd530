"""What was counted of the calls in stored spans, as the families of an exposition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics as table
from spanglass.semconv.metrics import Metric
from spanglass.server.api.exposition import Labels, Number, Sample, family, histogram
from spanglass.server.call_counts import Labels as CountedBy
from spanglass.server.call_counts import Series

_Taken: TypeAlias = Sequence[tuple[CountedBy, Series]]
_S: Final = 1e9
_NAMES: Final = (
    attr.SERVICE_NAME,
    attr.ENVIRONMENT,
    attr.OPERATION,
    attr.PROVIDER,
    attr.REQUEST_MODEL,
    attr.FEATURE,
)
_SUMS: Final[tuple[tuple[Metric, Callable[[Series], int]], ...]] = (
    (table.SPANS_CALLS, lambda series: series.attempts - series.retries),
    (table.SPANS_ERRORS, lambda series: series.errors),
    (table.SPANS_RETRIES, lambda series: series.retries),
    (table.SPANS_CACHE_READ, lambda series: series.cache_read_tokens),
    (table.SPANS_CACHE_WRITE, lambda series: series.cache_write_tokens),
    (table.SPANS_REASONING, lambda series: series.reasoning_tokens),
    (table.SPANS_UNPRICED, lambda series: series.unpriced),
)


def call_metrics(taken: _Taken) -> Iterator[str]:
    """Yield the lines."""
    for metric, read in _SUMS:
        yield from family(metric, _counted(taken, read))
    yield from family(table.SPANS_FAILED, _parted(taken, attr.ERROR_TYPE, lambda series: series.failed.items()))
    yield from family(table.SPANS_TOKENS, _parted(taken, attr.TOKEN_TYPE, _tokens))
    yield from family(table.SPANS_COST, _parted(taken, attr.COST_STATE, lambda series: series.cost.items()))
    yield from family(table.SPANS_DURATION, _durations(taken))
    yield from family(table.SPANS_FIRST_TOKEN, _first_tokens(taken))


def _labels(counted_by: CountedBy) -> Labels:
    return dict(zip(_NAMES, counted_by, strict=True))


def _counted(taken: _Taken, read: Callable[[Series], int]) -> Iterator[Sample]:
    for counted_by, series in taken:
        yield Sample("", _labels(counted_by), read(series))


def _parted(
    taken: _Taken, attribute: str, read: Callable[[Series], Iterable[tuple[str | None, Number]]]
) -> Iterator[Sample]:
    for counted_by, series in taken:
        labels = _labels(counted_by)
        for part, value in read(series):
            yield Sample("", {**labels, attribute: part}, value)


def _tokens(series: Series) -> Iterable[tuple[str, Number]]:
    return ("input", series.input_tokens), ("output", series.output_tokens)


def _durations(taken: _Taken) -> Iterator[Sample]:
    for counted_by, series in taken:
        yield from histogram(_labels(counted_by), table.DURATION, series.duration, series.duration_ns / _S)


def _first_tokens(taken: _Taken) -> Iterator[Sample]:
    for counted_by, series in taken:
        if any(series.first_token):
            labels = _labels(counted_by)
            yield from histogram(labels, table.FIRST_TOKEN, series.first_token, series.first_token_ns / _S)
