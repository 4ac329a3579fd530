"""One measured process: set a contender up, then work; prints one JSON line of figures.

`python -m benchmarks.child CONTENDER WORK SINK PROVIDER [content]`: CONTENDER is a module such as contenders.ours, WORK
one of start, start_with_client, call, stream. The module has `setup(endpoint, content=)`, and may have `flush()`,
`watch(on=)` to take the observing off and put it back, and `call` and `stream` that make a request.
"""

from __future__ import annotations

import gc
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

BLOCKS = 7
CALLS = 150
STREAMS = 10
LONG, SHORT = 400, 40
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant. " * 10},
    {"role": "user", "content": "What does observing cost?"},
]


def resident_kb() -> int:
    """Return this process' resident memory in KiB; 0 where /proc does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))


def start(contender: str, sink: str, *, with_client: bool, content: bool) -> dict[str, float]:
    """Measure what set-up adds: resident memory, wall time and CPU."""
    if with_client:
        importlib.import_module("openai").OpenAI(api_key="x", base_url="http://127.0.0.1:9")
    before, wall, cpu = resident_kb(), time.perf_counter(), time.process_time()
    module = importlib.import_module(f"benchmarks.{contender}")
    module.setup(sink, content=content)
    elapsed, used = time.perf_counter() - wall, time.process_time() - cpu
    gc.collect()
    return {"resident_kb": resident_kb() - before, "wall_s": elapsed, "cpu_s": used}


def work(contender: str, kind: str, sink: str, provider: str, *, content: bool) -> dict[str, float]:
    """Measure the CPU that observing adds to a call, or to one more chunk: what long streams cost over short ones."""
    module: Any = importlib.import_module(f"benchmarks.{contender}")
    if contender.startswith("peers."):
        module = _wrapping(module)
    module.setup(sink, content=content)
    client = importlib.import_module("openai").OpenAI(api_key="x", base_url=f"{provider}/v1", max_retries=0)
    if kind == "call":
        return {"cpu_us": added_us(module, client, "bench", CALLS, streamed=False)}
    long, short = (added_us(module, client, f"bench-{chunks}", STREAMS, streamed=True) for chunks in (LONG, SHORT))
    return {"cpu_us": (long - short) / (LONG - SHORT)}


def _wrapping(peer: ModuleType) -> Any:  # noqa: ANN401 - has what a contender's module has
    """A peer as a contender: what it puts around the client is found out, so that it can be taken off."""
    from benchmarks.wrapped import Wrapped, flush  # noqa: PLC0415 - for peers alone

    wrapped = Wrapped()

    def setup(endpoint: str, *, content: bool) -> None:
        peer.setup(endpoint, content=content)
        wrapped.note()

    return SimpleNamespace(setup=setup, watch=wrapped.watch, flush=flush)


def added_us(module: ModuleType, client: Any, model: str, rounds: int, *, streamed: bool) -> float:  # noqa: ANN401 - clients of others
    """Return the CPU that observing adds to one request: blocks with and without, alternating in one process."""
    observed, bare = _observed(module, client, model, streamed=streamed), _plain(client, model, streamed=streamed)
    differences = []
    for block in range(BLOCKS + 1):
        with_it = _cpu_s(observed, rounds, module)
        _watch(module, on=False)
        without = _cpu_s(bare, rounds, module)
        _watch(module, on=True)
        if block:  # the first warms up
            differences.append(with_it - without)
    return statistics.median(differences) * 1e6 / rounds


def _cpu_s(once: Callable[[], object], rounds: int, module: ModuleType) -> float:
    gc.collect()
    begun = time.process_time()
    for _ in range(rounds):
        once()
    if hasattr(module, "flush"):  # exporting is part of what observing costs
        module.flush()
    return time.process_time() - begun


def _watch(module: ModuleType, *, on: bool) -> None:
    if hasattr(module, "watch"):
        module.watch(on=on)


def _observed(module: ModuleType, client: Any, model: str, *, streamed: bool) -> Callable[[], object]:  # noqa: ANN401 - clients of others
    if streamed and hasattr(module, "stream"):
        return lambda: sum(1 for _ in module.stream(client, model, MESSAGES))
    if not streamed and hasattr(module, "call"):
        return lambda: module.call(client, model, MESSAGES)
    return _plain(client, model, streamed=streamed)


def _plain(client: Any, model: str, *, streamed: bool) -> Callable[[], object]:  # noqa: ANN401
    completions = client.chat.completions  # and not its method: that is what others wrap
    if not streamed:
        return lambda: completions.create(model=model, messages=MESSAGES)
    options = {"include_usage": True}
    return lambda: sum(
        1 for _ in completions.create(model=model, messages=MESSAGES, stream=True, stream_options=options)
    )


def main() -> None:
    """Run one measurement and print it."""
    contender, kind, sink, provider = sys.argv[1:5]
    content = "content" in sys.argv[5:]
    if kind.startswith("start"):
        figures = start(contender, sink, with_client=kind == "start_with_client", content=content)
    else:
        figures = work(contender, kind, sink, provider, content=content)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
