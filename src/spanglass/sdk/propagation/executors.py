"""Lets the tasks of thread pools run in the context of who submitted them; the pools' threads keep none of it.

It is done for tasks alone. A task has an end, and its context ends with it; a plain `threading.Thread` may outlive the
work that happened to start it (a connection pool's, a sender's), and would count everything it ever does to that work.
For a thread that is part of the work, there is `carry`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from opentelemetry.context import Context, get_current

from spanglass.sdk.attachment import Attachment

P = ParamSpec("P")
R = TypeVar("R")


def install() -> Callable[[], None]:
    """Carry the context into every `ThreadPoolExecutor`: `submit`, `map`, `loop.run_in_executor`.

    Returns:
        Takes it back; where another tool has wrapped the method since, ours stays beneath and passes through.
    """
    original: Callable[..., Future[Any]] = ThreadPoolExecutor.submit
    on = True

    @wraps(original)
    def submit(self: ThreadPoolExecutor, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future[Any]:
        context = get_current()
        if not context or not on or fn is _run:
            return original(self, fn, *args, **kwargs)
        return original(self, _run, context, fn, *args, **kwargs)

    def uninstall() -> None:
        nonlocal on
        on = False
        if ThreadPoolExecutor.submit is submit:
            ThreadPoolExecutor.submit = original  # type: ignore[method-assign] # as it was

    ThreadPoolExecutor.submit = submit  # type: ignore[assignment,method-assign] # the same, said more loosely
    return uninstall


def _run(context: Context, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    attachment = Attachment(context)
    try:
        return fn(*args, **kwargs)
    finally:
        attachment.undo()
