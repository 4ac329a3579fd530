import asyncio
import contextvars
import inspect
import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from spanglass.sdk.context import NOTHING, CallContext, context, current
from spanglass.sdk.propagation.carry import carry
from spanglass.sdk.propagation.message import inject

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


def seen() -> tuple[int, CallContext]:
    """What the work sees: the current span and the context of the work."""
    return trace.get_current_span().get_span_context().span_id, current()


def test_a_thread_and_a_timer_run_in_the_context_of_who_made_them() -> None:
    """The work sees the span and the user that were current at `carry`, and arguments arrive."""
    found: list[tuple[int, CallContext]] = []

    def work(number: int, *, other: int) -> None:
        assert (number, other) == (1, 2)
        found.append(seen())

    with context(user_id="u"), TRACER.start_as_current_span("request"):
        here = seen()
        carried = carry(work)
    thread = threading.Thread(target=carried, args=(1,), kwargs={"other": 2})
    timer = threading.Timer(0, carried, (1,), {"other": 2})
    for each in (thread, timer):
        each.start()
        each.join()
    assert found == [here, here]
    assert current() is NOTHING


def test_a_coroutine_function_stays_one() -> None:
    """It runs in the carried context in a task of any loop, and what it raises passes."""

    async def work() -> tuple[int, CallContext]:
        await asyncio.sleep(0)
        return seen()

    async def fails() -> None:
        raise ZeroDivisionError

    with context(user_id="u"), TRACER.start_as_current_span("request"):
        here, carried, failing = seen(), carry(work), carry(fails)
    assert inspect.iscoroutinefunction(carried)

    async def both() -> list[tuple[int, CallContext]]:
        with context(user_id="other"):
            found = await carried()
            assert current().user_id == "other"
            return [found, await asyncio.create_task(carried())]

    assert asyncio.run(both()) == [here, here]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(failing())


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_another_process_works_for_the_same_user(method: str) -> None:
    """Pickled for a pool of new processes, the work is of the same trace and user."""
    with (
        context(user_id="ü", prompt_name="p"),
        TRACER.start_as_current_span("request"),
        ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool,
    ):
        assert pool.submit(carry(inject)).result() == inject()


def test_it_survives_pickling_more_than_once() -> None:
    """A carried function that is handed on from process to process keeps its context."""
    with context(user_id="u"), TRACER.start_as_current_span("request"):
        here, carried = inject(), carry(inject)
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(carried))))  # noqa: S301 - our own bytes
    assert again() == here
    assert current() is NOTHING


def test_it_keeps_the_name_and_signature() -> None:
    """To whoever looks, it is the function that was wrapped."""

    def work(one: int, *, two: str = "") -> None:
        """What it does."""

    carried = carry(work)
    assert (carried.__name__, carried.__doc__) == ("work", "What it does.")
    assert inspect.signature(carried) == inspect.signature(work)


def test_only_what_opentelemetry_carries_goes_along() -> None:
    """The application's own context variables are as they are where the function is called."""
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("here")
    carried = carry(variable.get)
    assert contextvars.Context().run(carried) == "default"
