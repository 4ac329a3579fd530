"""`spanglass erase`: removes a user, a session or a trace for good."""

from __future__ import annotations

from typing import Annotated

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import Asking, question
from spanglass.cli.figures import count
from spanglass.cli.job import run
from spanglass.cli.table import WARNING, Screen, styled
from spanglass.errors import ConfigurationError

app = typer.Typer()


@question(app, example="spanglass erase --user ann")
def erase(
    ask: Asking,
    user: Annotated[str | None, typer.Option("--user", help="A user's id.", metavar="ID")] = None,
    session: Annotated[str | None, typer.Option("--session", help="A session's id.", metavar="ID")] = None,
    trace: Annotated[str | None, typer.Option("--trace", help="A trace's id.", metavar="ID")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether that is meant.")] = False,
) -> None:
    """Erase a user, a session or a trace for good: every trace in which it stands, bytes on the disk included."""
    given = {name: value for name, value in (("user", user), ("session", session), ("trace", trace)) if value}
    if len(given) != 1:
        raise ConfigurationError("Say whom to erase by one of --user, --session and --trace.")
    ((name, value),) = given.items()
    if not yes and not ask.as_json:
        typer.confirm(f"Erase every trace of the {name} {styled(value)} at {ask.client.server}?", abort=True, err=True)
    job = run(ask, "/api/v1/erase", given, what="Erasing, and rewriting what is left")
    if job is not None:
        _tell(Screen(), job.part("erasure"))


def _tell(screen: Screen, erasure: Part) -> None:
    rows = erasure.part("rows")
    named = ("spans", "contents", "logs", "points", "scores", "user_hours")
    told = [f"{count(rows.count(name))} of {name}" for name in named if rows.count(name)]
    screen.line(f"Erased {count(erasure.count('traces'))} traces" + (f": {', '.join(told)}." if told else "."))
    if backups := erasure.texts("backups"):
        screen.line(
            styled(
                f"Backups made before still hold it; delete them in the data directory: {', '.join(backups)}.", WARNING
            )
        )
    screen.line("Exports, and backups that were copied elsewhere, are not touched.")
