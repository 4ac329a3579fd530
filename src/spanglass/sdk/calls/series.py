"""A histogram's series for one set of labels, found once and then added to; makes no instruments.

`Histogram.record` cleans, copies, sorts and hashes the labels of each value to find where it adds up: 10 us, of which
the adding takes 2. What is used instead is private to OpenTelemetry: where it is not as expected, values go the public
way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from time import time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.metrics._internal.instrument import Histogram as SDKHistogram
from opentelemetry.sdk.metrics._internal.measurement import Measurement

Aggregate = Callable[[Measurement, bool], None]


class Series:
    """Where values of a histogram with the same labels go; shared by all threads.

    Args:
        histogram: The histogram.
        labels: The labels; not to be changed.
    """

    __slots__ = ("_aggregates", "_histogram", "_labels", "_storages")

    def __init__(self, histogram: Histogram, labels: Mapping[str, str]) -> None:
        self._histogram = histogram
        self._labels = labels
        self._storages: object = None  # of the readers that the aggregates are of; another one after a fork
        self._aggregates: tuple[Aggregate, ...] = ()

    def record(self, value: float, context: Context) -> None:
        """Record a value.

        Args:
            value: In the histogram's unit.
            context: Names the trace for an exemplar.
        """
        histogram = self._histogram
        if not isinstance(histogram, SDKHistogram):
            histogram.record(value, self._labels, context)
            return
        consumer: Any = histogram._measurement_consumer  # noqa: SLF001 - the module's docstring says why
        storages = getattr(consumer, "_reader_storages", None)
        aggregates = self._aggregates if storages is self._storages else ()
        if not aggregates or not histogram._is_enabled() or not 0 <= value < inf:  # noqa: SLF001 - likewise
            histogram.record(value, self._labels, context)  # its first value makes the place
            if storages is not self._storages:
                self._aggregates, self._storages = self._found(histogram, storages), storages
            return
        measurement = Measurement(value, time_ns(), histogram, context)
        exemplar_filter = consumer._sdk_config.exemplar_filter  # noqa: SLF001 - likewise
        wanted = exemplar_filter.should_sample(value, measurement.time_unix_nano, self._labels, context)
        for aggregate in aggregates:
            aggregate(measurement, wanted)

    def _found(self, histogram: SDKHistogram, storages: Any) -> tuple[Aggregate, ...]:  # noqa: ANN401 - as it is found
        """The places that a value was just added to; none where a view has changed its labels."""
        try:
            from opentelemetry.sdk.metrics._internal._view_instrument_match import (  # noqa: PLC0415 - so that it may be missing
                _hash_attributes,
            )

            key = _hash_attributes(self._labels)
            return tuple(
                match._attributes_aggregation[key].aggregate  # noqa: SLF001 - likewise
                for storage in storages.values()
                for match in storage._instrument_view_instrument_matches[histogram]  # noqa: SLF001 - likewise
            )
        except (ImportError, AttributeError, KeyError, TypeError):
            return ()
