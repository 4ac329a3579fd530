"""Judgements of answers, from events of spans, from log records and from OpenInference's attributes; never raises."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents
from spanglass.server.normalise.flattened import unflatten
from spanglass.server.normalise.reading import as_text
from spanglass.server.record import Attributes, LogRecord, Resource, Score, StoredSpan, Value

EVENT: Final = "gen_ai.evaluation.result"
"""The conventions' event, on the span that is judged or as a log record within it."""
_EVENT_NAME: Final = "event.name"
"""Where log records had the name of their event before they had a field for it."""
_KIND: Final = "openinference.span.kind"
_JUDGED: Final = (
    ("evaluations.", "evaluation", True),
    ("annotations.", "annotation", True),
    ("trace.evaluations.", "evaluation", False),
    ("trace.annotations.", "annotation", False),
)
"""OpenInference's lists, what their names begin with inside, and whether the span itself is judged."""
_ANNOTATORS: Final = {"human": "reviewer", "llm": "check", "code": "check"}
_MOST: Final = 1000
"""Scores of one span in OpenInference's lists."""
_LONGEST_WORD: Final = 200
_LONGEST_TEXT: Final = 2000
_SOURCES: Final = frozenset({"user", "reviewer", "check"})


def read_scores(spans: Sequence[StoredSpan], logs: Sequence[LogRecord]) -> Sequence[Score]:
    """Return the scores that spans and log records of one export hold; nearly always none."""
    told = [record for record in logs if record.event_name == EVENT or record.attributes.get(_EVENT_NAME) == EVENT]
    found = [score for record in told for score in _of_log(record)]
    for one in spans:
        if one.span.events:
            found.extend(_of_events(one))
        if _KIND in one.span.attributes:
            found.extend(_of_openinference(one))
    return found


def _of_log(record: LogRecord) -> Iterator[Score]:
    yield from _scores(
        record.attributes,
        time_ns=record.time_ns,
        place=(record.trace_id, record.span_id),
        response_id=None,
        resource=record.resource,
    )


def _of_events(one: StoredSpan) -> Iterator[Score]:
    span, call = one.span, one.facts.call
    for event in span.events:
        if event.name == EVENT:
            yield from _scores(
                event.attributes,
                time_ns=event.time_ns,
                place=(span.trace_id, span.span_id),
                response_id=None if call is None else call.response_id,
                resource=span.resource,
            )


def _of_openinference(one: StoredSpan) -> Iterator[Score]:
    span = one.span
    for prefix, word, is_of_span in _JUDGED:
        if f"{prefix}0.{word}.name" not in span.attributes:
            continue
        for judged in unflatten(span.attributes, prefix)[:_MOST]:
            said = documents.dig(judged, word)
            who = as_text(documents.dig(said, "annotator_kind"))
            yield from _scores(
                {
                    attr.EVALUATION_NAME: documents.dig(said, "name"),
                    attr.EVALUATION_SCORE: documents.dig(said, "score"),
                    attr.EVALUATION_LABEL: documents.dig(said, "label"),
                    attr.EVALUATION_EXPLANATION: documents.dig(said, "explanation"),
                    attr.FEEDBACK_SOURCE: None if who is None else _ANNOTATORS.get(who.lower()),
                },
                time_ns=span.end_ns,
                place=(span.trace_id, span.span_id if is_of_span else None),
                response_id=one.facts.call.response_id if is_of_span and one.facts.call is not None else None,
                resource=span.resource,
            )


def _scores(
    said: Attributes,
    *,
    time_ns: int,
    place: tuple[str | None, str | None],
    response_id: str | None,
    resource: Resource,
) -> Iterator[Score]:
    """Yield the score that attributes tell of; none where they have no name, or neither a number nor a word."""
    get = said.get
    name = _text(get(attr.EVALUATION_NAME), _LONGEST_WORD)
    sent = get(attr.EVALUATION_SCORE)
    value, label = _number(sent), _text(get(attr.EVALUATION_LABEL), _LONGEST_WORD)
    if label is None and isinstance(sent, bool):
        label = "true" if sent else "false"
    if name is None or (value is None and label is None):
        return
    source = as_text(get(attr.FEEDBACK_SOURCE))
    yield Score(
        time_ns,
        *place,
        _text(get(attr.RESPONSE_ID), _LONGEST_WORD) or response_id,
        name,
        value,
        label,
        _text(get(attr.EVALUATION_EXPLANATION), _LONGEST_TEXT),
        source if source in _SOURCES else None,
        resource,
    )


def _text(value: Value, longest: int) -> str | None:
    text = as_text(value, 2 * longest)
    return None if text is None else text.strip()[:longest] or None


def _number(value: Value) -> float | None:
    """Return a finite number; a flag counts as 1 or 0."""
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
