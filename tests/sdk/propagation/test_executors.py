import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.sdk.trace import TracerProvider

from spanglass.sdk.context import NOTHING, CallContext, context, current
from spanglass.sdk.propagation import executors

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


@pytest.fixture(autouse=True)
def installed() -> Iterator[Callable[[], None]]:
    """Pools carry the context; gives what takes that back."""
    uninstall = executors.install()
    yield uninstall
    uninstall()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool of one thread, so that tasks follow each other in it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def seen(_: object = None) -> tuple[int, CallContext]:
    """What a task sees: the current span and the context of the work."""
    return trace.get_current_span().get_span_context().span_id, current()


def test_a_task_runs_in_the_context_of_who_submitted_it(pool: ThreadPoolExecutor) -> None:
    """By `submit`, `map` and `run_in_executor`, with the loop's own pool too, a task sees the span and the user."""

    async def in_loop() -> list[tuple[int, CallContext]]:
        loop = asyncio.get_running_loop()
        return [
            await loop.run_in_executor(pool, seen),
            await loop.run_in_executor(None, seen),
            await asyncio.to_thread(seen),
        ]

    with context(user_id="u"), TRACER.start_as_current_span("request"):
        here = seen()
        found = [pool.submit(seen).result(), *pool.map(seen, range(2)), *asyncio.run(in_loop())]
    assert here[1] == CallContext("u")
    assert found == [here] * 6


def test_the_thread_keeps_nothing(pool: ThreadPoolExecutor) -> None:
    """Between tasks, and in a task without a context, the pool's thread has none, also after an error."""

    def fails() -> None:
        raise ZeroDivisionError

    with context(user_id="u"), pytest.raises(ZeroDivisionError):
        pool.submit(fails).result()
    assert pool.submit(lambda: (current(), dict(get_current()))).result() == (NOTHING, {})


def test_tasks_of_different_requests_do_not_mix() -> None:
    """Each of many tasks from many threads sees its own submitter's user."""
    found: dict[str, set[str | None]] = {}

    def request(pool: ThreadPoolExecutor, user: str) -> None:
        with context(user_id=user):
            tasks = [pool.submit(lambda: current().user_id) for _ in range(50)]
        found[user] = {task.result() for task in tasks}

    with ThreadPoolExecutor(4) as pool:
        threads = [threading.Thread(target=request, args=(pool, str(number))) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {str(number): {str(number)} for number in range(8)}


def test_arguments_results_and_errors_are_the_task_s_own(pool: ThreadPoolExecutor) -> None:
    """Positional and named arguments arrive, `fn` and `self` among the names, and wrong calls fail as before."""

    def task(*args: int, **kwargs: int) -> tuple[tuple[int, ...], dict[str, int]]:
        return args, kwargs

    with context(user_id="u"):
        assert pool.submit(task, 1, 2, fn=3, self=4, context=5).result() == ((1, 2), {"fn": 3, "self": 4, "context": 5})
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg] # on purpose


def test_a_plain_thread_starts_without(pool: ThreadPoolExecutor) -> None:
    """A thread that work happens to start belongs to nobody, and neither does what it submits."""
    found: list[CallContext] = []

    def work() -> None:
        found.extend([current(), pool.submit(current).result()])

    with context(user_id="u"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found == [NOTHING, NOTHING]


def test_it_is_done_once_and_taken_back_exactly(pool: ThreadPoolExecutor) -> None:
    """Two installations carry as one, and after the last is gone the method is the original one."""
    with_one = ThreadPoolExecutor.submit
    uninstall = executors.install()
    with context(user_id="u"):
        assert pool.submit(seen).result() == seen()
    uninstall()
    assert ThreadPoolExecutor.submit is with_one


def test_beneath_another_tool_s_wrapper_it_passes_through(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, installed: Callable[[], None]
) -> None:
    """Uninstalled where someone has wrapped the method since, the wrapper stays and the context is carried no more."""
    monkeypatch.setattr(ThreadPoolExecutor, "submit", ThreadPoolExecutor.submit)  # what is put back at the end
    uninstall = executors.install()
    ours: Callable[..., Future[CallContext]] = ThreadPoolExecutor.submit

    def theirs(self: ThreadPoolExecutor, *args: object) -> Future[CallContext]:
        return ours(self, *args)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", theirs)
    installed()
    uninstall()
    assert ThreadPoolExecutor.__dict__["submit"] is theirs
    with context(user_id="u"):
        assert pool.submit(current).result() is NOTHING
