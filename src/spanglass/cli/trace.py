"""`spanglass trace`: one trace as a tree, with where its time and money went."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.text import Text

from spanglass.cli.answer import Part
from spanglass.cli.asking import Asking, Shared, question, within
from spanglass.cli.conversation import show_conversation
from spanglass.cli.figures import UNKNOWN, count, duration, money_in_full, percent, plural
from spanglass.cli.figures import bar as share_bar
from spanglass.cli.identifier import whole_id
from spanglass.cli.summary import named, tokens, work_label
from spanglass.cli.table import FAILURE, QUIET, Cell, Column, Screen, name_cell, spend_cell, styled
from spanglass.cli.waterfall import bar, tree

app = typer.Typer()
_SHARE_WIDTH: Final = 24
_WIDTH: Final = 120
"""Where lines are not cut."""
_NARROWEST_BAR: Final = 12
_SINCE: Final = within("24h")[0]
_PAGING: Final = (
    Shared("limit", "Spans a page; 200 unless said.", "limit", "Page", int, 200, metavar="N"),
    Shared("offset", "Spans to skip; the page before says how many.", "offset", "Page", int, metavar="N"),
)


@question(app, _SINCE, *_PAGING, example="spanglass trace 4bf92f3577b34da6a3ce929d0e0e4736 --messages")
def trace(
    ask: Asking,
    trace_id: Annotated[
        str, typer.Argument(metavar="ID", help="32 hex digits; shortened as in a list, it is looked for.")
    ],
    messages: Annotated[
        bool, typer.Option("--messages", help="Show what was said, where the application captured it.")
    ] = False,
) -> None:
    """Show a trace: its spans as a tree over time, where the time went, what each call cost.

    A shortened id is looked for among the newest 10,000 traces of --since.
    """
    asked = ask.narrowed({name: value for name, value in ask.query.items() if name != "from"})
    found = whole_id(ask, trace_id, since=ask.query["from"] or "")

    def draw(ask: Asking, screen: Screen, answer: Part) -> None:
        _draw(ask, screen, answer)
        if messages:
            show_conversation(screen, answer.parts("spans"))

    asked.show(f"/api/v1/traces/{found}", draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    spans = answer.parts("spans")
    total = answer.count("total") or len(spans)
    screen.line(styled(f"Trace {answer.text('trace_id') or UNKNOWN}", "bold"))
    screen.facts(
        ("Start", ask.clock.full(answer.number("start"))),
        ("Duration", duration(answer.number("duration"))),
        ("Spans", f"{count(total)}, {plural(answer.count('calls') or 0, 'model call')}"),
        ("Cost", money_in_full(answer.part("cost")) if answer.part("cost").count("calls") else ""),
        ("Tokens", tokens(answer.part("tokens"))),
    )
    _where(screen, answer)
    screen.line()
    _waterfall(screen, answer, spans)
    _failures(screen, spans)
    _scores(screen, answer)
    if (further := answer.count("next_offset")) is not None:
        screen.command(f"{count(len(spans))} of {count(total)} spans. More:", ask.again("offset", str(further)))


def _where(screen: Screen, answer: Part) -> None:
    """Print where the time went."""
    whole = answer.number("duration") or 0.0
    shares = [(share.text("work"), share.number("seconds") or 0.0) for share in answer.parts("where")]
    shares = sorted((share for share in shares if share[1] > 0), key=lambda share: -share[1])
    if not shares or whole <= 0:
        return
    screen.heading("Where the time went")
    columns = (Column(""), Column("", right=True), Column("", right=True), Column(""))
    screen.grid(
        columns,
        [
            (work_label(work), percent(seconds, whole), duration(seconds), share_bar(seconds / whole, _SHARE_WIDTH))
            for work, seconds in shares
        ],
    )


def _waterfall(screen: Screen, answer: Part, spans: tuple[Part, ...]) -> None:
    whole = answer.number("duration") or 0.0
    room = screen.width or _WIDTH
    bar_width = max(_NARROWEST_BAR, room // 4)
    columns = (
        Column("span", least=28),
        Column("work", spare=3),
        Column("service", spare=5, least=8),
        Column("tokens", right=True, spare=4),
        Column(""),
        Column("duration", right=True),
        Column("cost", right=True, spare=2),
    )
    rows: list[list[Cell]] = []
    for branch, span in zip(tree(spans), spans, strict=True):
        failed = span.text("status") == "error"
        style = FAILURE if failed else ""
        name = Text(branch, style=QUIET).append_text(name_cell(_name(span), failed=failed))
        rows.append(
            [
                name,
                work_label(span.text("work")),
                span.text("service") or "",
                tokens(span.part("call").part("tokens"), brief=True) if span.part("call") else "",
                Text(bar(span, whole, bar_width), style=style),
                duration(span.number("duration")),
                spend_cell(span.part("cost")) if span.part("call") else "",
            ]
        )
    screen.table(columns, rows)


def _name(span: Part) -> str:
    """Return its name, with the model where that does not name it, and which retry it is."""
    call = span.part("call")
    retry = f" (retry {call.count('resend_count')})" if call.count("resend_count") else ""
    model = call.text("response_model") or call.text("request_model")
    return f"{named(span.text('name') or UNKNOWN, model)}{retry}"


def _failures(screen: Screen, spans: tuple[Part, ...]) -> None:
    failed = [span for span in spans if span.text("status") == "error"]
    if not failed:
        return
    screen.heading("What failed")
    for span in failed[:20]:
        said = [said for said in (span.text("error_type"), span.text("status_message")) if said]
        screen.line(styled(f"{span.text('name') or UNKNOWN}: {': '.join(said) or 'it does not say why'}", FAILURE))
    if len(failed) > 20:
        screen.line(f"And {len(failed) - 20} more.")


def _scores(screen: Screen, answer: Part) -> None:
    """Print how its answers were judged."""
    scores = answer.parts("scores")
    if not scores:
        return
    screen.heading("Scores")
    columns = (Column("name"), Column("score", right=True), Column("by", spare=2), Column("why", spare=1, least=16))
    screen.table(
        columns,
        [
            (
                score.text("name") or UNKNOWN,
                " ".join(said for said in (score.text("label"), _number(score.number("value"))) if said) or UNKNOWN,
                score.text("source") or "",
                score.text("explanation") or "",
            )
            for score in scores
        ],
    )


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"
