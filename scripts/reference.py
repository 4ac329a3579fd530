"""Write the reference pages that come from tables: settings, metrics, attributes, commands; `--check` only compares."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import typer.main
from typer.testing import CliRunner

from spanglass.cli import app
from spanglass.semconv.attributes import ATTRIBUTES
from spanglass.semconv.metrics import METRICS
from spanglass.settings import SETTINGS

PLAIN = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
DOCS = Path(__file__).parent.parent / "docs"
NOTE = "<!-- Written by scripts/reference.py; change the table it names and run `make docs`. -->\n"
SETTINGS_HEAD = """# Settings

A value is looked up as argument (or flag), then variable, then file, then default. The file is `spanglass.toml` in the
working directory, or the one `SPANGLASS_CONFIG` names; its keys are the dotted names: `server.host` is `host` in table
`[server]`. OpenTelemetry's own `OTEL_*` variables are honoured beside these; see [sdk.md](sdk.md).

"""
METRICS_HEAD = """# Metrics

Every metric spanglass knows, from `semconv/metrics.py`. A label that is not listed never appears; user and session ids
are never labels, but for `spanglass.spans.user_cost`, which `SPANGLASS_METRICS_USERS=0` turns off. Durations are
seconds.

"""
ATTRIBUTES_HEAD = """# Attributes

Every attribute spanglass writes or reads, from `semconv/attributes.py`.

"""


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; `|` in a cell is escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def settings_page() -> str:
    """Return docs/settings.md."""
    rows = [
        (
            f"`{row.env}`",
            f"`{row.name}`",
            "none" if row.default in (None, ()) else f"`{_shown(row.default)}`",
            row.help + (" Never printed." if row.secret else ""),
        )
        for row in SETTINGS
    ]
    return NOTE + SETTINGS_HEAD + table(("variable", "key in the file", "default", "what it does"), rows)


def _shown(default: object) -> str:
    """Write a default as a variable would say it."""
    return ",".join(default) if isinstance(default, tuple) else str(default)


def metrics_page() -> str:
    """Return docs/metrics.md."""
    rows = [
        (
            f"`{row.name}`",
            row.instrument,
            f"`{row.unit}`",
            row.meaning,
            " ".join(f"`{label}`" for label in row.labels),
            row.origin,
        )
        for row in METRICS
    ]
    return NOTE + METRICS_HEAD + table(("metric", "instrument", "unit", "meaning", "labels", "named by"), rows)


def attributes_page() -> str:
    """Return docs/attributes.md."""
    rows = [(f"`{row.name}`", row.type, row.meaning, row.origin) for row in ATTRIBUTES]
    return NOTE + ATTRIBUTES_HEAD + table(("attribute", "type", "meaning", "named by"), rows)


def command_pages(path: tuple[str, ...], runner: CliRunner) -> Iterator[str]:
    """Yield the help of a command and of all below it, as plain text."""
    shown = runner.invoke(app, [*path, "--help"], prog_name="spanglass", env=PLAIN).output
    shown = "\n".join(line.rstrip() for line in shown.strip().splitlines())
    yield f"## `{' '.join(('spanglass', *path))}`\n\n```text\n{shown}\n```\n"
    command = typer.main.get_command(app)
    for name in path:
        command = getattr(command, "commands", {})[name]
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from command_pages((*path, name), runner)


def cli_page() -> str:
    """Return docs/cli.md."""
    return f"{NOTE}# Commands\n\n" + "\n".join(command_pages((), CliRunner()))


PAGES = {"settings.md": settings_page, "metrics.md": metrics_page, "attributes.md": attributes_page, "cli.md": cli_page}


def main() -> int:
    """Write or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if check:
            if not path.is_file() or path.read_text() != text:
                stale.append(name)
        else:
            path.write_text(text)
    if stale:
        print(f"stale: {', '.join(stale)} in docs/; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
