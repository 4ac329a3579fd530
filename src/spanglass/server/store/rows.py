"""Records as rows: the column order of every table, and how a record becomes a tuple; knows no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from spanglass.call import Cost, Usage
from spanglass.semconv import attributes as attr
from spanglass.server.content import part
from spanglass.server.record import (
    Attributes,
    Call,
    Event,
    Link,
    LogRecord,
    MetricPoint,
    Resource,
    Score,
    StoredSpan,
    Value,
)

Field: TypeAlias = "str | int | float | bool | None"
"""What a row holds; money is exact decimal text, which engines read three times faster than Decimal objects."""

SPAN_COLUMNS: Final = (
    *("trace_key", "trace_id", "span_id", "parent_span_id", "name", "kind", "work", "start_ns", "end_ns", "status"),
    *("status_message", "trace_state", "error_type", "service", "environment", "scope_name", "scope_version"),
    *("user_id", "session_id", "feature", "prompt_name", "prompt_version"),
    *("operation", "provider", "request_model", "response_model", "response_id", "finish_reasons", "service_tier"),
    *("stream", "incomplete", "first_chunk_ns", "first_token_ns", "resend_count"),
    *("usage_estimated", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("cache_write_1h_tokens", "reasoning_tokens", "usage_details"),
    *("cost_state", "cost_amount", "cost_input", "cost_output", "cost_source", "cost_price_id", "cost_table"),
    *("cost_currency", "producer_cost", "attributes", "resource", "events", "links"),
    *("agent_name", "tool_name", "tags", "error_message", "error_group", "received_ns"),
)
COST_COLUMNS: Final = (
    *("cost_state", "cost_amount", "cost_input", "cost_output", "cost_source", "cost_price_id", "cost_table"),
    "cost_currency",
)
CONTENT_COLUMNS: Final = ("trace_key", "trace_id", "span_id", "start_ns", "attributes", "events")
SCORE_COLUMNS: Final = (
    *("time_ns", "trace_key", "trace_id", "span_id", "response_id", "name", "score", "label", "explanation"),
    *("source", "service", "environment"),
)
LOG_COLUMNS: Final = (
    *("time_ns", "severity", "severity_text", "event_name", "body", "trace_id", "span_id"),
    *("service", "environment", "scope_name", "scope_version", "attributes", "resource"),
)
POINT_COLUMNS: Final = (
    *("name", "unit", "kind", "temporality", "monotonic", "start_ns", "time_ns", "value_int", "value_double"),
    *("count", "total", "details", "service", "environment", "scope_name", "scope_version", "attributes", "resource"),
)
MONEY_COLUMNS: Final = frozenset({"cost_amount", "cost_input", "cost_output", "producer_cost"})
MONEY_DIGITS: Final = 20
"""Digits before the point that DECIMAL(38, 18) holds."""
MONEY_PLACES: Final = 18

_BIGGEST: Final = 2**63 - 1
_ALL: Final = 2**64 - 1
_ODD: Final = 0x9E3779B97F4A7C15
_RESOURCE: Final = 8192
"""Characters of a resource as JSON; usual ones have one or two thousand."""
_NO_CALL: Final = (None,) * 20
_NO_USAGE: Final = (None,) * 8
_NO_COST: Final = (None,) * 8
_RARER: Final = (
    *("input_audio_tokens", "output_audio_tokens", "cache_read_audio_tokens"),
    *("input_image_tokens", "output_image_tokens"),
    *("accepted_prediction_tokens", "rejected_prediction_tokens", "web_searches"),
)
"""The counts that share the column usage_details, in the order in which `_usage` reads them."""
_NOTHING_RARER: Final = (None,) * len(_RARER)
_encode = msgspec.json.Encoder().encode


def trace_key(trace_id: str) -> int:
    """Return the number a trace is found by: the two halves of its id, folded into a signed 64-bit integer.

    Two traces of one key are possible and harmless: statements compare ids as well, or group by them.
    """
    key = (int(trace_id[:16], 16) * _ODD ^ int(trace_id[16:], 16)) & _ALL  # multiplied, or equal halves would vanish
    return key if key <= _BIGGEST else key - 2**64


class Rows:
    """Turns records into rows; keeps the JSON text of resources, which repeat, for one write."""

    def __init__(self) -> None:
        self._resources: dict[int, tuple[Resource, str]] = {}

    def span(self, stored: StoredSpan, received_ns: int) -> tuple[tuple[Field, ...], tuple[Field, ...] | None]:
        """Return the row of a span, in the order of SPAN_COLUMNS, and of its content, in that of CONTENT_COLUMNS."""
        span, facts, cost = stored.span, stored.facts, stored.cost
        resource, scope = span.resource, span.scope
        key = trace_key(span.trace_id)
        attributes, events, held, said = part(span.attributes, span.events)
        row = (
            key,
            span.trace_id,
            span.span_id,
            span.parent_span_id,
            span.name,
            span.kind,
            facts.work,
            span.start_ns,
            span.end_ns,
            span.status,
            span.status_message,
            span.trace_state,
            facts.error_type,
            resource.service,
            resource.environment,
            scope.name,
            scope.version,
            facts.user_id,
            facts.session_id,
            facts.feature,
            facts.prompt_name,
            facts.prompt_version,
            *(_NO_CALL if facts.call is None else _call(facts.call)),
            *(_NO_COST if cost is None else cost_fields(cost)),
            None if facts.call is None or facts.call.producer_cost is None else _money(facts.call.producer_cost.amount),
            json_text(attributes),
            self._resource(resource),
            _events(events) if events else None,
            _links(span.links) if span.links else None,
            facts.agent_name,
            facts.tool_name,
            json_text(facts.tags) if facts.tags else None,
            facts.error_message,
            facts.error_group,
            received_ns,
        )
        if not held and not said:
            return row, None
        said_text = _events(said) if said else None
        return row, (key, span.trace_id, span.span_id, span.start_ns, json_text(held) if held else None, said_text)

    def score(self, score: Score) -> tuple[Field, ...]:
        """Return the row of a score, in the order of SCORE_COLUMNS."""
        return (
            score.time_ns,
            None if score.trace_id is None else trace_key(score.trace_id),
            score.trace_id,
            score.span_id,
            score.response_id,
            score.name,
            score.value,
            score.label,
            score.explanation,
            score.source,
            score.resource.service,
            score.resource.environment,
        )

    def log(self, record: LogRecord) -> tuple[Field, ...]:
        """Return the row of a log record, in the order of LOG_COLUMNS."""
        return (
            record.time_ns,
            record.severity,
            record.severity_text,
            record.event_name,
            None if record.body is None else json_text(record.body),
            record.trace_id,
            record.span_id,
            record.resource.service,
            record.resource.environment,
            record.scope.name,
            record.scope.version,
            json_text(record.attributes),
            self._resource(record.resource),
        )

    def point(self, point: MetricPoint) -> tuple[Field, ...]:
        """Return the row of a metric point, in the order of POINT_COLUMNS."""
        whole = isinstance(point.value, int)
        return (
            point.name,
            point.unit,
            point.kind,
            point.temporality,
            point.monotonic,
            point.start_ns,
            point.time_ns,
            point.value if whole else None,
            None if whole else point.value,
            point.count,
            point.total,
            json_text(point.details) if point.details else None,
            point.resource.service,
            point.resource.environment,
            point.scope.name,
            point.scope.version,
            json_text(point.attributes),
            self._resource(point.resource),
        )

    def _resource(self, resource: Resource) -> str:
        # By identity: decoders share one Resource among a block's spans. Keeping the record keeps its id its own.
        known = self._resources.get(id(resource))
        if known is None:
            known = self._resources[id(resource)] = (resource, _resource_text(resource.attributes))
        return known[1]


def _resource_text(attributes: Attributes) -> str:
    """Return a resource as JSON; as all items of a sender repeat it, the longest values of a large one are left out."""
    text = json_text(attributes)
    if len(text) <= _RESOURCE:
        return text
    sizes = {key: len(json_text(value)) for key, value in attributes.items()}
    left, lost = dict(attributes), []
    for key in sorted(sizes, key=lambda key: -sizes[key]):
        lost.append(key)
        del left[key]
        text = json_text({**left, attr.SHED: lost})
        if len(text) <= _RESOURCE:
            return text
    return json_text({attr.SHED: ["resource"]})


def tame(row: Sequence[Field], columns: Sequence[str]) -> tuple[Field, ...]:
    """Return a row that any engine takes: text as valid UTF-8, integers in 64 bits, money that fits.

    Only rows that an engine refused come here. An amount that does not fit is dropped and the cost is unpriced: no
    provider bills 10^20 dollars a call.
    """
    tamed = dict(zip(columns, row, strict=True))
    for name, value in tamed.items():
        if isinstance(value, str):
            tamed[name] = value.encode("utf-8", "replace").decode()
        elif isinstance(value, int):
            tamed[name] = max(-_BIGGEST - 1, min(value, _BIGGEST))
    for name in MONEY_COLUMNS & tamed.keys():
        if not _fits(tamed[name]):
            tamed[name] = None
            if name == "cost_amount":
                tamed.update(cost_state="unpriced", cost_input=None, cost_output=None)
    return tuple(tamed.values())


def _fits(amount: Field) -> bool:
    if not isinstance(amount, str):
        return True
    number = Decimal(amount)
    return number.is_finite() and number.adjusted() < MONEY_DIGITS


def json_text(value: Value) -> str:
    """Return a value as compact JSON text; bytes as base64, NaN and infinities as null."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:  # a lone surrogate, from JSON text such as "\\ud800"
        return _encode(_valid(value)).decode()


def _valid(value: Value) -> Value:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {key.encode("utf-8", "replace").decode(): _valid(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_valid(part) for part in value]
    return value


def _call(call: Call) -> tuple[Field, ...]:
    return (
        call.operation,
        call.provider,
        call.request_model,
        call.response_model,
        call.response_id,
        json_text(call.finish_reasons) if call.finish_reasons else None,
        call.service_tier,
        call.stream,
        call.incomplete,
        call.first_chunk_ns,
        call.first_token_ns,
        call.resend_count,
        *(_NO_USAGE if call.usage is None else _usage(call.usage)),
    )


def _usage(usage: Usage) -> tuple[Field, ...]:
    rarer = (
        usage.input_audio_tokens,
        usage.output_audio_tokens,
        usage.cache_read_audio_tokens,
        usage.input_image_tokens,
        usage.output_image_tokens,
        usage.accepted_prediction_tokens,
        usage.rejected_prediction_tokens,
        usage.web_searches,
    )
    return (
        usage.estimated,
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.reasoning_tokens,
        None if rarer == _NOTHING_RARER else _usage_details(rarer),
    )


def _usage_details(counts: Sequence[int | None]) -> str:
    return json_text({name: count for name, count in zip(_RARER, counts, strict=True) if count is not None})


def cost_fields(cost: Cost) -> tuple[Field, ...]:
    """Return the eight columns of a cost, in the order of COST_COLUMNS."""
    return (
        cost.state,
        _money(cost.amount),
        _money(cost.input_amount),
        _money(cost.output_amount),
        cost.source,
        cost.price_id,
        cost.table,
        cost.currency,
    )


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _events(events: Sequence[Event]) -> str:
    return json_text([{"name": e.name, "time_ns": e.time_ns, "attributes": e.attributes} for e in events])


def _links(links: Sequence[Link]) -> str:
    return json_text([{"trace_id": k.trace_id, "span_id": k.span_id, "attributes": k.attributes} for k in links])
