import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncGenerator, Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

import spanglass
from spanglass.testing import capture

tracer = trace.get_tracer("shop")


@spanglass.agent
def echo(log: list[str]) -> Generator[str, str, str]:
    """Yield what is sent, survive what is thrown, return at "stop"."""
    said = "ready"
    try:
        while said != "stop":
            with tracer.start_as_current_span("inside"):
                pass
            try:
                said = yield said
            except KeyError as error:
                said = f"caught {error}"
    finally:
        log.append("closed")
    return "done"


@spanglass.agent
async def stream(count: int, log: list[str]) -> AsyncGenerator[int, None]:
    """Yield numbers; close takes a moment."""
    try:
        for number in range(count):
            await asyncio.sleep(0)
            with tracer.start_as_current_span("inside"):
                await asyncio.sleep(0)
            yield number
    finally:
        await asyncio.sleep(0)
        log.append("closed")


def test_between_two_items_nothing_is_current() -> None:
    """The reader's own spans are not children of the generator, the generator's own are."""
    with capture() as seen, tracer.start_as_current_span("reader") as reader:
        for _ in zip(echo([]), range(2), strict=False):
            assert trace.get_current_span() is reader
            with tracer.start_as_current_span("work"):
                pass
    spans = [(span["name"], span["parent"]) for span in seen.spans()]
    assert spans == [
        ("reader", None),
        ("invoke_agent echo", 1),
        ("inside", 2),
        ("work", 1),
        ("inside", 2),
        ("work", 1),
        ("inside", 2),
    ]


def test_send_throw_and_return_reach_the_generator() -> None:
    """A decorated generator is driven as the plain one, its return value included."""

    def through() -> Generator[str, str, str]:
        return (yield from echo(log))

    log: list[str] = []
    with capture() as seen:
        outer = through()
        assert next(outer) == "ready"
        assert outer.send("hello") == "hello"
        assert outer.throw(KeyError("x")) == "caught 'x'"
        with pytest.raises(StopIteration) as stop:
            outer.send("stop")
        assert stop.value.value == "done"
    assert log == ["closed"]
    assert "status" not in next(span for span in seen.spans() if span["name"] == "invoke_agent echo")


def test_what_the_generator_raises_is_its_error() -> None:
    """An exception out of the generator passes and marks the span."""
    with capture() as seen:
        items = echo([])
        next(items)
        with pytest.raises(ZeroDivisionError):
            items.throw(ZeroDivisionError())
    assert seen.spans()[0]["attributes"]["error.type"] == "ZeroDivisionError"


@pytest.mark.parametrize("how", ["close", "drop", "collect"])
def test_a_generator_left_early_ends_its_span(how: str) -> None:
    """Closed, dropped or found by the garbage collector: the span ends as cancelled, and the generator is closed."""
    log: list[str] = []
    with capture() as seen:
        items: object = echo(log)
        assert isinstance(items, Generator)
        next(items)
        if how == "close":
            items.close()
        elif how == "collect":
            cycle: list[object] = [items]
            cycle.append(cycle)
            del cycle
        del items
        gc.collect()
        with spanglass.llm_call(provider="openai", model="gpt-4o"):
            pass  # what was found by the collector is written down with the next call
    assert log == ["closed"]
    agent = seen.spans()[0]
    assert (agent["name"], agent["attributes"]["spanglass.cancelled"]) == ("invoke_agent echo", True)


def test_each_item_may_be_asked_for_in_another_thread() -> None:
    """A generator read by turns in several threads is one span, and no thread keeps its context."""
    found: list[object] = []

    def read() -> None:
        found.append(next(items, None))
        found.append(trace.get_current_span() is trace.INVALID_SPAN)

    with capture() as seen:
        items = echo([])
        for _ in range(3):
            thread = threading.Thread(target=read)
            thread.start()
            thread.join()
        items.close()
    assert found == ["ready", True, None, True, None, True]
    assert {span["parent"] for span in seen.spans()[1:]} == {1}


def test_an_async_generator_read_in_several_tasks_is_one_span() -> None:
    """Each item asked for in a task of its own, closed in yet another: one span, and its children below it."""
    log: list[str] = []

    async def main() -> None:
        items = stream(3, log)

        async def one() -> int:
            return await anext(items)

        assert [await asyncio.create_task(one()) for _ in range(2)] == [0, 1]
        assert trace.get_current_span() is trace.INVALID_SPAN
        await asyncio.create_task(_close(items))

    with capture() as seen:
        asyncio.run(main())
    assert log == ["closed"]
    assert [(span["name"], span["parent"]) for span in seen.spans()] == [
        ("invoke_agent stream", None),
        ("inside", 1),
        ("inside", 1),
    ]
    assert seen.spans()[0]["attributes"]["spanglass.cancelled"] is True


async def _close(items: AsyncGenerator[int, None]) -> None:
    await items.aclose()


@pytest.mark.parametrize("how", ["drop", "shutdown"])
def test_an_async_generator_left_early_makes_no_noise(how: str, caplog: pytest.LogCaptureFixture) -> None:
    """Dropped in the loop, or closed by the loop's end: closed once, ended, and nothing in the log."""
    log: list[str] = []
    held: list[AsyncGenerator[int, None]] = []

    async def main() -> None:
        items = stream(5, log)
        async for _ in items:
            break
        if how == "shutdown":
            held.append(items)
        else:
            del items
            for _ in range(10):
                await asyncio.sleep(0)

    with capture() as seen:
        asyncio.run(main())
    assert log == ["closed"]
    assert seen.spans()[0]["attributes"]["spanglass.cancelled"] is True
    assert caplog.text == ""


def test_athrow_reaches_the_async_generator() -> None:
    """What is thrown into the async generator arrives there, and comes back out."""

    async def main() -> None:
        items = stream(5, [])
        await anext(items)
        with pytest.raises(KeyError):
            await items.athrow(KeyError("x"))

    with capture() as seen:
        asyncio.run(main())
    assert seen.spans()[0]["attributes"]["error.type"] == "KeyError"


def test_a_with_that_a_generator_holds_open_survives() -> None:
    """A `with` of ours across a `yield` of the application, closed in another task, ends without noise."""

    async def numbers() -> AsyncGenerator[int, None]:
        async with spanglass.agent("held"):
            yield 1
            yield 2

    async def main() -> None:
        items = numbers()
        await anext(items)
        await asyncio.create_task(_close(items))

    with capture() as seen:
        asyncio.run(main())
    assert seen.spans()[0]["attributes"]["spanglass.cancelled"] is True


@given(steps=st.lists(st.sampled_from(["next", "send", "throw", "close"]), max_size=8))
def test_a_decorated_generator_behaves_as_the_plain_one(steps: list[str]) -> None:
    """Any order of next, send, throw and close gives the same values, exceptions and end."""
    plain = _replay(echo.__wrapped__([]), steps)  # type: ignore[attr-defined] # functools.wraps leaves it there
    with capture(calls=False):
        assert _replay(echo([]), steps) == plain


def _replay(items: Generator[str, str, str], steps: list[str]) -> list[object]:
    found: list[object] = []
    for step in steps:
        try:
            match step:
                case "next":
                    found.append(next(items))
                case "send":
                    found.append(items.send("x"))
                case "throw":
                    found.append(items.throw(KeyError("y")))
                case _:
                    items.close()
        except BaseException as error:  # noqa: BLE001 - it is compared
            found.append(repr(error))
    with contextlib.suppress(StopIteration):
        items.close()
    return found
