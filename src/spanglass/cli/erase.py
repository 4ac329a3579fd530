"""`spanglass erase`: removes a user, a session or a trace for good."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import Asking, question
from spanglass.cli.figures import plural
from spanglass.cli.job import run
from spanglass.cli.table import WARNING, Screen, styled
from spanglass.errors import ConfigurationError

app = typer.Typer()
_ROWS: Final = (
    ("spans", "span", "spans"),
    ("contents", "message or other content", "messages and other contents"),
    ("logs", "log record", "log records"),
    ("scores", "score", "scores"),
    ("user_hours", "hour of the user", "hours of the user"),
)


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
    told = [plural(some, one, many) for name, one, many in _ROWS if (some := rows.count(name))]
    traces = plural(erasure.count("traces") or 0, "trace")
    screen.line(f"Erased {traces}: {', '.join(told)}." if told else f"Erased {traces}.")
    if exemplars := rows.count("points"):
        screen.line(f"{plural(exemplars, 'metric point')} named it, and went or lost what led there.")
    if backups := erasure.texts("backups"):
        screen.line(
            styled(
                f"Backups made before may hold it; delete them in the data directory: {', '.join(backups)}.", WARNING
            )
        )
    screen.line("Exports, and backups that were copied elsewhere, are not touched.")
