"""`/api/v1/latency`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, STEP, TO, Asked, choice
from spanglass.server.query.latency import MEASURES, HeatMap, latency
from spanglass.server.store.protocol import Store

MEASURE = choice("measure", "What is measured.", MEASURES, "duration")


def _ask(store: Store, asked: Asked, _: str) -> HeatMap:
    return latency(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        measure=asked.text(MEASURE) or "duration",
        step_ns=asked.step_ns,
        filters=asked.filters,
    )


LATENCY = Endpoint(
    "/api/v1/latency",
    "How long calls, or their first content, took: a heat map over time, with percentiles.",
    (FROM, TO, STEP, MEASURE, *FILTERS),
    HeatMap,
    _ask,
)
