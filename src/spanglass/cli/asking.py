"""What all commands that ask a server share: the server, range, filters, pages and form of output, declared once."""

from __future__ import annotations

import inspect
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import typer

from spanglass.cli.answer import Part, read
from spanglass.cli.client import Client, Query
from spanglass.cli.moment import Clock, zone_named
from spanglass.cli.table import Screen
from spanglass.cli.text import ascii_document, document
from spanglass.errors import ConfigurationError
from spanglass.settings import SERVER as SERVER_SETTING


@dataclass(frozen=True, slots=True)
class Shared:
    """One option that several commands have.

    Attributes:
        name: As the flag, without dashes.
        help: One sentence.
        parameter: The API's parameter that it becomes; None where it is no part of the question.
        panel: Under which heading of `--help` it stands.
        type: Of its value.
        default: Value when it is not given.
        metavar: How its value is written in `--help`.
        otherwise: Value of the parameter when no option sets it.
    """

    name: str
    help: str
    parameter: str | None
    panel: str
    type: type = str
    default: object = None
    metavar: str | None = None
    otherwise: str | None = None

    @property
    def key(self) -> str:
        """Name of the Python parameter; `from` alone is none."""
        return f"{self.name}_"

    def declared(self) -> inspect.Parameter:
        """Return it as Typer reads it."""
        option = typer.Option(
            f"--{self.name}", help=self.help, rich_help_panel=self.panel, show_default=False, metavar=self.metavar
        )
        kind: Any = self.type if self.type is bool else self.type | None
        return inspect.Parameter(
            self.key, inspect.Parameter.KEYWORD_ONLY, default=self.default, annotation=Annotated[kind, option]
        )


_RANGE, _NARROW, _PAGE, _OUTPUT = "Range", "Narrow to", "Page", "Server and output"


def within(default: str, *, sent: bool = True) -> tuple[Shared, ...]:
    """Return the options of a range.

    Args:
        default: How long ago it begins, unless said.
        sent: Tell the server so; else it knows.
    """
    return (
        Shared(
            "since",
            f"The last while, such as 30m, 24h or 7d. Default: {default}.",
            "from",
            _RANGE,
            metavar="TIME",
            otherwise=default if sent else None,
        ),
        Shared(
            "from",
            "Start: 2026-01-31, 2026-01-31T14:00, a time before now such as 24h, or Unix seconds.",
            "from",
            _RANGE,
            metavar="TIME",
        ),
        Shared("to", "End, likewise; by default now.", "to", _RANGE, metavar="TIME"),
    )


EVER: Final = (
    replace(within("0")[0], help="The last while, such as 30m, 24h or 7d. Default: all there is."),
    *within("0")[1:],
)
"""The options of a range that is everything, unless said."""
SERVICE: Final = Shared("service", "A service.", "service", _NARROW, metavar="NAME")
ENVIRONMENT: Final = Shared("environment", "A deployment environment.", "environment", _NARROW, metavar="NAME")
FILTERS: Final = (
    SERVICE,
    ENVIRONMENT,
    Shared("model", "A model that answered or was asked for.", "model", _NARROW, metavar="NAME"),
    Shared("status", "ok or error.", "status", _NARROW, metavar="STATUS"),
    Shared("user", "A user's id.", "user", _NARROW, metavar="ID"),
    Shared("session", "A session's id.", "session", _NARROW, metavar="ID"),
    Shared("feature", "A feature of the application.", "feature", _NARROW, metavar="NAME"),
    Shared("text", "Text in names, attributes, events or messages.", "text", _NARROW, metavar="TEXT"),
    Shared("where", "A query, such as 'model:gpt-5* duration>2s'; docs/search.md.", "q", _NARROW, metavar="QUERY"),
)
LIMIT: Final = Shared("limit", "Rows a page.", "limit", _PAGE, int, metavar="N")
PAGE: Final = (LIMIT, Shared("cursor", "Where the page before ended; it says so.", "cursor", _PAGE, metavar="CURSOR"))
_ALWAYS: Final = (
    Shared(
        "server",
        f"{SERVER_SETTING.help} Also: {SERVER_SETTING.env}. Default: {SERVER_SETTING.default}.",
        None,
        _OUTPUT,
        metavar="URL",
    ),
    Shared(
        "zone",
        "Time zone of times, such as UTC or Europe/Berlin. Default: this machine's.",
        None,
        _OUTPUT,
        metavar="ZONE",
    ),
    Shared("json", "Print the API's answer as it is.", None, _OUTPUT, bool, False),
)


@dataclass(frozen=True, slots=True)
class Asking:
    """One question of a person: whom to ask, what was given on the command line, and how to show the answer.

    Attributes:
        client: The server.
        clock: Times in the zone asked for.
        zone: The zone's name, as given; None is this machine's.
        query: The API's parameters.
        assumed: Those of them that nobody gave.
        as_json: Print the answer as it is.
    """

    client: Client
    clock: Clock
    zone: str | None
    query: Query
    assumed: frozenset[str]
    as_json: bool

    def ask(self, path: str, more: Query | None = None) -> Part:
        """Return an answer; `more` are further parameters. Raises as `Client.get` does."""
        return read(self.client.get(path, {**self.query, **(more or {})}), self.client.server)

    def narrowed(self, query: Query) -> Asking:
        """Return the same with other parameters."""
        return replace(self, query=query)

    def show(
        self,
        path: str,
        draw: Callable[[Asking, Screen, Part], None],
        more: Query | None = None,
    ) -> None:
        """Ask, and print the answer: as it is where that was asked for, else drawn. Raises as `Client.get` does."""
        body = self.client.get(path, {**self.query, **(more or {})})
        answer = read(body, self.client.server)
        if self.as_json:
            echo_json(body)
        else:
            draw(self, Screen(), answer)

    def pages(self, screen: Screen, answer: Part) -> None:
        """Say how to see the next page, if there is one."""
        if cursor := answer.text("next_cursor"):
            screen.command("More:", self.again("cursor", cursor))

    def again(self, flag: str, value: str) -> str:
        """Return the command that is running, with a flag set to another value."""
        kept: list[str] = []
        given = iter(sys.argv[1:])
        for word in given:
            if word == f"--{flag}":
                next(given, None)
            elif not word.startswith(f"--{flag}="):
                kept.append(word)
        return shlex.join(["spanglass", *kept, f"--{flag}", value])

    def range(self, screen: Screen, answer: Part) -> None:
        """Say which range an answer is of."""
        screen.line(self.clock.span(answer.number("start"), answer.number("end")))

    def nothing(self, screen: Screen, what: str) -> None:
        """Say that nothing was found, and what would find something."""
        flags = [f"--{row.name}" for row in FILTERS if row.parameter in self.query]
        screen.line(f"No {what}{' that fit' if flags else ''} in this range.")
        if flags:
            screen.line(f"Leave out {' or '.join(flags)}, or look further back, as with --since 30d.")
        else:
            screen.line(
                "Look further back, as with --since 30d. If nothing was ever sent, spanglass doctor finds out why."
            )


def echo_json(body: bytes) -> None:
    """Print an answer as it is, but for what would act in a terminal or cannot be written to it: JSON has escapes."""
    said = document(body.decode("utf-8", "replace"))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        said.encode(encoding)
    except UnicodeEncodeError:
        said = ascii_document(said)
    typer.echo(said)


def question(app: typer.Typer, *options: Shared, example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command that asks a server.

    Args:
        app: Where the command is registered.
        options: The shared ones it has, beside those that all have.
        example: One line for the end of `--help`.

    Returns:
        A decorator. The function is called with an `Asking`, and with its own parameters by name.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        rows = (*options, *_ALWAYS)
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        parameters = [*own, *(row.declared() for row in rows)]

        def run(**given: Any) -> None:  # noqa: ANN401 - what Typer read, by the parameters above
            shared = {row.name: given.pop(row.key) for row in rows}
            function(_asking(shared, rows), **given)

        name = function.__name__.rstrip("_")  # of a word that Python keeps for itself
        run.__name__, run.__doc__, run.__module__ = name, function.__doc__, function.__module__
        run.__dict__["__signature__"] = inspect.Signature(
            [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        )
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(epilog=f"Example: {example}")(run)
        return function

    return register


def _asking(shared: Mapping[str, Any], rows: Sequence[Shared]) -> Asking:
    clock = Clock(zone_named(shared["zone"]), time.time())
    if shared.get("since") is not None and shared.get("from") is not None:
        raise ConfigurationError("--since and --from both say where the range begins; give one of them.")
    query: dict[str, str | None] = {}
    for row in rows:
        value = shared[row.name]
        if row.parameter is None or value is None:
            continue
        query[row.parameter] = clock.written(value) if row.panel == _RANGE else str(value)
    defaults = {row.parameter: row.otherwise for row in rows if row.parameter is not None and row.otherwise is not None}
    client = Client.load(shared["server"])
    assumed = frozenset(defaults) - query.keys()
    return Asking(client, clock, shared["zone"], {**defaults, **query}, assumed, as_json=shared["json"])
