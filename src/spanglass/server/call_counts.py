"""What the calls in stored spans come to since the start, by service, model and feature, counted as they are kept."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from spanglass.call import Cost, CostState, Usage
from spanglass.semconv.metrics import DURATION, FIRST_TOKEN
from spanglass.server.record import Call, Status, StoredSpan

MOST_SERIES: Final = 200
"""A series has some 50 lines in an exposition; `OTHER` stands for the calls beyond."""
_MOST_ERROR_TYPES: Final = 8
_LONGEST: Final = 200
"""Characters of a label; who sends a longer one is among the others."""
_IDLE_S: Final = 3600.0
"""A series that had no call for so long makes room for another."""
_SWEEP_S: Final = 60.0
OTHER: Final = "other"
_COMPUTED: Final = CostState.COMPUTED
_NOTHING: Final = Decimal(0)
_TOO_MUCH: Final = Decimal(10**20)
_NS: Final = 1_000_000_000
_DURATION_NS: Final = [round(bound * _NS) for bound in DURATION]
_FIRST_TOKEN_NS: Final = [round(bound * _NS) for bound in FIRST_TOKEN]
_Key = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


class Labels(NamedTuple):
    """What calls are counted by; None where it is not known."""

    service: str | None
    environment: str | None
    operation: str | None
    provider: str | None
    model: str | None
    feature: str | None


_OTHERS: Final = Labels(OTHER, OTHER, OTHER, OTHER, OTHER, OTHER)


class Series:
    """The counts of one set of labels.

    Attributes:
        attempts: Spans.
        retries: Those that repeat a failed one.
        failed: Those that failed, by error type; None where it is not known.
        errors: Calls that failed for good.
        duration: Attempts by duration, in the buckets of the metric table.
        duration_ns: Nanoseconds they took together.
        first_token: Streams by time to first content, likewise.
        first_token_ns: Nanoseconds they waited together.
        input_tokens: Inclusive total, as the others a sum of what is known.
        output_tokens: Inclusive total.
        cache_read_tokens: Part of the input.
        cache_write_tokens: Part of the input.
        reasoning_tokens: Part of the output.
        cost: USD by state.
        unpriced: Calls without an amount.
        seen: When the last was counted, monotonic seconds.
    """

    __slots__ = (
        *("attempts", "retries", "failed", "errors", "duration", "duration_ns", "first_token", "first_token_ns"),
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
        *("cost", "unpriced", "seen"),
    )

    def __init__(self) -> None:
        self.attempts = 0
        self.retries = 0
        self.failed: dict[str | None, int] = {}
        self.errors = 0
        self.duration = [0] * (len(DURATION) + 1)
        self.duration_ns = 0
        self.first_token = [0] * (len(FIRST_TOKEN) + 1)
        self.first_token_ns = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cache_read_tokens = 0
        self.cache_write_tokens = 0
        self.reasoning_tokens = 0
        self.cost: dict[str, Decimal] = {}
        self.unpriced = 0
        self.seen = 0.0

    def copy(self) -> Series:
        """Return the counts as they are now.

        A retry takes the failure before it back, and the two may arrive apart; `errors` never falls, as counters must
        not: it waits until further failures make up for what was counted too soon.
        """
        self.errors = max(self.errors, sum(self.failed.values()) - self.retries)
        made = Series()
        for name in Series.__slots__:
            value = getattr(self, name)
            setattr(made, name, value.copy() if isinstance(value, list | dict) else value)
        return made


class CallCounts:
    """Counts calls; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin at nothing.

        Args:
            clock: Monotonic seconds.
        """
        self._lock = threading.Lock()
        self._clock = clock
        self._by_key: dict[_Key, Series] = {}
        self._series: dict[Labels, Series] = {}
        self._swept = -_SWEEP_S

    def count(self, spans: Iterable[StoredSpan]) -> None:
        """Count the calls among spans that were committed: 1 us a call, next to nothing for other spans."""
        with self._lock:
            now = self._clock()
            by_key, failed = self._by_key, Status.ERROR
            for stored in spans:
                facts = stored.facts
                call = facts.call
                if call is None:
                    continue
                span = stored.span
                sender = span.resource
                key = (
                    sender.service,
                    sender.environment,
                    call.operation,
                    call.provider,
                    call.request_model or call.response_model,
                    facts.feature,
                )
                series = by_key.get(key) or self._found(key, now)
                series.seen = now
                series.attempts += 1
                took = span.end_ns - span.start_ns
                series.duration[bisect_left(_DURATION_NS, took)] += 1
                series.duration_ns += took
                if span.status is failed:
                    _add_failure(series, facts.error_type)
                _add_call(series, call, stored.cost)

    def taken(self) -> list[tuple[Labels, Series]]:
        """Return all series as they are now, sorted."""
        with self._lock:
            copies = [(labels, series.copy()) for labels, series in self._series.items()]
        return sorted(copies, key=lambda found: tuple(part or "" for part in found[0]))

    def _found(self, key: _Key, now: float) -> Series:
        """Return the series of a key that was not met before, or not for long."""
        if any(part is not None and len(part) > _LONGEST for part in key):
            return self._of(_OTHERS)
        labels = Labels(*map(_as_label, key))
        if labels not in self._series and len(self._series) >= MOST_SERIES and not self._make_room(now):
            return self._of(_OTHERS)
        found = self._by_key[key] = self._of(labels)
        return found

    def _of(self, labels: Labels) -> Series:
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = Series()
        return found

    def _make_room(self, now: float) -> bool:
        """Forget series that are idle, looked for once a minute at most, and tell whether there is room."""
        if now - self._swept >= _SWEEP_S:
            self._swept = now
            kept = {id(series) for series in self._series.values() if now - series.seen < _IDLE_S}
            self._series = {labels: series for labels, series in self._series.items() if id(series) in kept}
            self._by_key = {key: series for key, series in self._by_key.items() if id(series) in kept}
        return len(self._series) < MOST_SERIES


def _as_label(part: str | None) -> str | None:
    """Return a label's value as Prometheus has it: an empty one is none, and a lone surrogate is no text to anybody."""
    return part.encode("utf-8", "replace").decode() if part else None


def _add_failure(series: Series, error_type: str | None) -> None:
    known = series.failed
    if error_type not in known:
        error_type = _as_label(error_type)
        if len(error_type or "") > _LONGEST or (error_type not in known and len(known) >= _MOST_ERROR_TYPES):
            error_type = OTHER
    known[error_type] = known.get(error_type, 0) + 1


def _add_call(series: Series, call: Call, cost: Cost | None) -> None:
    if call.resend_count:
        series.retries += 1
    if call.first_token_ns is not None:
        series.first_token[bisect_left(_FIRST_TOKEN_NS, call.first_token_ns)] += 1
        series.first_token_ns += call.first_token_ns
    if call.usage is not None:
        _add_usage(series, call.usage)
    if cost is not None:
        amount = cost.amount
        # What a producer claims may be anything; a store calls such an amount unpriced, too.
        if amount is not None and amount.is_finite() and _NOTHING <= amount < _TOO_MUCH:
            state = "computed" if cost.state is _COMPUTED else str(cost.state)  # hashing a member takes 0.15 us
            series.cost[state] = series.cost.get(state, _NOTHING) + amount
        else:
            series.unpriced += 1


def _add_usage(series: Series, usage: Usage) -> None:
    # None and 0 add nothing, and what claims to be below 0 must not make a counter fall.
    if (tokens := usage.input_tokens) and tokens > 0:
        series.input_tokens += tokens
    if (tokens := usage.output_tokens) and tokens > 0:
        series.output_tokens += tokens
    if (tokens := usage.cache_read_tokens) and tokens > 0:
        series.cache_read_tokens += tokens
    if (tokens := usage.cache_write_tokens) and tokens > 0:
        series.cache_write_tokens += tokens
    if (tokens := usage.reasoning_tokens) and tokens > 0:
        series.reasoning_tokens += tokens
