"""The endpoints of the API: one table that the routes and the OpenAPI document read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, LIMIT, OFFSET, SPANS, STEP, TO, Asked, Parameter
from spanglass.server.query.overview import Overview, overview
from spanglass.server.query.services import Seen, services
from spanglass.server.query.sources import Sources, sources
from spanglass.server.query.trace import DEFAULT_SPANS, Trace, trace
from spanglass.server.query.traces import Traces, traces
from spanglass.server.store.protocol import Store

_SECOND = 1_000_000_000
_DEFAULT_LIMIT = 50


class Endpoint(NamedTuple):
    """One row of the table.

    Attributes:
        path: With `{name}` for a part that varies.
        summary: One line.
        parameters: Of the query string.
        answer: Type of the answer.
        ask: From the store, what was asked, and the varying part of the path ("" where there is none) to the answer.
        errors: Statuses beside 200, 401 and 421.
        large: An answer may need tens of MB while it is made, so one is made at a time.
    """

    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    answer: type[msgspec.Struct]
    ask: Callable[[Store, Asked, str], msgspec.Struct]
    errors: tuple[int, ...] = (400, 503)
    large: bool = False


def _overview(store: Store, asked: Asked, _: str) -> Overview:
    step = asked.whole(STEP)
    return overview(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        step_ns=None if step is None else step * _SECOND,
        filters=asked.filters,
    )


def _traces(store: Store, asked: Asked, _: str) -> Traces:
    return traces(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        cursor=asked.text(CURSOR),
        limit=asked.whole(LIMIT) or _DEFAULT_LIMIT,
    )


def _trace(store: Store, asked: Asked, trace_id: str) -> Trace:
    return trace(store, trace_id, offset=asked.whole(OFFSET) or 0, limit=asked.whole(SPANS) or DEFAULT_SPANS)


def _sources(store: Store, asked: Asked, _: str) -> Sources:
    return sources(store, start_ns=asked.start_ns, end_ns=asked.end_ns)


def _services(store: Store, asked: Asked, _: str) -> Seen:
    return services(store, start_ns=asked.start_ns, end_ns=asked.end_ns)


ENDPOINTS = (
    Endpoint(
        "/api/v1/overview",
        "How the model calls are doing: in total, over time, by model.",
        (FROM, TO, STEP, *FILTERS),
        Overview,
        _overview,
    ),
    Endpoint(
        "/api/v1/traces",
        "Traces, newest first, a page at a time; each with its tokens, cost and how the cost is known.",
        (FROM, TO, *FILTERS, LIMIT, CURSOR),
        Traces,
        _traces,
    ),
    Endpoint(
        "/api/v1/traces/{trace_id}",
        "One trace: its spans with attributes, usage and cost, a page at a time, and where the time went.",
        (OFFSET, SPANS),
        Trace,
        _trace,
        (400, 404, 503),
        large=True,
    ),
    Endpoint(
        "/api/v1/services",
        "What can be filtered by: services, environments, models and features seen in a range.",
        (FROM, TO),
        Seen,
        _services,
    ),
    Endpoint(
        "/api/v1/sources",
        "Whether all that was sent arrived: what each process says it sent and dropped, beside what is stored of it.",
        (FROM, TO),
        Sources,
        _sources,
    ),
)
