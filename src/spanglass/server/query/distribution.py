"""Distributions of values, as the buckets of OTLP histograms say them: added, subtracted, and their quantiles.

Quantiles are interpolated as Prometheus does (`histogram_quantile`): linearly within an explicit bucket, and along the
exponent within an exponential one. The extremes, where they were sent, bound the answer and the open buckets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import add
from typing import Final, NamedTuple

import msgspec

_MOST_EXPONENT: Final = 1024.0
_NOTHING: Final[Mapping[int, int]] = {}


class _Side(msgspec.Struct):
    """One sign of an exponential histogram, as it is stored."""

    offset: int = 0
    counts: list[int] = msgspec.field(name="bucketCounts", default_factory=list)


class Quantile(msgspec.Struct, frozen=True):
    """One quantile of a summary, as it is stored."""

    quantile: float | None = None
    value: float | None = None


class Details(msgspec.Struct):
    """What of a stored point's details tells its distribution."""

    counts: tuple[int, ...] | None = msgspec.field(name="bucketCounts", default=None)
    bounds: tuple[float | None, ...] = msgspec.field(name="explicitBounds", default=())
    scale: int | None = None
    zero: int = msgspec.field(name="zeroCount", default=0)
    threshold: float | None = msgspec.field(name="zeroThreshold", default=None)
    positive: _Side = msgspec.field(default_factory=_Side)
    negative: _Side = msgspec.field(default_factory=_Side)
    low: float | None = msgspec.field(name="min", default=None)
    high: float | None = msgspec.field(name="max", default=None)
    quantiles: list[Quantile] = msgspec.field(name="quantileValues", default_factory=list)


class Exponential(NamedTuple):
    """Counts by exponent: the bucket at `index` holds what is above 2^(index/2^scale) and up to the next bound."""

    scale: int
    zero: int
    threshold: float
    positive: Mapping[int, int]
    negative: Mapping[int, int]


class Distribution(NamedTuple):
    """How often which values were measured.

    Attributes:
        bounds: Upper bounds, rising; the last bucket of `counts` is open. Empty for exponential buckets.
        counts: One more than the bounds. Empty for exponential buckets.
        exponential: The buckets by exponent; None for explicit ones.
        low: No value is below it; None where not said.
        high: No value is above it; None where not said.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    exponential: Exponential | None
    low: float | None
    high: float | None

    @property
    def total(self) -> int:
        """How many values."""
        one = self.exponential
        if one is None:
            return sum(self.counts)
        return one.zero + sum(one.positive.values()) + sum(one.negative.values())

    def plus(self, other: Distribution) -> Distribution:
        """Return both together, of one kind of buckets; where their bounds differ, by the bounds that both have."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return _joined(self, other, 1, (low, high))

    def minus(self, earlier: Distribution) -> Distribution:
        """Return what came after an earlier state of the same series; never below 0. The extremes still bound it."""
        return _joined(self, earlier, -1, (self.low, self.high))

    def quantile(self, share: float) -> float | None:
        """Return the value that a share of the values does not exceed; None where that is unknown.

        Args:
            share: 0 to 1.
        """
        buckets = list(_explicit(self) if self.exponential is None else _exponential(self.exponential))
        total = sum(count for *_, count in buckets)
        if not total or not (self.bounds or self.exponential):
            return None
        rank, before = share * total, 0
        for lower, upper, count in buckets:
            if count and before + count >= rank:
                found = self._within(lower, upper, (rank - before) / count)
                return found if math.isfinite(found) else None
            before += count
        return None

    def _within(self, lower: float, upper: float, part: float) -> float:
        if math.isinf(upper):
            upper = lower if self.high is None else max(lower, self.high)
        if math.isinf(lower):  # Prometheus: the lowest bucket begins at 0, or is its bound where that is below 0
            lower = min(0.0, upper) if self.low is None else min(self.low, upper)
        if self.exponential is not None and lower * upper > 0:
            found = math.copysign(abs(lower) * (abs(upper) / abs(lower)) ** part, lower)
        else:
            found = lower + (upper - lower) * part
        found = found if self.low is None else max(found, self.low)
        return found if self.high is None else min(found, self.high)


def distribution(details: Details, *, exponential: bool) -> Distribution | None:
    """Return the distribution that a point tells, or None where it tells none of that form that can be read."""
    if exponential:
        return None if details.scale is None else _exponential_of(details, details.scale)
    bounds = _rising(details.bounds)
    if bounds is None or details.counts is None or len(details.counts) != len(bounds) + 1:
        return None
    return Distribution(bounds, details.counts, None, details.low, details.high)


def _exponential_of(details: Details, scale: int) -> Distribution:
    buckets = Exponential(
        scale, details.zero, details.threshold or 0.0, _by_index(details.positive), _by_index(details.negative)
    )
    return Distribution((), (), buckets, details.low, details.high)


@lru_cache(maxsize=64)
def _rising(bounds: tuple[float | None, ...]) -> tuple[float, ...] | None:
    """Return bounds that rise, or None where they do not."""
    known = tuple(bound for bound in bounds if bound is not None)
    return known if len(known) == len(bounds) and all(lower < upper for lower, upper in pairwise(known)) else None


def _by_index(side: _Side) -> Mapping[int, int]:
    return {side.offset + place: count for place, count in enumerate(side.counts) if count}


def _joined(
    one: Distribution, other: Distribution, sign: int, extremes: tuple[float | None, float | None]
) -> Distribution:
    if one.exponential is not None and other.exponential is not None:
        return Distribution((), (), _added(one.exponential, other.exponential, sign), *extremes)
    if one.bounds != other.bounds:
        common = tuple(sorted(set(one.bounds) & set(other.bounds)))
        one, other = _coarser(one, common), _coarser(other, common)
    if sign > 0:
        return Distribution(one.bounds, tuple(map(add, one.counts, other.counts)), None, *extremes)
    counts = tuple(max(0, mine - yours) for mine, yours in zip(one.counts, other.counts, strict=True))
    return Distribution(one.bounds, counts, None, *extremes)


def _coarser(one: Distribution, bounds: Sequence[float]) -> Distribution:
    counts = [0] * (len(bounds) + 1)
    place = 0
    for bound, count in zip((*one.bounds, math.inf), one.counts, strict=True):
        while place < len(bounds) and bounds[place] < bound:
            place += 1
        counts[place] += count
    return one._replace(bounds=tuple(bounds), counts=tuple(counts))


def _added(one: Exponential, other: Exponential, sign: int) -> Exponential:
    scale = min(one.scale, other.scale)
    return Exponential(
        scale,
        max(0, one.zero + sign * other.zero),
        max(one.threshold, other.threshold),
        _counts(one.positive, one.scale - scale, other.positive, other.scale - scale, sign),
        _counts(one.negative, one.scale - scale, other.negative, other.scale - scale, sign),
    )


def _counts(
    mine: Mapping[int, int], my_shift: int, yours: Mapping[int, int], your_shift: int, sign: int
) -> Mapping[int, int]:
    """Return counts by index at a common scale: each step of scale joins two neighbours."""
    if not mine and (not yours or sign < 0):
        return _NOTHING
    sums: dict[int, int] = {}
    for counts, shift, factor in ((mine, my_shift, 1), (yours, your_shift, sign)):
        for index, count in counts.items():
            sums[index >> shift] = sums.get(index >> shift, 0) + factor * count
    return {index: count for index, count in sums.items() if count > 0}


def _explicit(one: Distribution) -> Iterator[tuple[float, float, int]]:
    yield from zip((-math.inf, *one.bounds), (*one.bounds, math.inf), one.counts, strict=True)


def _exponential(one: Exponential) -> Iterator[tuple[float, float, int]]:
    for index in sorted(one.negative, reverse=True):
        yield -_bound(index + 1, one.scale), -_bound(index, one.scale), one.negative[index]
    if one.zero:
        lower = -one.threshold if one.negative else 0.0
        yield lower, one.threshold if one.positive else 0.0, one.zero
    for index in sorted(one.positive):
        yield _bound(index, one.scale), _bound(index + 1, one.scale), one.positive[index]


def _bound(index: int, scale: int) -> float:
    try:
        exponent = math.ldexp(index, -scale)
    except OverflowError:
        exponent = math.copysign(math.inf, index)
    return math.inf if exponent >= _MOST_EXPONENT else 2.0**exponent
