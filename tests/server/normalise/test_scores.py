"""Scores are read wherever they come: events of spans, log records, OpenInference's lists; what is none is left."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from msgspec.structs import asdict, replace

import exports
from exports import export, pair, span_message
from records import T0, call, log, resource, span, span_id, trace_id
from spanglass.semconv import attributes as attr
from spanglass.server.normalise.scores import EVENT, read_scores
from spanglass.server.pipeline import prepare
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Attributes, Event, LogRecord, Score, Signal, StoredSpan

JUDGED: Attributes = {attr.EVALUATION_NAME: "relevance", attr.EVALUATION_SCORE: 0.5}


def judged(attributes: Attributes) -> list[dict[str, Any]]:
    """Return the scores of an event with these attributes, as far as they say something."""
    one = span(events=(Event(EVENT, T0 + 1, attributes),))
    return [
        {name: said for name, said in asdict(score).items() if said is not None and name != "resource"}
        for score in read_scores([one], [])
    ]


def said(attributes: Attributes, event_name: str | None = EVENT) -> LogRecord:
    record: LogRecord = replace(
        log(), event_name=event_name, attributes=attributes, trace_id=trace_id(1), span_id=span_id(2)
    )
    return record


def test_an_event_of_a_span_judges_the_span() -> None:
    """All that the conventions name is kept, with the span and its response."""
    made = call()
    assert made.facts.call is not None
    facts = replace(made.facts, call=replace(made.facts.call, response_id="r-1"))
    event = Event(
        EVENT,
        T0 + 5,
        {
            **JUDGED,
            attr.EVALUATION_LABEL: "partly",
            attr.EVALUATION_EXPLANATION: "It names one of two.",
            attr.FEEDBACK_SOURCE: "user",
        },
    )
    one = StoredSpan(replace(made.span, events=(Event("other", T0, {}), event)), facts)

    assert read_scores([one], []) == [
        Score(
            *(T0 + 5, trace_id(1), span_id(1), "r-1", "relevance", 0.5, "partly", "It names one of two.", "user"),
            resource(),
        )
    ]


def test_a_log_record_judges_the_span_that_it_is_within() -> None:
    """The name is in the record's field or, before there was one, in an attribute; a response id says which answer."""
    records = [
        said({**JUDGED, attr.RESPONSE_ID: "r-2"}),
        said({**JUDGED, "event.name": EVENT}, None),
        said(JUDGED, "another.event"),
        said(JUDGED, None),
    ]

    assert [(one.trace_id, one.span_id, one.response_id, one.name, one.value) for one in read_scores([], records)] == [
        (trace_id(1), span_id(2), "r-2", "relevance", 0.5),
        (trace_id(1), span_id(2), None, "relevance", 0.5),
    ]


@pytest.mark.parametrize(
    ("sent", "value", "label"),
    [
        (1, 1.0, None),
        ("0.25", 0.25, None),
        (True, 1.0, "true"),
        (False, 0.0, "false"),
        (-3, -3.0, None),
        (None, None, "good"),
        (float("nan"), None, "good"),
        ("many", None, "good"),
        ((1, 2), None, "good"),
    ],
)
def test_a_score_is_a_number_or_a_word(sent: Any, value: float | None, label: str | None) -> None:  # noqa: ANN401 - any value
    """Numbers may come as text and flags as such; what is no number leaves the word."""
    word = {attr.EVALUATION_LABEL: label} if label == "good" else {}
    (found,) = judged({attr.EVALUATION_NAME: "x", attr.EVALUATION_SCORE: sent, **word})

    assert (found.get("value"), found.get("label")) == (value, label)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {attr.EVALUATION_NAME: "relevance"},
        {attr.EVALUATION_SCORE: 1},
        {attr.EVALUATION_NAME: "", attr.EVALUATION_SCORE: 1},
        {attr.EVALUATION_NAME: "x", attr.EVALUATION_SCORE: float("inf"), attr.EVALUATION_LABEL: ""},
        {attr.EVALUATION_NAME: "x", "error.type": "timeout"},
    ],
)
def test_what_judges_nothing_is_no_score(attributes: Attributes) -> None:
    """Without a name, or with neither number nor word (a check that failed), there is no score."""
    assert judged(attributes) == []


def test_long_words_are_cut() -> None:
    """What a stranger sends takes no more room than a name and an explanation need; an unknown source is none."""
    (found,) = judged({
        **JUDGED,
        attr.EVALUATION_NAME: "n" * 9000,
        attr.EVALUATION_LABEL: "l" * 9000,
        attr.EVALUATION_EXPLANATION: "e" * 9000,
        attr.FEEDBACK_SOURCE: "the moon",
    })  # fmt: skip

    assert (len(found["name"]), len(found["label"]), len(found["explanation"])) == (200, 200, 2000)
    assert "source" not in found


def test_openinference_judges_in_lists() -> None:
    """Evaluations and annotations of a span, and of its trace, are flattened by number; who judged says the source."""
    sent: Attributes = {
        "openinference.span.kind": "LLM",
        "evaluations.0.evaluation.name": "toxicity",
        "evaluations.0.evaluation.score": 0.1,
        "evaluations.0.evaluation.label": "fine",
        "evaluations.0.evaluation.annotator_kind": "LLM",
        "evaluations.1.evaluation.name": "length",
        "evaluations.1.evaluation.score": 1,
        "evaluations.1.evaluation.annotator_kind": "CODE",
        "trace.annotations.0.annotation.name": "solved",
        "trace.annotations.0.annotation.label": "yes",
        "trace.annotations.0.annotation.annotator_kind": "HUMAN",
    }
    found = read_scores([span(attributes=sent)], [])

    assert [(one.span_id, one.name, one.value, one.label, one.source) for one in found] == snapshot(
        [
            ("0000000000000001", "toxicity", 0.1, "fine", "check"),
            ("0000000000000001", "length", 1.0, None, "check"),
            (None, "solved", None, "yes", "reviewer"),
        ]
    )
    assert {one.trace_id for one in found} == {trace_id(1)}


def test_an_export_brings_its_scores() -> None:
    """What is received as spans or as logs is prepared with its scores; the span keeps its event."""
    judging = span_message(1)
    judging.events.add(
        name=EVENT, time_unix_nano=T0, attributes=[pair(attr.EVALUATION_NAME, "x"), pair(attr.EVALUATION_SCORE, 1)]
    )
    body = export([judging]).SerializeToString()
    batch = prepare(Decoder(Limits()).decode(Signal.TRACES, body, received_ns=T0))

    assert [(one.name, one.value, one.span_id, one.resource.service) for one in batch.scores] == [
        ("x", 1.0, span_id(1), "shop")
    ]
    assert len(batch.spans[0].span.events) == 1


_values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=2))
_names = st.sampled_from([
    *(attr.EVALUATION_NAME, attr.EVALUATION_SCORE, attr.EVALUATION_LABEL, attr.EVALUATION_EXPLANATION),
    *(attr.FEEDBACK_SOURCE, attr.RESPONSE_ID, "evaluations.0.evaluation.name", "evaluations.0.evaluation.score"),
    *("evaluations.0.evaluation", "evaluations.x.evaluation.name", "openinference.span.kind"),
])  # fmt: skip


@given(st.dictionaries(_names, _values))
def test_any_value_is_borne(attributes: dict[str, Any]) -> None:
    """Whatever comes under the names of a score, nothing is raised and what is kept is bounded and finite."""
    one = span(attributes=attributes, events=(Event(EVENT, T0, attributes),))
    for score in read_scores([one], [said(attributes)]):
        assert 0 < len(score.name) <= 200
        assert score.value is not None or score.label is not None


@given(exports.logs)
def test_any_received_log_is_survived(message: Any) -> None:  # noqa: ANN401 - a protobuf message
    """Log records of any shape are prepared."""
    body = message.SerializeToString()
    received = Decoder(Limits()).decode(Signal.LOGS, body, received_ns=T0)

    assert len(prepare(received).logs) == len(received.logs)
