"""`spanglass sessions`: conversations, and one turn by turn."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, Shared, question, within
from spanglass.cli.figures import UNKNOWN, count, duration, money, money_in_full
from spanglass.cli.summary import tokens
from spanglass.cli.table import FAILURE, QUIET, Cell, Column, Screen, errors_cell, money_cell, styled

app = typer.Typer()
_SESSIONS: Final = (
    Column("last active"),
    Column("session", least=14),
    Column("user", spare=1, least=8),
    Column("turns", right=True),
    Column("calls", right=True, spare=2),
    Column("errors", right=True),
    Column("lasted", right=True),
    Column("tokens", right=True, spare=4),
    Column("cost", right=True),
    Column("features", spare=5, least=10),
    Column("models", spare=6, least=14),
    Column("services", spare=7, least=10),
)
_OFFSET: Final = Shared(
    "offset", "Of one: turns to skip; the page before says how many.", "offset", "Page", int, metavar="N"
)
_OF_ONE: Final = frozenset({"from", "to", "limit", "offset"})


@question(app, *within("24h"), *FILTERS, *PAGE, _OFFSET, example="spanglass sessions --since 7d --user ann")
def sessions(
    ask: Asking,
    session: Annotated[
        str | None, typer.Argument(metavar="ID", help="A session, to see its turns.", show_default=False)
    ] = None,
) -> None:
    """Show conversations, the latest first; of one, its turns: what was said, how long it took, what it cost.

    One is shown whole, whenever it was, unless a range is given.
    """
    if session is None:
        asked = ask.narrowed({name: value for name, value in ask.query.items() if name != "offset"})
        asked.show("/api/v1/sessions", _draw_all)
        return
    asked = ask.narrowed({name: value for name, value in ask.query.items() if name in _OF_ONE - ask.assumed})
    asked.show(f"/api/v1/sessions/{quote(session, safe='')}", _draw_one)


def _draw_all(ask: Asking, screen: Screen, answer: Part) -> None:
    found = answer.parts("sessions")
    if not found:
        ask.nothing(screen, "sessions")
        return
    screen.table(_SESSIONS, [_row(ask, session) for session in found])
    ask.pages(screen, answer)


def _row(ask: Asking, session: Part) -> tuple[Cell, ...]:
    return (
        ask.clock.at(session.number("end")),
        session.text("session_id") or UNKNOWN,
        session.text("user_id") or "",
        count(session.count("turns")),
        count(session.count("calls")),
        errors_cell(session.count("errors")),
        duration(session.number("duration")),
        tokens(session.part("tokens"), brief=True),
        money_cell(session.part("cost")),
        ", ".join(session.texts("features")),
        ", ".join(session.texts("models")),
        ", ".join(session.texts("services")),
    )


def _draw_one(ask: Asking, screen: Screen, answer: Part) -> None:
    session = answer.part("session")
    screen.line(styled(f"Session {session.text('session_id') or UNKNOWN}", "bold"))
    screen.facts(
        ("User", session.text("user_id") or ""),
        ("From", ask.clock.full(session.number("start"))),
        ("To", ask.clock.full(session.number("end"))),
        ("Turns", count(session.count("turns"))),
        ("Cost", money_in_full(session.part("cost"))),
        ("Tokens", tokens(session.part("tokens"))),
    )
    for turn in answer.parts("turns"):
        _turn(ask, screen, turn)
    if (further := answer.count("next_offset")) is not None:
        screen.command("More:", ask.again("offset", str(further)))


def _turn(ask: Asking, screen: Screen, turn: Part) -> None:
    """Print one turn: when and what it took, then what was said."""
    gap, first = turn.number("gap"), turn.number("first_token")
    said = (
        ask.clock.at(turn.number("start")),
        turn.text("name") or UNKNOWN,
        duration(turn.number("duration")),
        f"first token {duration(first)}" if first is not None else "",
        money(turn.part("cost")) if turn.part("cost").count("calls") else "",
        f"{duration(gap)} after the turn before" if gap is not None and gap > 0 else "",
        screen.identifier(turn.text("trace_id")),
    )
    screen.line()
    screen.line(styled(" · ".join(part for part in said if part), FAILURE if turn.text("status") == "error" else QUIET))
    for who, name in (("user", "question"), ("model", "answer")):
        if text := turn.text(name):
            screen.block(f"{who}: {text}")
