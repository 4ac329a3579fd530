"""`spanglass errors`: what fails, grouped by cause."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import UNKNOWN, count, plural, sparkline
from spanglass.cli.summary import NONE
from spanglass.cli.table import FAILURE, Cell, Column, Screen, styled

app = typer.Typer()
_GROUPS: Final = (
    Column("group"),
    Column("count", right=True),
    Column("what", least=30),
    Column("recovered", right=True, spare=3),
    Column("traces", right=True, spare=4),
    Column("users", right=True, spare=2),
    Column("over time", spare=5),
    Column("", spare=1),
    Column("last seen"),
    Column("services", spare=6, least=10),
)
_SAMPLES: Final = (
    Column("time"),
    Column("trace"),
    Column("service", spare=1, least=10),
    Column("user", spare=2, least=10),
    Column("message", least=20),
)
_PARTS: Final = ("message", "type", "service", "environment", "feature", "provider", "model")


@question(app, *within("24h"), *FILTERS, *PAGE, example="spanglass errors --since 7d --sort recent")
def errors(
    ask: Asking,
    group: Annotated[
        str | None, typer.Argument(metavar="GROUP", help="A group, to see it closely.", show_default=False)
    ] = None,
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="First the most frequent, or the most recent.")
    ] = "frequent",
) -> None:
    """Show what fails, grouped by cause: how often, since when, for whom; of one group, samples and where it happens.

    Of spans that repeat what failed below them the deepest counts. Recovered is what a retry made good.
    """
    if group is None:
        ask.show("/api/v1/errors", _draw_all, {"sort": sort})
        return
    asked = ask.narrowed({name: value for name, value in ask.query.items() if name not in {"limit", "cursor"}})
    asked.show(f"/api/v1/errors/{quote(group, safe='')}", _draw_one)


def _draw_all(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    groups = answer.parts("groups")
    if not groups:
        ask.nothing(screen, "errors")
        return
    _cut(ask, screen, answer)
    screen.line()
    screen.table(_GROUPS, [_group(ask, group) for group in groups])
    ask.pages(screen, answer)
    screen.command("See one:", f"spanglass errors {groups[0].text('group')}")


def _cut(ask: Asking, screen: Screen, answer: Part) -> None:
    """Say since when errors were read, where that is not the whole range."""
    since, start = answer.number("since"), answer.number("start")
    if since is not None and start is not None and since > start:
        spans = plural(answer.count("spans") or 0, "failed span")
        screen.line(f"There are too many to read, {spans}; these are since {ask.clock.full(since)}.")


def _what(error: Part) -> str:
    return ": ".join(said for said in (error.text("type"), error.text("message")) if said) or "it does not say why"


def _group(ask: Asking, group: Part) -> tuple[Cell, ...]:
    return (
        group.text("group") or UNKNOWN,
        count(group.count("count")),
        styled(_what(group), FAILURE),
        count(group.count("recovered")) if group.count("recovered") else "",
        count(group.count("traces")),
        count(group.count("users")),
        _spark(group),
        "new" if group.flag("is_new") else "",
        ask.clock.at(group.number("last_seen")),
        ", ".join(group.texts("services")),
    )


def _spark(group: Part) -> str:
    values = group.value("over_time")
    return sparkline([value for value in values if isinstance(value, int)]) if isinstance(values, list) else ""


def _draw_one(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    group = answer.part("group")
    _cut(ask, screen, answer)
    screen.line()
    screen.line(styled(_what(group), FAILURE))
    happened = f"{count(group.count('count'))} in {plural(group.count('traces') or 0, 'trace')}"
    users = f", for {plural(group.count('users') or 0, 'user')}" if group.count("users") else ""
    screen.facts(
        ("Count", f"{happened}{users}"),
        ("Recovered", f"{count(group.count('recovered'))} by a retry" if group.count("recovered") else ""),
        ("First seen", f"{ask.clock.full(group.number('first_seen'))}{', new' if group.flag('is_new') else ''}"),
        ("Last seen", ask.clock.full(group.number("last_seen"))),
        ("Over time", _spark(group)),
    )
    parts = {name: answer.parts(f"{name}s") for name in _PARTS}
    screen.facts(
        *((name.capitalize(), found[0].text("name") or "") for name, found in parts.items() if len(found) == 1)
    )
    for name, found in parts.items():
        if len(found) > 1:
            screen.heading(f"By {name}")
            screen.table((Column("count", right=True), Column(name, least=20)), [_part(part) for part in found])
    screen.heading("Samples")
    screen.table(_SAMPLES, [_sample(ask, screen, sample) for sample in group.parts("samples")])


def _part(part: Part) -> tuple[Cell, ...]:
    return count(part.count("count")), part.text("name") or NONE


def _sample(ask: Asking, screen: Screen, sample: Part) -> tuple[Cell, ...]:
    return (
        ask.clock.at(sample.number("time")),
        screen.identifier(sample.text("trace_id")),
        sample.text("service") or "",
        sample.text("user_id") or "",
        sample.text("message") or sample.text("type") or UNKNOWN,
    )
