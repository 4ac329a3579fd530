"""`/api/v1/metrics/{name}`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import BY, FROM, LABEL, SENDER, SHOW, STEP, TO, Asked
from spanglass.server.query.metric import Choice, Metric, metric
from spanglass.server.store.protocol import Store

_SECOND = 1_000_000_000


def _ask(store: Store, asked: Asked, name: str) -> Metric:
    step = asked.whole(STEP)
    return metric(
        store,
        name,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        choice=Choice(
            show=asked.text(SHOW),
            by=asked.text(BY),
            label=asked.text(LABEL),
            step_ns=None if step is None else step * _SECOND,
        ),
    )


METRIC = Endpoint(
    "/api/v1/metrics/{name:path}",
    "One metric over time, in lines by a label, with exemplars that lead to traces.",
    (FROM, TO, STEP, SHOW, BY, LABEL, *SENDER),
    Metric,
    _ask,
    (400, 404, 503),
)
