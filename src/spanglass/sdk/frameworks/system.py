"""Switches on the process's own CPU time and memory; read at each collection, without a package to install."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from opentelemetry.metrics import CallbackOptions, Observation, get_meter

from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from spanglass.version import __version__

_STATM = Path("/proc/self/statm")


def switch_on(_: object) -> None:
    """Make the instruments; on systems without /proc there is no memory."""
    meter = get_meter("spanglass.process", __version__)
    cpu, memory = metrics.PROCESS_CPU_TIME, metrics.PROCESS_MEMORY
    meter.create_observable_counter(cpu.name, [_cpu_time], cpu.unit, cpu.meaning)
    if _STATM.exists():
        meter.create_observable_up_down_counter(memory.name, [_memory], memory.unit, memory.meaning)


def _cpu_time(_: CallbackOptions) -> Iterator[Observation]:
    spent = os.times()
    yield Observation(spent.user, {attr.CPU_MODE: "user"})
    yield Observation(spent.system, {attr.CPU_MODE: "system"})


def _memory(_: CallbackOptions) -> Iterator[Observation]:
    pages = int(_STATM.read_bytes().split()[1])
    yield Observation(pages * os.sysconf("SC_PAGE_SIZE"))
