"""`spanglass services`: what there is to filter by."""

from __future__ import annotations

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import Asking, question, within
from spanglass.cli.table import Screen

app = typer.Typer()


@question(app, *within("24h"), example="spanglass services --since 7d")
def services(ask: Asking) -> None:
    """Show what there is to filter by: services, environments, models and features."""
    ask.show("/api/v1/services", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    menus = [(name, answer.texts(name)) for name in ("services", "environments", "models", "features")]
    if not any(values for _, values in menus):
        ask.nothing(screen, "spans")
        return
    for name, values in menus:
        if values:
            screen.line(f"--{name.removesuffix('s')}")
            screen.block("\n".join(values))
