"""`python -m benchmarks`: measure, print a table, and with --write put it into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ingest, overhead, phoenix, scale, sdk
from spanglass.version import __version__

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def table(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def sdk_table(rounds: int) -> str:
    """Measure the SDK."""
    return table(
        ("SDK", "hand-written OpenTelemetry", "spanglass", "ratio", "bar"), list(sdk.report(sdk.measure(rounds)))
    )


def ingest_table(_rounds: int) -> str:
    """Measure the server."""
    figures = ingest.measure()
    rows: list[tuple[str, ...]] = [(name, f"{value:,.1f}") for name, value in figures.items()]
    for step in ingest.STEPS:
        ratio = figures[f"durable spans/s, {step:,}"] / figures[f"floor spans/s, {step:,}"]
        rows.append((f"durable spans/s over the floor, {step:,}", f"{ratio:.2f}x"))
    return table(("server", "measured"), rows)


def overhead_table(rounds: int) -> str:
    """Measure the SDK beside other libraries, without and with the messages recorded."""
    if not overhead.PYTHON.exists():
        return "Not measured: `make .venv-peers/.done` first."
    parts = []
    for content in (False, True):
        told = overhead.rows(*overhead.measure(rounds, content=content))
        parts += ["Messages recorded:" if content else "Messages not recorded:", "", table(overhead.HEADING, told), ""]
    return "\n".join(parts).rstrip()


def scale_table(_rounds: int) -> str:
    """Measure the server with millions of spans."""
    figures, asked = scale.measure()
    told: list[tuple[str, ...]] = [(name, f"{value:,.1f}") for name, value in figures.items()]
    heading = ("question", "p50, ms", "p95, ms", "bar, ms")
    return table(("server", "measured"), told) + "\n\n" + table(heading, list(scale.rows(asked)))


def phoenix_table(rounds: int) -> str:
    """Measure the server beside Phoenix."""
    if not phoenix.PYTHON.exists():
        return "Not measured: `make .venv-phoenix/.done` first."
    load = os.getloadavg()[0]
    figures = phoenix.measure(rounds)
    told = table(("", "spanglass", phoenix.version(), "ratio"), list(phoenix.rows(figures)))
    under = f"Medians of rounds of {phoenix.SPANS:,} spans: {rounds}. Load of the machine before the first: {load:.1f}."
    return f"{told}\n\n{under}"


def replace(page: str, name: str, text: str) -> str:
    """Put text between the page's markers of that name."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    head, begun, rest = page.partition(begin)
    _, ended, tail = f"\n{rest}".partition(end)
    if not begun or not ended:
        raise SystemExit(f"The page has no place for the table: write {begin.strip()} and {end.strip()} where it goes.")
    return head + begin + text + end + tail


MEASUREMENTS: dict[str, Callable[[int], str]] = {
    "sdk": sdk_table,
    "overhead": overhead_table,
    "ingest": ingest_table,
    "scale": scale_table,
    "phoenix": phoenix_table,
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=[*MEASUREMENTS], help="measure one of them")
    parser.add_argument(
        "--rounds", type=int, default=7, help="interleaved rounds of the measurements in the application"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    wanted = MEASUREMENTS if options.only is None else {options.only: MEASUREMENTS[options.only]}
    tables = {name: measure(options.rounds) for name, measure in wanted.items()}
    machine = f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    where = f"spanglass {__version__}, {machine}, {datetime.now(UTC):%Y-%m-%d}"
    for name, text in tables.items():
        print(f"\n{where}\n{text}")
        if options.write:
            PAGE.write_text(replace(PAGE.read_text(), name, f"{where}\n\n{text}"))


if __name__ == "__main__":
    main()
