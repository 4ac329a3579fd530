"""Finds metrics of an application's own that bear the names of ours, and says so once; changes no metric."""

from __future__ import annotations

from opentelemetry.sdk.metrics.export import MetricsData

from spanglass.sdk.calls.producers import producer_of
from spanglass.sdk.calls.recorder import SCOPE
from spanglass.sdk.guard import logger, safely
from spanglass.semconv import metrics

_OURS = frozenset(
    metric.name
    for metric in (
        metrics.OPERATION_DURATION,
        metrics.TOKEN_USAGE,
        metrics.TIME_TO_FIRST_CHUNK,
        metrics.OPERATION_COST,
    )
)
_guard = safely("overlap")


class Overlap:
    """Watches collections of one meter provider.

    Code written by hand often records calls under the names of the conventions. Each is then a series beside ours, and
    whoever sums over both counts every call twice. Instrumentations that are known are told apart already: what they
    record is not recorded again.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()

    @_guard
    def look(self, collected: MetricsData) -> None:
        """Warn of what is recorded twice, once for each scope."""
        found = {
            scope.scope.name: sorted(_OURS.intersection(metric.name for metric in scope.metrics))
            for resource in collected.resource_metrics
            for scope in resource.scope_metrics
        }
        ours = set(found.get(SCOPE, ()))
        for name, same in found.items():
            twice = ours.intersection(same) - producer_of(name).metrics
            if name != SCOPE and name not in self._told and twice:
                self._told.add(name)
                logger.warning(
                    "Your meter %r records %s, as spanglass does: a sum over both counts calls twice. "
                    "Delete the instrument of yours, or give it another name.",
                    name,
                    ", ".join(sorted(twice)),
                )
