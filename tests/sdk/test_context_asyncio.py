"""The context in asyncio: it follows tasks, and async generators that end elsewhere leave no noise and no trace."""

import asyncio
import contextvars
import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from spanglass.sdk import guard
from spanglass.sdk.context import NOTHING, CallContext, context, current
from spanglass.sdk.propagation.message import extract

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged, least of all that a context could not be detached, and no fault is counted."""
    before = dict(guard.faults())
    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        yield
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert guard.faults() == before


async def seen() -> tuple[int, CallContext]:
    """What a task sees."""
    await asyncio.sleep(0)
    return trace.get_current_span().get_span_context().span_id, current()


async def numbers(user: str) -> AsyncIterator[int]:
    """An application's generator that says for whom it works, and is rarely read to its end."""
    async with context(user_id=user), extract({"baggage": "session.id=s"}):
        for number in range(3):
            assert current()[:2] == (user, "s")
            yield number
            await asyncio.sleep(0)


def test_tasks_are_for_the_user_of_who_made_them() -> None:
    """By `create_task`, `gather`, `TaskGroup`, `to_thread` and timers, work is done in its maker's context."""

    async def main() -> list[tuple[int, CallContext]]:
        with context(user_id="u"), TRACER.start_as_current_span("request"):
            here = await seen()
            made = asyncio.create_task(seen())
            gathered = await asyncio.gather(seen(), seen())
            async with asyncio.TaskGroup() as group:
                grouped = group.create_task(seen())
            in_thread = await asyncio.to_thread(current)
            later: asyncio.Future[CallContext] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0, lambda: later.set_result(current()))
        assert {in_thread, await later} == {here[1]}
        assert current() is NOTHING
        return [here, await made, *gathered, grouped.result()]

    assert len(set(asyncio.run(main()))) == 1


def test_a_generator_that_another_task_closes() -> None:
    """Closed in a task of its own, it changes nothing there, and the task that read it goes on."""

    async def close(reader: AsyncIterator[int]) -> CallContext:
        await reader.aclose()  # type: ignore[attr-defined] # a generator is one
        return current()

    async def main() -> None:
        with context(feature="closer"):
            closing = asyncio.Event()

            async def closer() -> CallContext:
                await closing.wait()
                return await close(reader)

            task = asyncio.create_task(closer())
        reader = numbers("u")
        assert await anext(reader) == 0
        closing.set()
        assert await task == CallContext(feature="closer")

    asyncio.run(main())


def test_a_generator_that_the_loop_closes_at_its_end() -> None:
    """Left unread, generators are closed when the loop shuts down."""
    left: list[AsyncIterator[int]] = []

    async def main() -> None:
        for user in ("a", "b"):
            left.append(numbers(user))
            await anext(left[-1])

    asyncio.run(main())


def test_a_generator_that_is_thrown_away() -> None:
    """Collected, it is closed in a task of the loop's; the reader's later context stays as it is."""

    async def main() -> None:
        async for _ in numbers("u"):
            break
        with context(user_id="later"):
            gc.collect()
            await asyncio.sleep(0.01)
            assert current().user_id == "later"

    asyncio.run(main())


def test_a_generator_read_by_several_tasks() -> None:
    """Each item may be asked for by another task, as frameworks do with streams; all is well in each."""

    async def main() -> None:
        reader = numbers("u")
        with context(feature="outer"):
            first: int = await asyncio.create_task(anext(reader))  # type: ignore[arg-type] # a coroutine in fact
            assert current() == CallContext(feature="outer")
        assert first == 0

    asyncio.run(main())


def test_a_plain_generator_that_is_thrown_away() -> None:
    """A sync generator abandoned while another context is current leaves that one current."""

    def words() -> Iterator[str]:
        with context(user_id="generator"):
            yield "one"
            yield "two"

    def read() -> None:
        abandoned = words()
        assert next(abandoned) == "one"
        with context(user_id="later"):
            del abandoned
            gc.collect()
            assert current().user_id == "later"

    contextvars.copy_context().run(read)


def test_a_plain_generator_that_is_left_at_once() -> None:
    """Left by `break`, a generator is closed on the spot, and takes its context back."""

    def words() -> Iterator[str]:
        with context(user_id="generator"):
            yield "one"
            yield "two"

    for _ in words():
        break
    assert current() is NOTHING


def test_two_timelines_in_one_thread_do_not_mix() -> None:
    """Two generators read in turns leave each other's context alone once both have ended."""

    async def main() -> None:
        async def read(user: str) -> list[int]:
            return [number async for number in numbers(user)]

        assert list(await asyncio.gather(read("a"), read("b"))) == [[0, 1, 2], [0, 1, 2]]
        assert current() is NOTHING

    asyncio.run(main())
