"""A histogram's series for one set of labels, found once and then added to; makes no instruments.

`Histogram.record` cleans, copies, sorts and hashes the labels of each value to find where it adds up: 10 us, of which
the adding takes 2. What is used instead is private to OpenTelemetry: where it is not as expected, values go the public
way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.metrics import Histogram

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics._internal.measurement import Measurement


class _Way(NamedTuple):
    """What a value goes through, past its labels.

    Attributes:
        is_enabled: The histogram's.
        should_sample: The exemplar filter's.
        aggregates: Those of every reader and view.
        measurement: What they take.
    """

    is_enabled: Callable[[], bool]
    should_sample: Callable[[float, int, Mapping[str, str], Context], bool]
    aggregates: tuple[Callable[[Measurement, bool], None], ...]
    measurement: type[Measurement]


class Series:
    """Where values of a histogram with the same labels go; shared by all threads.

    Args:
        histogram: The histogram.
        labels: The labels; not to be changed.
    """

    __slots__ = ("_consumer", "_histogram", "_labels", "_storages", "_way")

    def __init__(self, histogram: Histogram, labels: Mapping[str, str]) -> None:
        self._histogram: Any = histogram
        self._labels = labels
        self._consumer: Any = getattr(histogram, "_measurement_consumer", None)
        self._storages: object = None  # of the readers that the way leads to; others after a fork
        self._way: _Way | None = None

    def record(self, value: float, context: Context) -> None:
        """Record a value.

        Args:
            value: In the histogram's unit.
            context: Names the trace for an exemplar.
        """
        storages = getattr(self._consumer, "_reader_storages", None)
        way = self._way if storages is self._storages else None
        if way is None or not way.is_enabled() or not 0 <= value < inf:
            self._histogram.record(value, self._labels, context)  # its first value makes the place
            if storages is not self._storages:
                self._way, self._storages = self._found(storages), storages
            return
        measurement = way.measurement(value, time_ns(), self._histogram, context)
        wanted = way.should_sample(value, measurement.time_unix_nano, self._labels, context)
        for aggregate in way.aggregates:
            aggregate(measurement, wanted)

    def _found(self, storages: Any) -> _Way | None:  # noqa: ANN401 - whatever OpenTelemetry has there
        """The way to where a value was just added; None where a view has changed its labels, or there is no reader."""
        histogram, consumer = self._histogram, self._consumer
        try:
            from opentelemetry.sdk.metrics._internal import _view_instrument_match  # noqa: PLC0415 - may be missing
            from opentelemetry.sdk.metrics._internal.measurement import Measurement  # noqa: PLC0415 - likewise

            key = _view_instrument_match._hash_attributes(self._labels)  # noqa: SLF001 - as the module's docstring says
            aggregates = tuple(
                match._attributes_aggregation[key].aggregate  # noqa: SLF001 - likewise
                for storage in storages.values()
                for match in storage._instrument_view_instrument_matches[histogram]  # noqa: SLF001 - likewise
            )
            should_sample = consumer._sdk_config.exemplar_filter.should_sample  # noqa: SLF001 - likewise
            is_enabled = histogram._is_enabled  # noqa: SLF001 - likewise
            return _Way(is_enabled, should_sample, aggregates, Measurement) if aggregates else None
        except (ImportError, AttributeError, KeyError, TypeError):
            return None
