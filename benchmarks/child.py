"""One measured process: set a contender up, then work; prints one JSON line of figures.

`python -m benchmarks.child CONTENDER WORK SINK PROVIDER`, with WORK one of start, start_with_client, call, stream.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLS = 400
STREAMS = 40
CHUNKS = 400
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


def start(contender: str, sink: str, *, with_client: bool) -> dict[str, float]:
    """Measure what set-up adds: resident memory, wall time and CPU."""
    if with_client:
        importlib.import_module("openai").OpenAI(api_key="x", base_url="http://127.0.0.1:9")
    before, wall, cpu = resident_kb(), time.perf_counter(), time.process_time()
    module = importlib.import_module(f"benchmarks.contenders.{contender}")
    module.setup(sink)
    elapsed, used = time.perf_counter() - wall, time.process_time() - cpu
    gc.collect()
    return {"resident_kb": resident_kb() - before, "wall_s": elapsed, "cpu_s": used}


def work(contender: str, kind: str, sink: str, provider: str) -> dict[str, float]:
    """Measure CPU per call, or per chunk of a stream."""
    module = importlib.import_module(f"benchmarks.contenders.{contender}")
    module.setup(sink)
    client = importlib.import_module("openai").OpenAI(api_key="x", base_url=f"{provider}/v1", max_retries=0)
    once = _streamer(module, client) if kind == "stream" else _caller(module, client)
    rounds = STREAMS if kind == "stream" else CALLS
    for _ in range(max(3, rounds // 10)):
        once()
    gc.collect()
    cpu = time.process_time()
    for _ in range(rounds):
        once()
    used = time.process_time() - cpu
    return {"cpu_us": used * 1e6 / (rounds * CHUNKS if kind == "stream" else rounds)}


def _caller(module: Any, client: Any) -> Callable[[], object]:  # noqa: ANN401 - modules and clients of others
    if hasattr(module, "call"):
        return lambda: module.call(client, "bench", MESSAGES)
    return lambda: client.chat.completions.create(model="bench", messages=MESSAGES)


def _streamer(module: Any, client: Any) -> Callable[[], object]:  # noqa: ANN401
    model = f"bench-{CHUNKS}"
    if hasattr(module, "stream"):
        return lambda: sum(1 for _ in module.stream(client, model, MESSAGES))
    options = {"include_usage": True}

    def plain() -> int:
        made = client.chat.completions.create(model=model, messages=MESSAGES, stream=True, stream_options=options)
        return sum(1 for _ in made)

    return plain


def main() -> None:
    """Run one measurement and print it."""
    contender, kind, sink, provider = sys.argv[1:5]
    if kind.startswith("start"):
        figures = start(contender, sink, with_client=kind == "start_with_client")
    else:
        figures = work(contender, kind, sink, provider)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
