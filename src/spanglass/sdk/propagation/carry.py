"""A function that takes the context of where it was wrapped along to wherever it is called; starts nothing itself."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar, cast

from opentelemetry.context import Context, get_current

from spanglass.sdk.attachment import Attachment
from spanglass.sdk.propagation.message import extract, inject

P = ParamSpec("P")
R = TypeVar("R")


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap a function so that it runs in the context that is current now: the span, user, session, feature, prompt.

    For what starts without one: a `threading.Thread`, a `threading.Timer`, a process of `multiprocessing` or of a
    `ProcessPoolExecutor` (then the function must be one that can be pickled), a callback of a library.

        threading.Thread(target=spanglass.carry(work)).start()

    Args:
        function: A function or coroutine function. Of a generator function only the making of the generator would
            run in the context, so wrap the function that reads it instead.

    Returns:
        A function of the same signature; it may be called any number of times, from any thread.
    """
    if inspect.iscoroutinefunction(function):
        return cast("Callable[P, R]", _around_coroutine(function, get_current()))
    return _Carried(function, get_current())


class _Carried(Generic[P, R]):
    """Pickles the context as headers, for a span cannot go to another process but its ids can."""

    __wrapped__: Callable[P, R]

    def __init__(self, function: Callable[P, R], context: Context) -> None:
        update_wrapper(self, function)
        self._context = context

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        attachment = Attachment(self._context)
        try:
            return self.__wrapped__(*args, **kwargs)
        finally:
            attachment.undo()

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _arrived, (self.__wrapped__, inject(context=self._context))


def _arrived(function: Callable[P, R], headers: dict[str, str]) -> _Carried[P, R]:
    return _Carried(function, extract(headers).context)


def _around_coroutine(function: Callable[..., Awaitable[object]], context: Context) -> Callable[..., object]:
    async def carried(*args: object, **kwargs: object) -> object:
        attachment = Attachment(context)
        try:
            return await function(*args, **kwargs)
        finally:
            attachment.undo()

    return update_wrapper(carried, function)
