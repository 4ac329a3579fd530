import asyncio
import json
import threading
from collections.abc import AsyncIterator, Generator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

import spanglass
from otlp_receiver import receiver, run
from spanglass.sdk.numbers import kept
from spanglass.sdk.numbers.timer import Timer
from spanglass.semconv.metrics import METRICS
from spanglass.testing import Captured, capture

_numbers = count()


@pytest.fixture
def name() -> str:
    """A name that no other test has used: instruments live as long as the process."""
    return f"app.number_{next(_numbers)}"


def points(seen: Captured, name: str) -> list[tuple[dict[str, object], float]]:
    """What was recorded under a name: labels, and the value or the number of values."""
    return [
        (point["labels"], point["value"] if "value" in point else point["count"])
        for point in seen.metrics().get(name, [])
    ]


def test_a_counter_adds_up(name: str) -> None:
    """Amounts of the same labels add up, however often the counter is asked for."""
    with capture() as seen:
        for _ in range(3):
            spanglass.counter(name, unit="{request}").add(2, {"chatbot": "orders", "cached": True, "shard": 3})
        spanglass.counter(name, unit="{request}").add()
    assert points(seen, name) == snapshot([({"cached": True, "chatbot": "orders", "shard": 3}, 6), ({}, 1)])


GAUGES = """
import json, spanglass
from spanglass.testing import capture
with capture() as seen:
    spanglass.gauge("queue.size").set(3, {"queue": "a"})
    spanglass.gauge("queue.size").set(1, {"queue": "a"})
    spanglass.gauge("seen", unit="By", observe=lambda: [(5, {"queue": "b"}), (6.5, {"queue": "c"})])
    spanglass.gauge("one", observe=lambda: 7)
    print(json.dumps(seen.metrics()))
"""


def test_a_gauge_shows_the_last_value() -> None:
    """`set` replaces; a function is asked at each collection and may give a value a label."""
    done = run(GAUGES)  # in a process of its own, for a gauge shows its last value to the end of its process
    assert json.loads(done.stdout) == {
        "one": [{"labels": {}, "value": 7}],
        "queue.size": [{"labels": {"queue": "a"}, "value": 1}],
        "seen": [{"labels": {"queue": "b"}, "value": 5}, {"labels": {"queue": "c"}, "value": 6.5}],
    }, done.stderr


def test_an_observed_function_may_fail(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its failure is said once, and other metrics are collected."""
    with capture() as seen:
        spanglass.gauge(name, observe=lambda: 1 // 0)
        spanglass.counter(f"{name}.other").add(1)
        assert points(seen, f"{name}.other") == points(seen, f"{name}.other") == [({}, 1)]
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        f"The function that {name} observes failed (ZeroDivisionError: integer division or modulo by zero)"
    ]


@pytest.mark.parametrize("wrong", [None, 1, b"app.number", ["app.number"]])
def test_what_is_no_text_is_refused(wrong: str, name: str) -> None:
    """A name, unit or description of another kind raises nothing, and nothing is recorded under what is not text."""
    with capture() as seen:
        spanglass.counter(wrong).add(1)
        spanglass.gauge(name, unit=wrong).set(1)
        with spanglass.timer(wrong):
            pass
        spanglass.counter(f"{name}.described", help=wrong).add(1)
        assert points(seen, f"{name}.described") == [({}, 1)]
        assert name not in seen.metrics()


def timed_everywhere(timer: Timer) -> None:
    """Use a timer in each way there is."""

    @timer
    def plain() -> int:
        return 1

    @timer
    def generator() -> Generator[int | None, int, None]:
        got = yield 1
        yield got

    @timer
    async def coroutine() -> int:
        return 2

    @timer
    async def stream() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> list[int]:
        async with timer:
            return [await coroutine(), *[item async for item in stream()]]

    with timer, timer:
        assert plain() == 1
    talk = generator()
    assert (next(talk), talk.send(5)) == (1, 5)
    assert list(generator()) == [1, None]
    assert asyncio.run(main()) == [2, 1, 2]
    del talk
    timer.record(0.5)


def test_a_timer_times_everything(name: str) -> None:
    """`with`, `async with`, functions, coroutines, generators and their halves are one measurement each."""
    with capture() as seen:
        timed_everywhere(spanglass.timer(name, {"query": "orders"}))
    assert points(seen, name) == [({"query": "orders"}, 9)]


def test_a_timer_measures_seconds(name: str) -> None:
    """The sum of what is measured is what was waited, in seconds."""
    waited = threading.Event()
    with capture() as seen, spanglass.timer(name):
        waited.wait(0.05)
    [point] = seen.metrics()[name]
    assert 0.05 <= point["sum"] < 5


def test_what_fails_is_told_apart(name: str) -> None:
    """An exception passes, and its time has its class as `error.type`; a generator that is left is no failure."""

    @spanglass.timer(name)
    async def stream() -> AsyncIterator[int]:
        yield 1
        raise KeyError

    @spanglass.timer(name)
    def fails() -> None:
        raise ValueError

    async def leave() -> None:
        items = stream()
        assert await anext(items) == 1
        await items.aclose()  # type: ignore[attr-defined] # it is a generator

    async def fail() -> None:
        with pytest.raises(KeyError):
            assert [item async for item in stream()]

    with capture() as seen:
        asyncio.run(leave())
        asyncio.run(fail())
        with pytest.raises(ValueError):  # noqa: PT011 - the very one
            fails()
        with pytest.raises(LookupError), spanglass.timer(name):
            raise LookupError
    assert points(seen, name) == [
        ({"error.type": "KeyError"}, 1),
        ({"error.type": "LookupError"}, 1),
        ({"error.type": "ValueError"}, 1),
        ({}, 1),
    ]


def test_a_generator_nobody_finished_disturbs_no_event_loop(name: str) -> None:
    """A loop that ends closes a timed generator that was left, without a complaint, and it was timed."""

    @spanglass.timer(name)
    async def stream() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)

    left: list[AsyncIterator[int]] = []
    complaints: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        left.append(stream())
        assert await anext(left[0]) == 1

    with capture() as seen:
        asyncio.run(main())
    assert complaints == []
    assert points(seen, name) == [({}, 1)]


def test_one_timer_serves_many_tasks_at_once(name: str) -> None:
    """A shared timer used by interleaved tasks and recursively measures each use from its own start."""
    shared = spanglass.timer(name)

    async def use(gate: asyncio.Event) -> None:
        with shared:
            await gate.wait()

    async def main() -> None:
        gates = [asyncio.Event() for _ in range(3)]
        tasks = [asyncio.create_task(use(gate)) for gate in gates]
        await asyncio.sleep(0.05)
        for gate, task in zip(gates, tasks, strict=True):
            gate.set()
            await task

    with capture() as seen:
        asyncio.run(main())
    [point] = seen.metrics()[name]
    assert point["count"] == 3
    assert point["sum"] >= 3 * 0.05


@pytest.mark.parametrize(
    "label", ["user.id", "user_id", "UserId", "session_id", "enduser.id", "gen_ai.conversation.id"]
)
def test_a_person_is_never_a_label(name: str, label: str, caplog: pytest.LogCaptureFixture) -> None:
    """Ids of users and sessions are left out with one warning; the point counts."""
    with capture() as seen:
        for user in range(5):
            spanglass.counter(name).add(1, {label: f"u-{user}", "kind": "x"})
    assert points(seen, name) == [({"kind": "x"}, 5)]
    assert len(caplog.records) == 1
    assert label in caplog.text


def test_labels_are_checked_and_bounded(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """What is no text, whole number or boolean is left out and said once; values over the limit become `other`."""
    odd: dict[str, object] = {"ratio": 0.5, "many": ["a"], "none": None, "bad name": "x"}
    with capture() as seen:
        for _ in range(2):
            spanglass.counter(name).add(1, odd)  # type: ignore[arg-type] # what an application may do
        for number in range(150):
            spanglass.counter(f"{name}.many").add(1, {"order": f"o-{number}"})
    assert points(seen, name) == [({}, 2)]
    many = {point["order"]: value for point, value in points(seen, f"{name}.many")}
    assert (len(many), many["other"]) == (101, 50)
    assert len(caplog.records) == 3


def test_a_name_means_one_thing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Another kind or unit under the same name is one warning and not recorded; the first goes on."""
    with capture() as seen:
        spanglass.counter(name, unit="By").add(1)
        for _ in range(2):
            spanglass.counter(name, unit="{item}").add(1)
            spanglass.gauge(name).set(9)
            with spanglass.timer(name):
                pass
        spanglass.counter(name, unit="By").add(1)
    assert points(seen, name) == [({}, 2)]
    [record] = caplog.records
    assert f"{name} is already a counter in By" in record.getMessage()


@pytest.mark.parametrize("bad", ["", "1st", "two words", "ä", "x" * 256, METRICS[0].name])
def test_a_bad_name_is_refused(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    """A name that OpenTelemetry or spanglass itself does not leave free is one warning and no metric."""
    with capture() as seen:
        for _ in range(2):
            spanglass.counter(bad).add(1)
            spanglass.timer(bad).record(1)
    assert points(seen, bad) == []
    assert len(caplog.records) <= 1  # other tests may have said it already


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        *((unit, unit) for unit in ("", "1", "s", "By", "Cel", "%", "By/s", "{request}", "{request}/s")),
        ("seconds", "s"),
        ("requests", "{request}"),
        ("a b", ""),
        ("é", ""),
    ],
)
def test_units_are_those_of_the_standard(name: str, written: str, unit: str, caplog: pytest.LogCaptureFixture) -> None:
    """A UCUM unit stays, an English word becomes one with a warning, and nonsense is left out with a warning."""
    asked: list[str] = []

    def make(right: str, _: bool) -> str:  # noqa: FBT001 - as it is called
        asked.append(right)
        return right

    kept.the_one(name, str, written, make)
    assert asked == [unit]
    assert bool(caplog.records) == (written != unit)


@given(st.text(max_size=70))
def test_any_text_may_be_a_unit(written: str) -> None:
    """No text fails the application."""
    spanglass.counter("app.any_unit", unit=written).add(1)


def test_labels_are_bounded(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """An application that puts ids into the names of labels gets 50 of them and one warning."""
    with capture() as seen:
        for number in range(60):
            spanglass.counter(name).add(1, {f"order_{number}": True})
        spanglass.counter(name).add(1, {"order_0": True, "order_59": True})
    assert len(points(seen, name)) == 51
    assert ({"order_0": True}, 2) in points(seen, name)
    assert len(caplog.records) == 1


def test_a_counter_only_grows(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A negative amount, or none at all, is left out and said once."""
    with capture() as seen:
        for amount in (-1, float("nan"), float("inf"), 2):
            spanglass.counter(name).add(amount)
    assert points(seen, name) == [({}, 2)]
    assert len(caplog.records) == 1


PROGRAM = """
import os, spanglass
from opentelemetry import trace
requests = spanglass.counter("chat.requests", unit="{request}")
depth = spanglass.gauge("queue.size", unit="{message}", observe=lambda: 4)
waits = spanglass.timer("sql.duration")
requests.add(100)
spanglass.init(service_name="shop")
requests.add(1)
with trace.get_tracer("app").start_as_current_span("work"), waits:
    pass
if (child := os.fork()) == 0:
    requests.add(10)
    spanglass.flush(5)
    os._exit(0)
os.waitpid(child, 0)
"""


def test_instruments_made_before_init_come_to_life_and_survive_a_fork() -> None:
    """What is recorded after `init` arrives, with exemplars of the trace; a child counts its own from zero."""
    with receiver() as seen:
        done = run(PROGRAM, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        requests = {at["process.pid"]: point.as_int or point.as_double for at, point in seen.points("chat.requests")}
        assert sorted(requests.values()) == [1, 10]
        assert {point.as_int or point.as_double for _, point in seen.points("queue.size")} == {4}
        [(_, span)] = seen.spans()
        exemplars = [exemplar.trace_id for _, point in seen.points("sql.duration") for exemplar in point.exemplars]
        assert exemplars[:1] == [span.trace_id]


MISTAKEN = """
import spanglass
from opentelemetry import metrics, trace
spanglass.counter(None).add(1)
spanglass.counter("app.jobs", help=None).add(1)
spanglass.timer("app.wait", buckets=("long",)).record(1.0)
metrics.get_meter("app").create_counter("app.own", description=None)
spanglass.init()
with trace.get_tracer("app").start_as_current_span("work"):
    pass
"""


def test_instruments_made_before_init_keep_nothing_from_starting() -> None:
    """Whatever was asked for, of spanglass or of OpenTelemetry, which makes it during `init`: spans are sent."""
    with receiver() as seen:
        assert run(MISTAKEN, endpoint=seen.endpoint).returncode == 0
        assert seen.span_names() == ["work"]


def test_names_are_bounded() -> None:
    """An application that puts ids into names gets 1,000 metrics and one warning, not metrics without end."""
    script = """
import spanglass
spanglass.init()
for number in range(1100): spanglass.counter(f"order.{number}").add(1)
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        [line] = done.stderr.splitlines()
        assert "1,000 metrics of your own" in line
        assert sum(bool(seen.points(f"order.{number}")) for number in range(1100)) == 1000
