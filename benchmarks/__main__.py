"""`python -m benchmarks`: measure, print a table, and with --write put it into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import ingest, sdk
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


def ingest_table() -> str:
    """Measure the server."""
    figures = ingest.measure()
    rows: list[tuple[str, ...]] = [(name, f"{value:,.1f}") for name, value in figures.items()]
    for step in ingest.STEPS:
        ratio = figures[f"durable spans/s, {step:,}"] / figures[f"floor spans/s, {step:,}"]
        rows.append((f"durable spans/s over the floor, {step:,}", f"{ratio:.2f}x"))
    return table(("server", "measured"), rows)


def replace(page: str, name: str, text: str) -> str:
    """Put text between the page's markers of that name."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    return head + begin + text + end + tail


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=["sdk", "ingest"], help="measure one of the two")
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds of the SDK measurements")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    tables = {}
    if options.only != "ingest":
        tables["sdk"] = sdk_table(options.rounds)
    if options.only != "sdk":
        tables["ingest"] = ingest_table()
    machine = f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    where = f"spanglass {__version__}, {machine}, {datetime.now(UTC):%Y-%m-%d}"
    for name, text in tables.items():
        print(f"\n{where}\n{text}")
        if options.write:
            PAGE.write_text(replace(PAGE.read_text(), name, f"{where}\n\n{text}"))


if __name__ == "__main__":
    main()
