"""How good the answers are: what was said of them, why they ended, and failures that nobody is told of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from spanglass.server.query.call_figures import sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.scores import Scores, scores
from spanglass.server.query.statement import statement
from spanglass.server.query.steps import asked_step, steps
from spanglass.server.store.protocol import Row, Store

_SECOND: Final = 1_000_000_000
_MOST_MODELS: Final = 50
_MOST_REASONS: Final = 30
_MOST_SAMPLES: Final = 10
_MOST_ROWS: Final = 20_000
_ORDER: Final = "ORDER BY all_attempts DESC\nLIMIT $most"
_DIMENSIONS: Final = ("provider", "request_model", "response_model", "finish_reasons", "error_type", "status")
_KEYS: Final = {
    "step": "sg_time_step(start_ns, $step_ns)",
    "its_provider": "provider",
    "its_model": "coalesce(request_model, response_model)",
    "its_reasons": "finish_reasons",
    "its_error": "CASE WHEN status = 'error' THEN error_type END",
}
_CUT: Final = frozenset(
    {
        *("length", "max_tokens", "max_output_tokens", "model_length", "token_limit", "incomplete"),
        *("model_context_window_exceeded", "context_length_exceeded"),
    }
)
_FILTERED: Final = frozenset(
    {
        *("content_filter", "content_filtered", "safety", "refusal", "recitation", "blocklist", "prohibited_content"),
        *("spii", "image_safety", "image_prohibited_content", "image_recitation", "guardrail_intervened", "language"),
    }
)
_ENDED: Final = frozenset(
    {"stop", "end_turn", "stop_sequence", "eos", "complete", "tool_calls", "tool_use", "tool_call", "function_call"}
)
_RATE_LIMITED: Final = re.compile(
    r"429|rate.?limit|too.?many.?requests|throttl|resource.?exhausted|quota", re.IGNORECASE
)
_reasons = msgspec.json.Decoder(list[str]).decode
_Model: TypeAlias = tuple[str | None, str | None]


class QualityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of some model calls.

    Attributes:
        attempts: HTTP attempts (spans).
        calls: Attempts less retries.
        retries: Attempts that repeat a failed one.
        errors: Calls that failed for good: failed attempts less retries, never below 0.
        rate_limited: Attempts refused because of too many requests or a used up quota, retried or not.
        incomplete: Answers that ended before their terminal event.
        cut: Answers that ended at a limit of tokens.
        filtered: Answers withheld or ended by a filter, or refused.
        empty: Answers of no tokens told to be a success, embeddings and the like aside; only of calls whose spans are
            still stored.
        unpriced: Attempts whose cost is not known for want of a price.
    """

    attempts: int
    calls: int
    retries: int
    errors: int
    rate_limited: int
    incomplete: int
    cut: int
    filtered: int
    empty: int
    unpriced: int


class QualityBucket(msgspec.Struct, frozen=True, kw_only=True):
    """One step of time; `start` in Unix seconds. Empty steps are present."""

    start: float
    figures: QualityFigures


class QualityModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model, by provider and the model asked for (else the one that answered)."""

    provider: str | None
    model: str | None
    figures: QualityFigures


class FinishReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why answers ended.

    Attributes:
        reason: In the provider's word.
        meaning: ended, cut (at a limit of tokens), filtered, or other.
        count: Answers that say so; one with several choices may say several.
        share: Of the answers that say why they ended, 0 to 1.
    """

    reason: str
    meaning: str
    count: int
    share: float


class EmptySample(msgspec.Struct, frozen=True, kw_only=True):
    """A trace in which an answer was empty and told to be a success; `time` of the call, Unix seconds."""

    trace_id: str
    provider: str | None
    model: str | None
    time: float


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        step: Seconds a bucket.
        left_out: Attempts that no figure here counts but `empty`: those of the rarest steps, models, reasons and errors
            where there are more than 20,000 together. 0 nearly always; a longer step or a filter helps.
        totals: Of the whole range.
        buckets: Over time, in order; they start at multiples of the step.
        models: Most attempts first, at most 50.
        reasons: Why answers ended, most frequent first, at most 30.
        empty: The latest empty answers, at most 10.
        scores: What checks, reviewers and users said.
    """

    start: float
    end: float
    step: float
    left_out: int
    totals: QualityFigures
    buckets: tuple[QualityBucket, ...]
    models: tuple[QualityModel, ...]
    reasons: tuple[FinishReason, ...]
    empty: tuple[EmptySample, ...]
    scores: Scores


@dataclass(slots=True)
class _Sum:
    """Figures that are being added up."""

    attempts: int = 0
    retries: int = 0
    failed: int = 0
    rate_limited: int = 0
    incomplete: int = 0
    cut: int = 0
    filtered: int = 0
    empty: int = 0
    unpriced: int = 0

    def add(self, row: Row) -> None:
        attempts = count(row["all_attempts"])
        meanings = {meaning(reason) for reason in _said(row)}
        self.attempts += attempts
        self.retries += count(row["all_retries"])
        self.failed += count(row["all_failed"])
        self.incomplete += count(row["all_cut_short"])
        self.unpriced += count(row["all_unpriced"])
        self.rate_limited += attempts if is_rate_limit(text(row["its_error"])) else 0
        self.cut += attempts if "cut" in meanings else 0
        self.filtered += attempts if "filtered" in meanings else 0

    def figures(self) -> QualityFigures:
        return QualityFigures(
            attempts=self.attempts,
            calls=self.attempts - self.retries,
            retries=self.retries,
            errors=max(0, self.failed - self.retries),
            rate_limited=self.rate_limited,
            incomplete=self.incomplete,
            cut=self.cut,
            filtered=self.filtered,
            empty=self.empty,
            unpriced=self.unpriced,
        )


def meaning(reason: str) -> str:
    """Return what a finish reason means, whoever's word it is: ended, cut, filtered or other."""
    word = reason.lower()
    for name, words in (("ended", _ENDED), ("cut", _CUT), ("filtered", _FILTERED)):
        if word in words:
            return name
    return "other"


def is_rate_limit(error_type: str | None) -> bool:
    """Tell whether an error says that there were too many requests, or that a quota is used up."""
    return error_type is not None and _RATE_LIMITED.search(error_type) is not None


def quality(store: Store, *, start_ns: int, end_ns: int, step_ns: int | None = None, filters: Filters = ANY) -> Quality:
    """Return how good the answers of model calls that start in a range are.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        step_ns: Width of a bucket; by default one that gives at most 61 buckets.
        filters: Each holds of the call's own span; of a score as `scores` says.

    Raises:
        QueryError: The range is empty, it has more than 500 steps, a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    step = asked_step(start_ns, end_ns, step_ns)
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, dimensions=_DIMENSIONS, filters=filters, step_ns=step)
    rows = sums(store, calls, _KEYS, order=_ORDER, more={"step_ns": step, "most": _MOST_ROWS})
    conditions = Conditions(filters)
    empty = store.select(
        statement("quality_empty", filters=conditions.each_span()),
        {**conditions.parameters, "start_ns": start_ns, "end_ns": end_ns, "step_ns": step},
    )
    by_step, by_model, totals = _added(rows, empty)
    ranked = sorted(by_model.items(), key=lambda item: (-item[1].attempts, item[0][0] or "", item[0][1] or ""))
    return Quality(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        step=step / _SECOND,
        left_out=0 if len(rows) < _MOST_ROWS else count(sums(store, calls, {})[0]["all_attempts"]) - totals.attempts,
        totals=totals.figures(),
        buckets=tuple(
            QualityBucket(start=index * step / _SECOND, figures=by_step.get(index, _Sum()).figures())
            for index in steps(start_ns, end_ns, step)
        ),
        models=tuple(
            QualityModel(provider=provider, model=model, figures=one.figures())
            for (provider, model), one in ranked[:_MOST_MODELS]
        ),
        reasons=_finish_reasons(rows),
        empty=_samples(empty),
        scores=scores(store, start_ns=start_ns, end_ns=end_ns, step_ns=step, filters=filters),
    )


def _added(rows: Iterable[Row], empty: Iterable[Row]) -> tuple[Mapping[int, _Sum], Mapping[_Model, _Sum], _Sum]:
    by_step: dict[int, _Sum] = {}
    by_model: dict[_Model, _Sum] = {}
    totals = _Sum()
    for row in rows:
        model = (text(row["its_provider"]), text(row["its_model"]))
        into = (by_step.setdefault(count(row["step"]), _Sum()), by_model.setdefault(model, _Sum()), totals)
        for one in into:
            one.add(row)
    for row in empty:
        model = (text(row["provider"]), text(row["model"]))
        into = (by_step.setdefault(count(row["step"]), _Sum()), by_model.setdefault(model, _Sum()), totals)
        for one in into:
            one.empty += count(row["empty"])
    return by_step, by_model, totals


def _said(row: Row) -> frozenset[str]:
    """Return why an answer ended, each reason once."""
    said = row["its_reasons"]
    return frozenset(_reasons(said)) if isinstance(said, str) else frozenset()


def _finish_reasons(rows: Sequence[Row]) -> tuple[FinishReason, ...]:
    counted: Counter[str] = Counter()
    answers = 0
    for row in rows:
        attempts, said = count(row["all_attempts"]), _said(row)
        answers += attempts if said else 0
        for reason in said:
            counted[reason] += attempts
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        FinishReason(reason=reason, meaning=meaning(reason), count=said, share=said / answers)
        for reason, said in ranked[:_MOST_REASONS]
    )


def _samples(rows: Sequence[Row]) -> tuple[EmptySample, ...]:
    latest = sorted(rows, key=lambda row: -count(row["last_ns"]))[:_MOST_SAMPLES]
    return tuple(
        EmptySample(
            trace_id=str(row["latest_trace"]),
            provider=text(row["provider"]),
            model=text(row["model"]),
            time=count(row["last_ns"]) / _SECOND,
        )
        for row in latest
    )
