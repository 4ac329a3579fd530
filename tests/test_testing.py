import logging

import pytest
from inline_snapshot import snapshot
from opentelemetry import metrics, trace

import spanglass
from spanglass.errors import ConfigurationError
from spanglass.sdk import clock
from spanglass.testing import capture

tracer = trace.get_tracer("shop")
orders = metrics.get_meter("shop").create_counter("shop.orders")
took = metrics.get_meter("shop").create_histogram("shop.took")


def work() -> None:
    """What an application does."""
    with spanglass.context(user_id="u-1", feature="search"), tracer.start_as_current_span("search") as span:
        logging.getLogger("shop").warning("slow", extra={"ms": 7})
        with tracer.start_as_current_span("rank", kind=trace.SpanKind.CLIENT):
            orders.add(2, {"shop": "x"})
            took.record(0.25)
        span.add_event("ranked", {"n": 3})


@pytest.mark.parametrize("again", [1, 2])
def test_a_program_gives_the_same_values_every_time(again: int) -> None:
    """Spans, metrics and logs are plain, ordered and counted from one, in every capture of a process."""
    with capture() as seen:
        for _ in range(again):
            orders.add(0, {"shop": "x"})
        work()
    assert seen.spans() == snapshot(
        [
            {
                "name": "search",
                "trace": 1,
                "id": 1,
                "parent": None,
                "kind": "INTERNAL",
                "scope": "shop",
                "start": 1.0,
                "end": 6.0,
                "attributes": {"spanglass.feature": "search", "user.id": "u-1"},
                "events": [{"name": "ranked", "time": 5.0, "attributes": {"n": 3}}],
            },
            {
                "name": "rank",
                "trace": 1,
                "id": 2,
                "parent": 1,
                "kind": "CLIENT",
                "scope": "shop",
                "start": 3.0,
                "end": 4.0,
                "attributes": {"spanglass.feature": "search", "user.id": "u-1"},
            },
        ]
    )
    assert (
        seen.metrics()
        == seen.metrics()
        == snapshot(
            {
                "shop.orders": [{"labels": {"shop": "x"}, "value": 2}],
                "shop.took": [{"labels": {}, "count": 1, "sum": 0.25}],
            }
        )
    )
    assert seen.logs() == snapshot(
        [
            {
                "body": "slow",
                "severity": "WARN",
                "scope": "shop",
                "trace": 1,
                "span": 1,
                "attributes": {"ms": 7, "spanglass.feature": "search", "user.id": "u-1"},
            }
        ]
    )


def test_what_happens_outside_is_not_seen() -> None:
    """Before, between and after captures nothing is kept, and logging and clocks are as they were."""
    before = logging.Logger.callHandlers, clock.wall_ns
    work()
    with capture() as seen:
        pass
    work()
    assert (seen.spans(), seen.metrics(), seen.logs()) == ([], {}, [])
    assert (logging.Logger.callHandlers, clock.wall_ns) == before


def test_sums_add_up_over_looks() -> None:
    """Looking at metrics inside does not take them away from a later look."""
    with capture() as seen:
        orders.add(1)
        assert seen.metrics()["shop.orders"][0]["value"] == 1
        orders.add(2)
        assert seen.metrics()["shop.orders"][0]["value"] == 3


def test_the_clock_steps_and_can_be_advanced() -> None:
    """Each reading takes a step; advancing makes something last."""
    with capture(step_s=0.5) as seen, tracer.start_as_current_span("slow"):
        seen.clock.advance(10)
    [span] = seen.spans()
    assert (span["start"], span["end"]) == (0.5, 11.0)


def test_parents_from_elsewhere_are_outside() -> None:
    """A parent that was not captured is said to be outside, not numbered."""
    parent = trace.NonRecordingSpan(trace.SpanContext(5, 6, is_remote=True, trace_flags=trace.TraceFlags(1)))
    with capture() as seen:
        tracer.start_span("child", context=trace.set_span_in_context(parent)).end()
    [span] = seen.spans()
    assert (span["trace"], span["parent"]) == (1, "outside")


def test_initialising_inside_does_nothing() -> None:
    """An application that initialises itself can be captured without sending anything."""
    with capture() as seen:
        spanglass.init(service_name="shop")
        work()
    assert len(seen.spans()) == 2


def test_captures_do_not_nest() -> None:
    """A second capture inside one is refused with what to do."""
    with capture(), pytest.raises(ConfigurationError, match="end it"), capture():
        pass
