"""Ends of processes at which Python runs no exit handlers, in servers that bring them about; sends nothing itself."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from types import ModuleType
from typing import Protocol

from spanglass.sdk.guard import safely
from spanglass.sdk.hooks.imports import ImportWatch

_guard = safely("endings")
Last = Callable[[], object]
"""What is to be done before the end."""


class UvicornServer(Protocol):
    """The part of `uvicorn.Server` that is used here."""

    _captured_signals: Iterable[int]


def watch(last: Last) -> None:
    """Call `last` before such an end, in servers imported now or later.

    - uvicorn, alone or as one of several workers: after it has closed down it raises SIGTERM once more, and where
      nobody handles that, the process dies of it.
    - Celery's prefork workers: a child ends with `os._exit`, also when it is replaced (`max_tasks_per_child`).

    Args:
        last: Sends what waits; it must not raise.
    """
    servers: dict[str, Callable[[ModuleType, Last], None]] = {
        "uvicorn.server": _end_of_uvicorn,
        "celery.signals": _end_of_celery_child,
    }

    def executed(name: str) -> None:
        with _guard:
            servers[name](sys.modules[name], last)

    ImportWatch(frozenset(servers), executed).start()
    for name in servers:
        if name in sys.modules:
            executed(name)


def _end_of_uvicorn(module: ModuleType, last: Last) -> None:
    from asyncio import to_thread  # noqa: PLC0415 - uvicorn has it already, others may not

    server: type = module.Server
    # Not where it captures signals: in a worker that has begun before the application, and we with it, is imported.
    original: Callable[..., Awaitable[None]] = server.__dict__["shutdown"]

    @wraps(original)
    async def shutdown(self: UvicornServer, *args: object, **kwargs: object) -> None:
        await original(self, *args, **kwargs)
        if signal.SIGTERM in getattr(self, "_captured_signals", ()):
            await to_thread(last)

    server.shutdown = shutdown  # type: ignore[attr-defined] # uvicorn's own


def _end_of_celery_child(module: ModuleType, last: Last) -> None:
    def ended(**_: object) -> None:
        last()

    module.worker_process_shutdown.connect(ended, weak=False)
