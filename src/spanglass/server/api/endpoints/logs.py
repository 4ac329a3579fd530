"""`/api/v1/logs`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, LOG_FILTERS, LOGS, SINCE, UNTIL, Asked, read_time
from spanglass.server.query.logs import LogFilters, Logs, logs
from spanglass.server.store.protocol import Store

_DEFAULT_LIMIT = 100
_SECOND = 1_000_000_000
_SERVICE, _ENVIRONMENT, _TRACE, _SPAN, _SEVERITY, _EVENT, _TEXT = LOG_FILTERS


def _ask(store: Store, asked: Asked, _: str) -> Logs:
    filters = LogFilters(
        service=asked.text(_SERVICE),
        environment=asked.text(_ENVIRONMENT),
        trace_id=asked.text(_TRACE),
        span_id=asked.text(_SPAN),
        severity=asked.whole(_SEVERITY),
        event=asked.text(_EVENT),
        text=asked.text(_TEXT),
    )
    start_ns, end_ns = asked.time_ns(SINCE), asked.time_ns(UNTIL)
    if filters.trace_id is None:
        start_ns = int(read_time("1h") * _SECOND) if start_ns is None else start_ns
        end_ns = int(read_time("now") * _SECOND) if end_ns is None else end_ns
    return logs(
        store,
        start_ns=start_ns,
        end_ns=end_ns,
        filters=filters,
        cursor=asked.text(CURSOR),
        limit=asked.whole(LOGS) or _DEFAULT_LIMIT,
    )


LOGS_ENDPOINT = Endpoint(
    "/api/v1/logs",
    "Log records, newest first, or those of one trace from its beginning, a page at a time.",
    (SINCE, UNTIL, *LOG_FILTERS, LOGS, CURSOR),
    Logs,
    _ask,
)
