"""What each way to observe an application costs it: spanglass beside hand-written code and beside other libraries."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.sdk import canned, child

PYTHON = Path(__file__).parent.parent / ".venv-peers" / "bin" / "python"
HAND, FLOOR = "contenders.handwritten", "contenders.none"
NAMES = {
    HAND: "hand-written OpenTelemetry",
    "contenders.ours": "**spanglass**",
    "peers.genai_openai": "opentelemetry-instrumentation-genai-openai",
    "peers.openinference": "openinference-instrumentation-openai",
    "peers.langfuse": "langfuse",
    "peers.logfire": "logfire",
    "peers.traceloop": "traceloop-sdk",
    "peers.openlit": "openlit",
}
KINDS = ("start_with_client", "call", "stream")
FIGURES = (
    ("start_with_client.resident_kb", 1 / 1024, "MB"),
    ("start_with_client.wall_s", 1e3, "ms"),
    ("call.cpu_us", 1, "us"),
    ("stream.cpu_us", 1, "us"),
)
HEADING = ("", "memory added", "import and init", "CPU a call", "CPU a streamed chunk")
Medians = dict[str, dict[str, float]]


def measure(rounds: int, *, content: bool) -> tuple[Medians, dict[str, str]]:
    """Interleave all over `rounds`; return contender -> figure -> median, and why some could not be measured."""
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    failed: dict[str, str] = {}
    with canned("sink") as sink, canned("provider") as provider:
        for number in range(rounds):
            for kind in KINDS:
                for contender in (FLOOR, *NAMES):
                    if contender in failed:
                        continue
                    arguments = (contender, kind, sink, provider, *(["content"] if content else []))
                    try:
                        # Else pydantic, which the client imports, loads logfire wherever that is installed.
                        figures = child(*arguments, python=str(PYTHON), PYDANTIC_DISABLE_PLUGINS="__all__")
                    except (subprocess.SubprocessError, json.JSONDecodeError, IndexError) as error:
                        failed[contender] = _why(error)
                        continue
                    for name, value in figures.items():
                        samples[contender][f"{kind}.{name}"].append(value)
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    medians = {who: {name: statistics.median(values) for name, values in of.items()} for who, of in samples.items()}
    return medians, failed


def rows(medians: Medians, failed: dict[str, str]) -> list[tuple[str, ...]]:
    """Return a row a contender: each figure less the bare process', and as a ratio to the hand-written one."""
    found: list[tuple[str, ...]] = []
    for contender, name in NAMES.items():
        if contender in failed:
            found.append((name, f"not measured: {failed[contender]}", "", "", ""))
            continue
        cells = []
        for figure, scale, unit in FIGURES:
            floor = medians[FLOOR][figure]
            value, hand = ((medians[who][figure] - floor) * scale for who in (contender, HAND))
            # A chunk costs hand-written code next to nothing: a ratio to that would be one of noise.
            ratio = f" ({value / hand:.2f}x)" if contender != HAND and figure != "stream.cpu_us" else ""
            cells.append(f"{value:,.1f} {unit}{ratio}")
        found.append((name, *cells))
    return found


def _why(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return str(said).strip().splitlines()[-1].rpartition("Error: ")[2][:120]
