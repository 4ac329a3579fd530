"""What questions on metrics answer, the same on every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import pytest

from records import SCOPE, SECOND, T0, batch, resource, trace_id
from spanglass.errors import NotFound, QueryError
from spanglass.server.query.filters import Filters
from spanglass.server.query.metric import Choice, Metric, metric
from spanglass.server.query.metrics import metrics
from spanglass.server.record import MetricPoint, Resource, Value
from spanglass.server.store.protocol import Store

STEP = 10 * SECOND
END = T0 + 60 * SECOND
_tags = count()


def counted(
    at: float,
    value: float | None,
    *,
    start: float | None = -5000.0,
    kind: str = "sum",
    temporality: str | None = "cumulative",
    monotonic: bool | None = True,
    labels: Mapping[str, Value] | None = None,
    sender: Resource | None = None,
    name: str = "requests",
    **more: Any,  # noqa: ANN401 - the record's own fields
) -> MetricPoint:
    """Return a point, by default of a cumulative counter that began long before the range."""
    return MetricPoint(
        name=name,
        unit="{request}",
        kind=kind,
        temporality=temporality,
        monotonic=monotonic if kind == "sum" else None,
        start_ns=None if start is None else T0 + round(start * SECOND),
        time_ns=T0 + round(at * SECOND),
        value=value,
        count=more.get("count"),
        total=more.get("total"),
        details=more.get("details", {}),
        attributes=labels or {},
        resource=sender or resource(),
        scope=SCOPE,
    )


def gauge(at: float, value: float | None, **more: Any) -> MetricPoint:  # noqa: ANN401 - the record's own fields
    """Return a point of a gauge."""
    return counted(at, value, kind="gauge", temporality=None, start=None, **more)


def measured(
    at: float,
    buckets: Sequence[int],
    total: float | None,
    *,
    temporality: str = "cumulative",
    **more: Any,  # noqa: ANN401
) -> MetricPoint:
    """Return a point of a histogram with the bounds 1, 2 and 4."""
    details: Mapping[str, Value] = {"bucketCounts": list(buckets), "explicitBounds": [1.0, 2.0, 4.0]}
    details = {**details, **more.pop("extremes", {})}
    return counted(
        at,
        None,
        kind="histogram",
        temporality=temporality,
        count=sum(buckets),
        total=total,
        details={**details, **more.pop("details", {})},
        **more,
    )


def keep(store: Store, *points: MetricPoint) -> None:
    """Write points."""
    store.write([batch(points=points, tag=str(next(_tags)))])


def asked(store: Store, show: str | None = None, *, name: str = "requests", **more: Any) -> Metric:  # noqa: ANN401
    """Ask for a metric over a minute, in steps of ten seconds."""
    choice = Choice(show=show, by=more.pop("by", None), label=more.pop("label", None), step_ns=STEP)
    return metric(store, name, start_ns=T0, end_ns=END, filters=Filters(**more), choice=choice)


def only(answer: Metric) -> tuple[float | int | None, ...]:
    """Return the values of the one line there must be."""
    (line,) = answer.lines
    return line.values


def test_a_cumulative_counter_grows_by_differences(store: Store) -> None:
    """Growth counts in the step of the later point, exactly; a step without points is unknown."""
    big = 2**60 + 1
    keep(store, counted(-5, big), counted(5, big + 3), counted(8, big + 5), counted(31, big + 12))

    increase = asked(store, "increase")

    assert only(increase) == (5, None, None, 7, None, None)
    assert all(isinstance(value, int | None) for value in only(increase))
    assert only(asked(store)) == (0.5, None, None, 0.7, None, None)
    assert (increase.kind, increase.temporality, increase.monotonic) == ("sum", ("cumulative",), True)
    assert increase.times == tuple(T0 / SECOND + at for at in range(0, 60, 10))


def test_what_a_counter_held_before_it_was_seen_is_not_growth(store: Store) -> None:
    """A first point counts where its stream began since shortly before the range, and not where that is unknown."""
    old, new, silent = ({"n": name} for name in ("old", "new", "silent"))
    keep(store, counted(5, 100, labels=old), counted(15, 101, labels=old))
    keep(store, counted(5, 7, start=1, labels=new), counted(15, 9, start=1, labels=new))
    keep(store, counted(5, 50, start=None, labels=silent), counted(15, 54, start=None, labels=silent))
    lines = {line.label: line.values[:2] for line in asked(store, "increase", by="n").lines}

    assert lines == {"old": (None, 1), "new": (7, 2), "silent": (None, 4)}
    assert only(asked(store, "increase"))[:2] == (7, 7)


def test_a_point_that_begins_its_own_stream_is_a_beginning(store: Store) -> None:
    """A start that equals the time says that the start is unknown: what is held then is no growth."""
    keep(store, counted(5, 90, start=5), counted(15, 94, start=5))

    assert only(asked(store, "increase")) == (None, 4, None, None, None, None)


def test_a_counter_that_starts_anew_counts_from_nothing(store: Store) -> None:
    """A new start, or a fall without one, is a restart, also within one step; nothing that was counted is lost."""
    told, untold = {"n": "told"}, {"n": "untold"}
    keep(
        store,
        counted(-1, 10, labels=told),
        counted(1, 12, labels=told),
        counted(3, 4, start=2, labels=told),
        counted(8, 20, start=2, labels=told),
        counted(9, 3, start=8.5, labels=told),
        *(counted(at, value, start=None, labels=untold) for at, value in ((-1, 10), (1, 12), (3, 4), (8, 20), (9, 3))),
    )
    lines = {line.label: line.values[0] for line in asked(store, "increase", by="n").lines}

    assert lines == {"told": 2 + 4 + 16 + 3, "untold": 2 + 4 + 16 + 3}


def test_processes_that_share_their_labels_are_told_by_their_start(store: Store) -> None:
    """Two workers that interleave as one series do not restart each other."""
    keep(store, *(counted(at, 100 + at, start=-5000) for at in range(0, 40, 2)))
    keep(store, *(counted(at, at, start=0) for at in range(1, 40, 2)))

    assert only(asked(store, "increase")) == (8 + 9, 20, 20, 20, None, None)


def test_deltas_add_up(store: Store) -> None:
    """Each delta counts whole where it ends, beside cumulative series of the same name; deltas alone have no value."""
    keep(store, *(counted(at, 2, start=at - 2, temporality="delta") for at in range(0, 20, 2)))

    assert only(asked(store, "increase")) == (10, 10, None, None, None, None)
    assert asked(store).shows == ("rate", "increase")
    with pytest.raises(QueryError, match="is a counter; of that, show rate, increase"):
        asked(store, "value")

    keep(store, counted(0, 5, labels={"a": 1}), counted(10, 6, labels={"a": 1}))
    assert only(asked(store, "increase")) == (10, 11, None, None, None, None)
    assert only(asked(store, "value"))[:2] == (5, 6)


def test_an_up_down_counter_may_fall(store: Store) -> None:
    """Its value is shown, and a fall is no restart."""
    keep(store, *(counted(at, value, monotonic=False) for at, value in ((-5, 9), (5, 4), (15, 6))))

    assert only(asked(store))[:2] == (4, 6)
    assert only(asked(store, "increase"))[:2] == (-5, 2)
    assert asked(store).monotonic is False


def test_a_gauge_holds_for_two_intervals(store: Store) -> None:
    """Values of series add up; one holds until the next, but no longer than two usual intervals."""
    keep(store, gauge(1, 5, labels={"n": 1}), gauge(11, 6.5, labels={"n": 1}), gauge(21, 7, labels={"n": 1}))
    keep(store, gauge(2, 100, labels={"n": 2}), gauge(22, 200, labels={"n": 2}))

    assert only(asked(store)) == (105, 106.5, 207, 207, 207, 200)
    assert only(asked(store, "average"))[:3] == (52.5, 6.5, 103.5)


def test_a_gauge_that_was_measured_once_holds_for_its_step(store: Store) -> None:
    """How long one value holds is unknown; what is no number is unknown."""
    keep(store, gauge(1, 5), gauge(31, float("nan"), name="odd"), gauge(41, None, name="odd"))

    assert only(asked(store)) == (5, None, None, None, None, None)
    assert all(value is None for line in asked(store, name="odd").lines for value in line.values)


def test_a_histogram_gives_rates_averages_and_percentiles(store: Store) -> None:
    """Growth of buckets, count and sum; linear within a bucket."""
    keep(
        store,
        measured(-5, (10, 10, 10, 0), 50.0),
        measured(5, (12, 16, 12, 0), 64.0),
        measured(15, (12, 16, 22, 0), 94),
    )

    assert only(asked(store, "increase"))[:2] == (10, 10)
    assert only(asked(store, "rate"))[:2] == (1.0, 1.0)
    assert only(asked(store, "average"))[:2] == (1.4, 3.0)
    assert only(asked(store, "total"))[:2] == (14.0, 30.0)
    assert only(asked(store, "p50"))[:3] == (1.5, 3.0, None)
    assert only(asked(store))[:2] == pytest.approx((3.5, 3.9))
    assert asked(store).show == "p95"


def test_a_histogram_that_starts_anew_counts_from_nothing(store: Store) -> None:
    """A restart within a step loses no bucket, told or not."""
    for start, anew in ((-5000.0, 3.0), (None, None)):
        labels = {"told": start is not None}
        keep(
            store,
            measured(-5, (5, 0, 0, 0), 1.0, start=start, labels=labels),
            measured(2, (5, 4, 0, 0), 1.0, start=start, labels=labels),
            measured(8, (0, 0, 4, 0), 1.0, start=anew, labels=labels),
        )

    assert [line.values[0] for line in asked(store, "p50", by="told").lines] == [2.0, 2.0]
    assert [line.values[0] for line in asked(store, "increase", by="told").lines] == [8, 8]


def test_delta_histograms_join(store: Store) -> None:
    """Every delta of a step counts; series with other bounds join by the bounds that both have."""
    keep(store, *(measured(at, (1, 1, 0, 0), 2.0, temporality="delta", start=at - 1) for at in (1, 2, 3)))
    other: Mapping[str, Value] = {"bucketCounts": [0, 6], "explicitBounds": [1.0]}
    keep(store, counted(4, None, kind="histogram", temporality="delta", count=6, total=60.0, details=other))

    assert only(asked(store, "p50"))[0] == 1.0
    assert only(asked(store, "average"))[0] == 5.5
    assert only(asked(store, "p50", by="none"))[0] == 1.0


def test_extremes_bound_percentiles(store: Store) -> None:
    """What is known to be the lowest and highest bounds what lies in open and wide buckets."""
    extremes = {"min": 3.0, "max": 9.0}
    keep(store, measured(1, (0, 0, 1, 1), 12.0, temporality="delta", extremes=extremes))

    assert only(asked(store, "p50"))[0] == 4.0
    assert only(asked(store, "p99"))[0] == pytest.approx(8.9)


def exponential(at: float, scale: int, positive: Sequence[int], *, start: float = -5000) -> MetricPoint:
    """Return a cumulative exponential histogram, its buckets from 1 on."""
    details: Mapping[str, Value] = {
        "scale": scale,
        "zeroCount": 0,
        "zeroThreshold": 0.0,
        "positive": {"offset": 0, "bucketCounts": list(positive)},
        "negative": {"offset": 0, "bucketCounts": []},
    }
    values = sum(positive)
    return counted(at, None, kind="exponential_histogram", start=start, count=values, total=1.0, details=details)


def test_an_exponential_histogram_joins_scales(store: Store) -> None:
    """A series that went to a coarser scale is compared at that scale; quantiles follow the exponent."""
    keep(store, exponential(-5, 1, (2, 2, 0, 0)), exponential(5, 0, (4, 8)))

    assert only(asked(store, "increase"))[0] == 8
    assert only(asked(store, "p50"))[0] == pytest.approx(2**1.5)


def test_a_summary_shows_what_its_sender_computed(store: Store) -> None:
    """Quantiles of several series are at most the highest; the rest comes from count and sum."""
    for place, high in enumerate((3.0, 5.0)):
        told: Mapping[str, Value] = {
            "quantileValues": [{"quantile": 0.5, "value": 1.0}, {"quantile": 0.95, "value": high}]
        }
        keep(
            store,
            *(
                counted(
                    at,
                    None,
                    kind="summary",
                    temporality=None,
                    count=n,
                    total=n * 2.0,
                    details=told,
                    labels={"n": place},
                )
                for at, n in ((-5, 10), (5, 14))
            ),
        )

    assert only(asked(store, "p95"))[0] == 5.0
    assert asked(store, "p99").lines == ()
    assert only(asked(store))[0] == 2.0
    assert only(asked(store, "increase"))[0] == 8


def test_lines_go_by_a_label_of_the_series_or_its_sender(store: Store) -> None:
    """A label may be the series' own, the service, or the resource's; series without it share a line."""
    keep(
        store, *(gauge(1, value, labels=labels) for value, labels in ((1, {"route": "/a"}), (2, {"route": 7}), (4, {})))
    )
    keep(store, gauge(1, 8, labels={"route": "/a"}, sender=resource("db")))

    def lines(by: str) -> dict[str | None, Any]:
        return {line.label: line.values[0] for line in asked(store, by=by).lines}

    assert lines("route") == {"/a": 9, "7": 2, None: 4}
    assert lines("service") == {"shop": 7, "db": 8}
    assert lines("process.pid") == {"7": 15}
    assert asked(store).labels == ("environment", "route", "service")


def test_a_metric_narrows_to_a_service_and_a_label(store: Store) -> None:
    """The label's value must be the same, not only alike; numbers and flags count as their text."""
    keep(store, *(gauge(1, value, labels=labels) for value, labels in ((1, {"n": 1}), (2, {"n": 11}), (4, {"n": "1"}))))
    keep(store, gauge(1, 8, labels={"n": True}, sender=resource("db", "staging")))

    assert only(asked(store, label="n=1"))[0] == 5
    assert only(asked(store, label="n=true"))[0] == 8
    assert only(asked(store, service="db"))[0] == 8
    assert only(asked(store, environment="production"))[0] == 7
    assert only(asked(store, label="service=db"))[0] == 8
    assert only(asked(store, label="service.name=shop"))[0] == 7
    with pytest.raises(NotFound, match="of that service, environment or label"):
        asked(store, label="n=2")
    with pytest.raises(QueryError, match="label=value"):
        asked(store, label="n")


def test_small_lines_fold_into_one(store: Store) -> None:
    """Fifty lines stand for themselves, the heaviest first; the others are one, and nothing is lost."""
    keep(store, *(gauge(1, value, labels={"n": value}) for value in range(1, 61)))
    lines = asked(store, by="n").lines

    assert len(lines) == 51
    assert [line.label for line in lines[:2]] == ["60", "59"]
    assert (lines[-1].label, lines[-1].other, lines[-1].series) == (None, True, 10)
    assert sum(float(line.values[0] or 0) for line in lines) == sum(range(1, 61))


def test_an_unknown_metric_is_told_what_there_is(store: Store) -> None:
    """The message names what is alike."""
    keep(store, gauge(1, 1, name="http.server.duration"))

    with pytest.raises(NotFound, match=r"Did you mean http\.server\.duration\?"):
        asked(store, name="http.server.durations")


def test_of_kinds_that_share_a_name_the_commoner_is_shown(store: Store) -> None:
    """Kinds and units do not mix; what is left out is said."""
    keep(store, gauge(1, 1), gauge(2, 1), counted(1, 5))
    answer = asked(store)

    assert (answer.kind, answer.left_out) == ("gauge", ("sum in {request}",))


def test_exemplars_lead_to_their_traces(store: Store) -> None:
    """The newest and largest first, each once however often it was sent, with its line; of the range alone."""

    def sent(at: float, value: float, trace: int) -> dict[str, Value]:
        return {
            "timeUnixNano": T0 + round(at * SECOND),
            "value": value,
            "traceId": trace_id(trace),
            "spanId": "00000000000000aa",
            "filteredAttributes": {"user": "ann"},
        }

    early, large, late, outside = sent(1, 1.5, 1), sent(2, 3.0, 2), sent(25, 1.0, 3), sent(-3, 9.0, 4)
    keep(
        store,
        measured(5, (0, 2, 0, 0), 1.0, labels={"n": "a"}, details={"exemplars": [outside, early, large]}),
        measured(15, (0, 2, 0, 0), 1.0, labels={"n": "a"}, details={"exemplars": [early, large]}),
        measured(35, (0, 3, 0, 0), 1.0, labels={"n": "a"}, details={"exemplars": [late, large]}),
    )
    found = asked(store, by="n").exemplars

    assert [(one.value, one.trace_id, one.label) for one in found] == [
        (1.0, trace_id(3), "a"),
        (3.0, trace_id(2), "a"),
        (1.5, trace_id(1), "a"),
    ]
    assert (found[0].time, found[0].span_id, found[0].attributes) == (
        T0 / SECOND + 25,
        "00000000000000aa",
        {"user": "ann"},
    )


def test_metrics_are_listed_by_name(store: Store) -> None:
    """Each with its kind, senders, series and points; a page goes on where the one before ended."""
    keep(store, *(gauge(at, 1, name="b", labels={"n": n}) for at in (1, 2) for n in (1, 2)))
    keep(store, gauge(3, 1, name="b", sender=resource("db", "staging")), counted(4, 1, name="a"))
    keep(store, gauge(4, 1, name="b.c"), gauge(70, 1, name="later"))

    def page(**more: Any) -> Any:  # noqa: ANN401 - whatever the page is asked by
        return metrics(store, start_ns=T0, end_ns=END, **more)

    listed = page()
    assert [(row.name, row.kind, row.temporality, row.services, row.series, row.points) for row in listed.metrics] == [
        ("a", "sum", "cumulative", ("shop",), 1, 1),
        ("b", "gauge", None, ("db", "shop"), 3, 5),
        ("b.c", "gauge", None, ("shop",), 1, 1),
    ]
    assert (listed.metrics[1].latest, listed.counted_from, listed.next_cursor) == (T0 / SECOND + 3, T0 / SECOND, None)
    assert [row.name for row in page(prefix="b").metrics] == ["b", "b.c"]
    assert [row.name for row in page(filters=Filters(service="db")).metrics] == ["b"]
    first = page(limit=2)
    assert [row.name for row in page(limit=2, cursor=first.next_cursor).metrics] == ["b.c"]


def test_a_default_step_is_two_intervals_at_least(store: Store) -> None:
    """A step shorter than the exports are apart would show gaps where there are none."""
    keep(store, *(gauge(at, 1) for at in range(0, 60, 6)))
    answer = metric(store, "requests", start_ns=T0, end_ns=END)

    assert answer.step == 15.0
    with pytest.raises(QueryError, match="longer step"):
        metric(store, "requests", start_ns=T0, end_ns=END, choice=Choice(step_ns=1000))
    with pytest.raises(QueryError, match="range is empty"):
        metric(store, "requests", start_ns=END, end_ns=T0)


def test_more_series_than_can_be_read_are_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those with the most points are read; what grows is still the growth of all."""
    monkeypatch.setattr("spanglass.server.query.metric_series.MOST_SERIES", 2)
    keep(store, *(counted(at, at * n, labels={"n": n}) for n in (1, 2, 3) for at in range(-10, 10 * n, 10)))

    together, apart = asked(store, "increase"), asked(store, "increase", by="n")
    assert (only(together)[:3], together.series, together.cut) == ((60, 50, 30), 3, None)
    assert {line.label for line in apart.lines} == {"2", "3"}
    assert (apart.cut or "").startswith("The 1 series with the fewest points were not read.")


def test_more_points_than_can_be_read_are_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest part of the range is read, in whole steps, and the answer begins there."""
    monkeypatch.setattr("spanglass.server.query.metric._MOST_POINTS", 30)
    keep(store, *(gauge(at, at) for at in range(60)))
    answer = asked(store)

    assert (answer.start, answer.end) == (T0 / SECOND + 30, END / SECOND)
    assert only(answer) == (39, 49, 59)
    assert (answer.cut or "").startswith("The range has too many points")
    monkeypatch.setattr("spanglass.server.query.metric_measures.MOST_ROWS", 2)
    with pytest.raises(QueryError, match="more series and steps"):
        asked(store)
