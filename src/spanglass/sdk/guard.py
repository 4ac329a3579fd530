"""The one guard of the SDK: faults of ours stop here, logged once a place and counted; not what the application raises.

`safely("place")` makes a guard, once, at module level. It is a decorator for functions and coroutine functions, and a
context manager for a stretch of a longer body:

    _guard = safely("hooks.httpx2")

    @_guard
    def finish(...): ...

    with _guard:
        recorder.begin(...)

Only `Exception` is caught: cancellation, exit and interrupts pass. Never put the application's own call inside.
A decorated function returns None where it failed. Measured on CPython 3.11: 0.10 us a call, 0.13 us a `with`.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from threading import Lock
from types import TracebackType
from typing import ParamSpec, TypeVar, cast

logger = logging.getLogger("spanglass")
P = ParamSpec("P")
R = TypeVar("R")

_LATER = "Further faults at this place are only counted, in the metric spanglass.sdk.faults."
_FAULT = (
    "spanglass failed inside itself at %s (%s: %s); the application goes on, some telemetry may be missing. " + _LATER
)
_NOT_ENTERED = (
    "spanglass did nothing at %s: it was called with arguments that it does not take (%s: %s). Put the call right; "
    "the application goes on. " + _LATER
)

_counts: dict[str, int] = {}
_lock = Lock()


class Guard:
    """Catches, logs once and counts the faults of one place; holds no state of a call, so one serves all threads.

    Args:
        place: Where the guard stands, as it appears in the log line and in `spanglass.sdk.faults`.
    """

    __slots__ = ("place",)

    def __init__(self, place: str) -> None:
        self.place = place

    def __call__(self, function: Callable[P, R]) -> Callable[P, R | None]:
        """Guard every call of a function, or every await of a coroutine function."""
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R | None]", self._around_coroutine(function))

        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - this is the guard
                report(self.place, error, _NOT_ENTERED if _never_entered(error) else _FAULT)
                return None

        return guarded

    def _around_coroutine(self, function: Callable[P, object]) -> Callable[P, object]:
        awaited = cast("Callable[..., object]", function)

        @wraps(function)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> object:
            try:
                return await awaited(*args, **kwargs)  # type: ignore[misc] # a coroutine function, as was asked above
            except Exception as error:  # noqa: BLE001 - this is the guard
                report(self.place, error, _NOT_ENTERED if _never_entered(error) else _FAULT)
                return None

        return guarded

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        report(self.place, error)
        return True


def safely(place: str) -> Guard:
    """Make the guard of a place; see the module's docstring."""
    return Guard(place)


def report(place: str, error: Exception, message: str = _FAULT) -> None:
    """Count a fault, and log the first of its place. Never raises."""
    with _lock:
        seen = _counts.get(place, 0)
        _counts[place] = seen + 1
    if seen:
        return
    with suppress(Exception):  # a log handler of the application that fails must not fail it here
        logger.warning(message, place, type(error).__name__, error, exc_info=error)


def _never_entered(error: Exception) -> bool:
    """Say whether the arguments did not fit the guarded function: then no frame lies below the guard's."""
    traceback = error.__traceback__
    return isinstance(error, TypeError) and traceback is not None and traceback.tb_next is None


def faults() -> Mapping[str, int]:
    """Return how many faults each place has had in this process."""
    with _lock:
        return dict(_counts)


def renew_after_fork() -> None:
    """Forget the parent's counts and any lock it held; called in the child."""
    global _lock  # noqa: PLW0603 - the lock of the parent may be held by a thread that does not exist here
    _lock = Lock()
    _counts.clear()
