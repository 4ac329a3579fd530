import asyncio
import logging
from collections.abc import Iterator

import pytest

from spanglass.sdk import guard
from spanglass.sdk.guard import safely


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    guard.renew_after_fork()
    yield
    guard.renew_after_fork()


def test_a_fault_is_logged_once_a_place_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    """The first fault of a place is a warning with its traceback, later ones only a count."""

    @safely("test.place")
    def fail() -> int:
        raise LookupError("our own")

    assert [fail(), fail(), fail()] == [None, None, None]
    with safely("test.other"):
        raise ValueError
    assert guard.faults() == {"test.place": 3, "test.other": 1}
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "test.place (LookupError: our own)" in caplog.records[0].getMessage()
    assert caplog.records[0].exc_info is not None


def test_arguments_that_do_not_fit_are_the_callers_to_put_right(caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt argument is not told as a fault of ours; a type error inside is."""

    @safely("test.called")
    def called(*, name: str) -> str:
        raise TypeError(name)

    @safely("test.awaited")
    async def awaited() -> None: ...

    called(nome="x")  # type: ignore[call-arg] # the mistake
    asyncio.run(_await(awaited(1)))  # type: ignore[call-arg] # likewise
    guard.renew_after_fork()
    called(name="x")

    said = [record.getMessage() for record in caplog.records]
    assert [message.partition(" at ")[0] for message in said] == [
        "spanglass did nothing",
        "spanglass did nothing",
        "spanglass failed inside itself",
    ]
    assert "test.called" in said[0]
    assert "unexpected keyword argument 'nome'" in said[0]


def test_results_and_names_pass_through() -> None:
    """A guarded function returns what it returns and is called what it is called, sync and async."""

    @safely("test")
    def plain(value: int, *, factor: int = 1) -> int:
        return value * factor

    @safely("test")
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        if value < 0:
            raise ValueError(value)
        return value

    assert (plain(3, factor=2), plain.__name__) == (6, "plain")
    assert asyncio.iscoroutinefunction(later)
    assert asyncio.run(_await(later(3))) == 3
    assert asyncio.run(_await(later(-3))) is None


async def _await(value: object) -> object:
    return await value  # type: ignore[misc] # a guarded coroutine function's result, typed as its own


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_what_ends_a_program_or_task_is_not_caught(kind: type[BaseException]) -> None:
    """Cancellation, exit and interrupts are the application's."""

    @safely("test")
    def stop() -> None:
        raise kind

    with pytest.raises(kind):
        stop()
    with pytest.raises(kind), safely("test"):
        raise kind
    assert guard.faults() == {}


def test_a_log_handler_that_fails_changes_nothing() -> None:
    """Even the application's own log handler raising does not get out of the guard."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.name)

    handler = Broken()
    guard.logger.addHandler(handler)
    try:
        with safely("test"):
            raise ValueError
    finally:
        guard.logger.removeHandler(handler)
    assert guard.faults() == {"test": 1}
