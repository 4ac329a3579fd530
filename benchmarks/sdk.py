"""What the SDK costs an application in memory, start time and CPU, beside nothing and beside hand-written code."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

CONTENDERS = ("contenders.none", "contenders.handwritten", "contenders.ours")
KINDS = ("start", "start_with_client", "call", "stream")


@contextmanager
def canned(kind: str) -> Iterator[str]:
    """Run a canned server; yields its base address."""
    command = [sys.executable, "-m", "benchmarks.canned", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def child(*arguments: str, python: str = sys.executable, **variables: str) -> dict[str, float]:
    """Run one measurement in a process of its own, with the arguments of `benchmarks.child`."""
    command = [python, "-m", "benchmarks.child", *arguments]
    # A certificate bundle or proxy set in the environment loads what an http:// endpoint does not need.
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | variables
    answered = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, env=environ)
    figures: dict[str, float] = json.loads(answered.stdout.splitlines()[-1])
    return figures


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Interleave every contender over `rounds`; return contender -> figure -> median."""
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with canned("sink") as sink, canned("provider") as provider:
        for number in range(rounds):
            for kind in KINDS:
                for contender in CONTENDERS:
                    for name, value in child(contender, kind, sink, provider).items():
                        samples[contender][f"{kind}.{name}"].append(value)
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return {who: {name: statistics.median(values) for name, values in of.items()} for who, of in samples.items()}


def report(medians: dict[str, dict[str, float]]) -> list[tuple[str, str, str, str, str]]:
    """Return rows: what, hand-written, spanglass, ratio, bar; all less what the bare process takes."""
    rows = []
    for what, name, scale, unit, bar in (
        ("memory added by init", "start.resident_kb", 1 / 1024, "MB", "<= 20 MB"),
        ("memory added beside the openai client", "start_with_client.resident_kb", 1 / 1024, "MB", "<= 14 MB"),
        ("import and init, wall", "start.wall_s", 1e3, "ms", "<= 250 ms"),
        ("CPU a call", "call.cpu_us", 1, "us", "<= 1.2x"),
        ("CPU a streamed chunk", "stream.cpu_us", 1, "us", "<= 2 us"),
    ):
        floor = medians["contenders.none"][name]
        hand, ours = ((medians[who][name] - floor) * scale for who in CONTENDERS[1:])
        rows.append((what, f"{hand:.1f} {unit}", f"{ours:.1f} {unit}", f"{ours / hand:.2f}x", bar))
    return rows
