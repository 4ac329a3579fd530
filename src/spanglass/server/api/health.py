"""`/healthz`: whether the server keeps what it is sent, and what a person should know; asks nothing itself."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from starlette.responses import Response

from spanglass.errors import StoreError
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.memory import resident_bytes

_RECENT_S: Final = 600.0
"""How long it is told that content was shed, or that a clock is off."""
_LITTLE: Final = 0.05
_LITTLE_BYTES: Final = 2 * 1024**3
"""A disk is nearly full where less than both this part and these bytes of it are free."""
_UNITS: Final = (("years", 31_557_600), ("days", 86_400), ("hours", 3_600), ("minutes", 60))


def report(store_size: int, counters: Counters, allowance: Allowance, otlp_ports: Mapping[str, int]) -> Response:
    """Return 200 where what is sent is kept, 503 while writing fails.

    Args:
        store_size: Bytes on disk.
        counters: What was counted, and the fault of the latest write.
        allowance: The queue.
        otlp_ports: Where OTLP is received, by protocol.
    """
    fault = counters.fault
    store: dict[str, object] = {"ok": fault is None, "bytes": store_size}
    if fault is not None:
        store["message"] = fault
    return _response(
        {
            "status": "ok" if fault is None else "unavailable",
            "store": store,
            "queue": {"bytes": allowance.held, "limit": allowance.limit},
            "memory": {"bytes": resident_bytes(), "limit": allowance.memory.ceiling if allowance.memory else None},
            "notices": [*_notices(counters), *_of_disk(counters.directory)],
            "otlp": otlp_ports,
        },
        503 if fault is not None else 200,
    )


def unreadable(error: StoreError) -> Response:
    """Return 503 for a store that cannot even say how large it is."""
    store = {"ok": False, "message": str(error)}
    return _response({"status": "unavailable", "store": store, "notices": [_not_kept(str(error))]}, 503)


def _notices(counters: Counters) -> list[str]:
    """Return what a person should know, a sentence or two each; the UI shows them above every page."""
    notices = [] if counters.fault is None else [_not_kept(counters.fault)]
    if counters.shed_at is not None and time.time() - counters.shed_at < _RECENT_S:
        notices.append(
            f"For want of memory {sum(counters.shed.values())} spans and records were kept without their long texts "
            "since the server started; usage, cost and errors are complete. Raise SPANGLASS_QUEUE_MIB and "
            "SPANGLASS_MEMORY_MIB, or send less content."
        )
    if counters.clock is not None and time.time() - counters.clock[2] < _RECENT_S:
        service, ahead_s, _ = counters.clock
        notices.append(
            f"The clock of {service:.200} is {_long(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} this "
            "server's: its spans are kept at the times it tells, and so are found in other ranges. Set its clock."
        )
    for work, message in dict(counters.failing).items():
        notices.append(f"Keeping house has to wait ({work.replace('_', ' ')}): {message}")
    return notices


def _of_disk(directory: Path | None) -> list[str]:
    try:
        disk = shutil.disk_usage(directory) if directory is not None else None
    except OSError:
        return []
    if disk is None or disk.free >= min(_LITTLE_BYTES, _LITTLE * disk.total):
        return []
    free = f"{disk.free // 2**20} of {disk.total // 2**20} MiB are free"
    return [f"The disk of {directory} is nearly full: {free}. Free some, or keep less (SPANGLASS_KEEP_TRACES_DAYS)."]


def _long(seconds: float) -> str:
    name, unit = next(((name, unit) for name, unit in _UNITS if seconds >= 2 * unit), ("seconds", 1))
    return f"{seconds / unit:.0f} {name}"


def _not_kept(message: str) -> str:
    return f"What is sent is not kept, and senders are told to try again: {message}"


def _response(body: Mapping[str, object], status: int) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
