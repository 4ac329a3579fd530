import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import assert_type

import pytest
from opentelemetry import trace

import spanglass
from spanglass.sdk import active
from spanglass.sdk.content import ContentMode
from spanglass.testing import Captured, capture


def names(seen: Captured) -> list[tuple[str, int | None]]:
    """Return name and parent of each span."""
    return [(span["name"], span["parent"]) for span in seen.spans()]


@spanglass.tool
def add(one: int, *, two: int = 2) -> str:
    """Add two numbers.

    Further lines say more.
    """
    return str(one + two)


@spanglass.tool("fetch")
async def download(url: str) -> bytes:
    """Download something."""
    await asyncio.sleep(0)
    return url.encode()


@spanglass.agent
def count(to: int) -> Iterator[int]:
    """Count."""
    yield from range(to)


@spanglass.workflow(name="chat")
async def tokens(text: str) -> AsyncIterator[str]:
    """Answer in pieces."""
    for token in text.split():
        yield token


class Desk:
    """Something with methods of each kind."""

    name = "desk"

    @spanglass.step
    def plan(self, what: str) -> str:
        """An instance method."""
        return f"{self.name} {what}"

    @spanglass.tool
    @classmethod
    def open(cls) -> str:
        """Decorated above classmethod."""
        return cls.name

    @classmethod
    @spanglass.tool
    def close(cls) -> str:
        """Decorated below classmethod."""
        return cls.name

    @spanglass.tool
    @staticmethod
    def ring(times: int) -> int:
        """Decorated above staticmethod."""
        return times

    @spanglass.retrieval("shelf")
    async def search(self, query: str) -> list[str]:
        """A coroutine method."""
        return [query]


class Callable_:  # noqa: N801 - it is what it says
    """An instance that can be called as a coroutine function."""

    async def __call__(self) -> int:
        """Return one."""
        return 1


def test_functions_stay_what_they_are() -> None:
    """Names, docstrings, signatures and the answers of `inspect` are those of the function."""
    assert add.__name__ == "add"
    assert (add.__doc__ or "").startswith("Add two numbers.")
    assert str(inspect.signature(add)) == "(one: int, *, two: int = 2) -> str"
    assert inspect.iscoroutinefunction(download)
    assert inspect.isgeneratorfunction(count)
    assert inspect.isasyncgenfunction(tokens)
    assert not any(test(add) for test in (inspect.iscoroutinefunction, inspect.isgeneratorfunction))


def test_types_stay_what_they_are() -> None:
    """A type checker sees the function's own signature; mypy checks these lines."""
    with capture():
        assert_type(add(1, two=2), str)
        assert_type(Desk().plan("x"), str)
        assert_type(Desk.ring(1), int)
        assert_type(asyncio.run(download("x")), bytes)


def test_each_kind_of_function_is_a_span() -> None:
    """Sync, async, generator and async generator, alone and as methods, give one span a call and their own result."""

    async def main() -> list[str]:
        assert await download("x") == b"x"
        assert await Desk().search("q") == ["q"]
        return [token async for token in tokens("a b")]

    with capture() as seen:
        assert add(1) == "3"
        assert list(count(3)) == [0, 1, 2]
        assert Desk().plan("x") == "desk x"
        assert (Desk.open(), Desk.close(), Desk.ring(2)) == ("desk", "desk", 2)
        assert asyncio.run(main()) == ["a", "b"]
    assert names(seen) == [
        ("execute_tool add", None),
        ("invoke_agent count", None),
        ("step plan", None),
        ("execute_tool open", None),
        ("execute_tool close", None),
        ("execute_tool ring", None),
        ("execute_tool fetch", None),
        ("retrieval shelf", None),
        ("invoke_workflow chat", None),
    ]


def test_what_hides_a_coroutine_function_is_seen_through() -> None:
    """A partial, a callable instance and a plain function that returns a coroutine are timed to the coroutine's end."""

    async def slow(ticks: list[int]) -> int:
        await asyncio.sleep(0)
        return len(ticks)

    def hidden(function: Callable[[list[int]], Awaitable[int]]) -> Callable[[list[int]], Awaitable[int]]:
        @functools.wraps(function)
        def around(ticks: list[int]) -> Awaitable[int]:
            return function(ticks)

        return around

    async def main() -> None:
        for function in (functools.partial(slow, []), Callable_(), functools.partial(hidden(slow), [])):
            work = spanglass.tool(function)()
            assert trace.get_current_span() is trace.INVALID_SPAN
            with trace.get_tracer("shop").start_as_current_span("beside"):
                await work

    with capture() as seen:
        asyncio.run(main())
    tools = [span for span in seen.spans() if span["name"] != "beside"]
    assert [span["name"].split()[1] for span in tools] == ["slow", "Callable_", "slow"]
    # A coroutine function starts with its first step, what hides one when it is called.
    assert [span["parent"] for span in tools] == [1, 3, None]


def test_an_exception_passes_unchanged_and_is_marked() -> None:
    """The very exception arrives; the span has status, type and message."""
    failure = ValueError("no such order")

    @spanglass.tool
    def fail() -> None:
        raise failure

    with capture() as seen:
        with pytest.raises(ValueError, match="no such order") as caught:
            fail()
        assert caught.value is failure
    [span] = seen.spans()
    assert (span["status"], span["attributes"]["error.type"]) == ("ERROR", "ValueError")
    assert span["attributes"]["spanglass.error.message"] == span["status_description"] == "no such order"
    [point] = seen.metrics()["gen_ai.execute_tool.duration"]
    assert point["labels"] == {"gen_ai.tool.name": "fail", "gen_ai.tool.type": "function", "error.type": "ValueError"}


def test_an_exception_whose_text_fails_passes_too() -> None:
    """An exception that cannot say what it is does no harm."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    with capture() as seen, pytest.raises(MuteError), spanglass.agent("a"):
        raise MuteError
    assert seen.spans()[0]["attributes"]["error.type"].endswith("MuteError")


def test_cancellation_is_no_error() -> None:
    """A cancelled task leaves a span without error status that says it was cancelled."""

    @spanglass.agent
    async def forever() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with capture() as seen:
        asyncio.run(main())
    [span] = seen.spans()
    assert span["attributes"]["spanglass.cancelled"] is True
    assert "status" not in span
    assert "error.type" not in seen.metrics()["gen_ai.invoke_agent.duration"][0]["labels"]


def test_wrong_arguments_are_the_callers_matter() -> None:
    """A call that does not fit raises the function's own TypeError, with content on and off."""
    for content in ContentMode:
        with capture(content=content), pytest.raises(TypeError, match="unexpected keyword"):
            add(1, three=3)  # type: ignore[call-arg] # that is the test


def test_a_class_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """A decorated class stays a class, with a line in the log."""

    class Planner:
        """A class."""

    assert spanglass.agent(Planner) is Planner
    assert "decorate its methods" in caplog.text


def test_without_init_nothing_is_recorded() -> None:
    """Before `init`, functions run and context managers do nothing."""
    before = active.activate(None)
    try:
        with spanglass.agent("a") as run, spanglass.llm_call(provider="p", model="m") as call:
            call.chunk("x")
            assert add(1) == "3"
            assert list(count(2)) == [0, 1]
            assert not run.span.is_recording()
    finally:
        active.activate(before)


def test_unsampled_runs_are_counted() -> None:
    """Metrics count runs whose spans are not sampled, and nothing below is recorded."""
    parent = trace.NonRecordingSpan(trace.SpanContext(5, 6, is_remote=False, trace_flags=trace.TraceFlags(0)))
    with capture() as seen, trace.use_span(parent), spanglass.agent("a"):
        for _ in range(3):
            with spanglass.step("act"):
                add(1)
    assert seen.spans() == []
    metrics = seen.metrics()
    assert metrics["gen_ai.execute_tool.duration"][0]["count"] == 3
    assert metrics["spanglass.agent.steps"][0]["sum"] == 3


def test_names_as_labels_are_bounded() -> None:
    """However many names an application makes up, metric labels stay few."""
    with capture(calls=False) as seen:
        for number in range(120):
            with spanglass.tool(f"tool {number}"):
                pass
    points = seen.metrics()["gen_ai.execute_tool.duration"]
    assert len(points) == 101
    assert {"gen_ai.tool.name": "other", "gen_ai.tool.type": "function"} in [point["labels"] for point in points]
