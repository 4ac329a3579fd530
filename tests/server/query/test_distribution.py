"""Distributions against a slow reference: the values themselves."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics._internal.exponential_histogram.mapping.logarithm_mapping import LogarithmMapping

from spanglass.server.query.distribution import Details, Distribution, distribution

numbers = st.floats(0.001, 1000)
bounds = st.lists(st.sampled_from([0.01, 0.1, 1.0, 5.0, 10.0, 50.0, 100.0, 500.0]), min_size=1, unique=True).map(sorted)
shares = st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0])


def explicit(values: Sequence[float], limits: Sequence[float], *, extremes: bool = True) -> Distribution:
    """Return the distribution of values as an explicit histogram sends it."""
    counts = [0] * (len(limits) + 1)
    for value in values:
        counts[bisect_left(limits, value)] += 1
    sent: dict[str, object] = {"bucketCounts": counts, "explicitBounds": list(limits)}
    if values and extremes:
        sent |= {"min": min(values), "max": max(values)}
    return read(sent)


def exponential(values: Sequence[float], scale: int, *, sign: int = 1) -> Distribution:
    """Return the distribution of values as an exponential histogram sends it, by the SDK's own mapping."""
    mapping = LogarithmMapping(scale)
    indexes = [mapping.map_to_index(value) for value in values]
    low = min(indexes, default=0)
    counts = [indexes.count(low + place) for place in range(max(indexes, default=low) - low + 1)] if indexes else []
    side = "positive" if sign > 0 else "negative"
    return read({"scale": scale, "zeroCount": 0, side: {"offset": low, "bucketCounts": counts}})


def read(sent: dict[str, object]) -> Distribution:
    """Return what is stored as a distribution."""
    found = distribution(msgspec.json.decode(msgspec.json.encode(sent), type=Details), exponential="scale" in sent)
    assert found is not None
    return found


def true_quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that a share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@given(st.lists(numbers, min_size=1, max_size=50), bounds, shares)
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values: list[float], limits: list[float], share: float) -> None:
    """Interpolation never leaves the bucket in which the value lies, nor what is known of the extremes."""
    found = explicit(values, limits).quantile(share)
    true = true_quantile(values, share)
    edges = [0.0, *limits, math.inf]
    place = bisect_left(limits, true)

    assert found is not None
    assert max(edges[place], min(values)) <= found <= min(edges[place + 1], max(values))


@given(st.lists(numbers, min_size=1, max_size=50), st.integers(1, 8), shares)
def test_an_exponential_quantile_is_as_true_as_its_scale(values: list[float], scale: int, share: float) -> None:
    """The relative error is at most that of one bucket, on both sides of 0."""
    true, width = true_quantile(values, share), 2 ** (2**-scale)
    found = exponential(values, scale).quantile(share)

    assert found is not None
    assert true / width * (1 - 1e-9) <= found <= true * width * (1 + 1e-9)
    mirrored = exponential(values, scale, sign=-1).quantile(1 - share)
    assert mirrored is not None
    assert mirrored < 0


@given(st.lists(numbers, max_size=30), st.lists(numbers, max_size=30), bounds, bounds)
def test_joined_is_as_if_measured_together(
    mine: list[float], yours: list[float], my_bounds: list[float], your_bounds: list[float]
) -> None:
    """Two histograms join to the one of all their values, by the bounds that both have; and part again."""
    common = [bound for bound in my_bounds if bound in your_bounds]
    joined = explicit(mine, my_bounds, extremes=False).plus(explicit(yours, your_bounds, extremes=False))
    together = explicit([*mine, *yours], common, extremes=False)

    assert (joined.bounds, joined.counts) == (together.bounds, together.counts)
    whole = explicit([*mine, *yours], my_bounds, extremes=False)
    assert whole.minus(explicit(yours, my_bounds, extremes=False)) == explicit(mine, my_bounds, extremes=False)


@given(st.lists(numbers, min_size=1, max_size=30), st.lists(numbers, max_size=30), st.integers(1, 6), st.integers(1, 6))
def test_scales_join_exactly(mine: list[float], yours: list[float], my_scale: int, your_scale: int) -> None:
    """Buckets of different scales join to those of the coarser one."""
    coarse = min(my_scale, your_scale)
    joined = exponential(mine, my_scale).plus(exponential(yours, your_scale))
    together = exponential([*mine, *yours], coarse)

    assert joined.exponential is not None
    assert together.exponential is not None
    assert joined.exponential.scale == coarse
    assert joined.exponential.positive == together.exponential.positive
    assert joined.total == len(mine) + len(yours)


@pytest.mark.parametrize(
    ("counts", "limits", "share", "quantile"),
    [
        ((0, 10, 0), (1.0, 2.0), 0.5, 1.5),
        ((10, 0, 0), (1.0, 2.0), 0.5, 0.5),
        ((10, 0, 0), (-1.0, 2.0), 0.5, -1.0),
        ((0, 0, 10), (1.0, 2.0), 0.5, 2.0),
        ((5, 5, 0), (1.0, 2.0), 0.5, 1.0),
        ((0, 0, 0), (1.0, 2.0), 0.5, None),
        ((4,), (), 0.5, None),
    ],
)
def test_quantiles_are_those_of_prometheus(
    counts: tuple[int, ...], limits: tuple[float, ...], share: float, quantile: float | None
) -> None:
    """Linear within a bucket, from 0 in the first, the highest bound in the last; nothing of nothing."""
    assert Distribution(limits, counts, None, None, None).quantile(share) == quantile


def test_zeros_are_values() -> None:
    """The zero bucket lies between the signs."""
    sent = {"scale": 0, "zeroCount": 8, "zeroThreshold": 0.5, "positive": {"offset": 0, "bucketCounts": [1]}}

    assert read(sent).quantile(0.5) == pytest.approx(0.5 * 4.5 / 8)
    assert read({**sent, "positive": {}}).quantile(0.99) == 0.0


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"bucketCounts": [1, 2], "explicitBounds": []},
        {"bucketCounts": [1, 2, 3], "explicitBounds": [2.0, 1.0]},
        {"bucketCounts": [1, 2, 3], "explicitBounds": [2.0, None]},
    ],
)
def test_what_is_no_distribution_is_none(sent: dict[str, object]) -> None:
    """Counts that do not fit their bounds tell nothing."""
    details = msgspec.json.decode(msgspec.json.encode(sent), type=Details)

    assert distribution(details, exponential=False) is None
    assert distribution(details, exponential=True) is None


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), shares)
def test_no_scale_is_too_much(scale: int, offset: int, share: float) -> None:
    """Whatever a sender claims, a quantile is a finite number or unknown."""
    side = {"offset": offset, "bucketCounts": [1, 2]}
    one = read({"scale": scale, "zeroCount": 1, "positive": side, "negative": side})
    found = one.plus(read({"scale": 0, "positive": side})).quantile(share)

    assert found is None or math.isfinite(found)
