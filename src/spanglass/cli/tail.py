"""`spanglass tail`: spans as they arrive."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

import typer
from rich.text import Text

from spanglass.cli.answer import Part, read
from spanglass.cli.asking import FILTERS, Asking, echo_json, question
from spanglass.cli.events import Event, events
from spanglass.cli.figures import UNKNOWN, duration, plural
from spanglass.cli.summary import named, work_label
from spanglass.cli.table import QUIET, Screen, name_cell, spend_cell, styled
from spanglass.cli.text import seen
from spanglass.errors import ServerUnavailable

app = typer.Typer()
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_WIDTHS: Final = {"time": 8, "trace": 13, "work": 9, "duration": 9, "cost": 10}
_WHOLE_ID: Final = 32
_NARROWEST: Final = 20


@question(app, *FILTERS, example="spanglass tail --where 'status:error OR cost>0.01'")
def tail(ask: Asking) -> None:
    """Follow spans as they arrive, until Ctrl-C; a server that goes away is asked again until it is back.

    With --json each span is a line of JSON.
    """
    follower = _Follower(ask, Screen())
    try:
        while True:
            follower.follow()
    except KeyboardInterrupt:
        return


class _Follower:
    """Shows what a server tells, over one connection after the other."""

    def __init__(self, ask: Asking, screen: Screen) -> None:
        self._ask = ask
        self._screen = screen
        self._last_id: str | None = None
        self._known = False
        self._wait_s = _FIRST_WAIT_S

    def follow(self) -> None:
        """Show events while a connection lasts, then wait a while.

        Raises:
            ServerUnavailable: The server has never answered.
            ConfigurationError, QueryError: It refuses what is asked.
        """
        resumed = {} if self._last_id is None else {"last-event-id": self._last_id}
        said = "The server ended the stream."
        try:
            pieces = self._ask.client.pieces(
                "/api/v1/tail", self._ask.query, {"accept": "text/event-stream", **resumed}
            )
            for event in events(self._noted(pieces)):
                self._last_id = event.last_id or self._last_id
                self._show(event)
        except ServerUnavailable as error:
            if not self._known:
                raise
            said = str(error)
        _note(f"{said} Asking again in {duration(self._wait_s)}.")
        time.sleep(self._wait_s)
        self._wait_s = min(_LONGEST_WAIT_S, self._wait_s * 2)

    def _noted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on what comes, and note that the server is there."""
        for piece in pieces:
            self._known, self._wait_s = True, _FIRST_WAIT_S
            yield piece

    def _show(self, event: Event) -> None:
        body = event.data.encode("utf-8", "surrogatepass")
        if event.name == "dropped":
            lost = read(body, self._ask.client.server).count("dropped") or 0
            _note(f"{plural(lost, 'span')} more came than can be shown; narrow to fewer.")
        elif event.name == "span":
            if self._ask.as_json:
                echo_json(body)
            else:
                self._line(read(body, self._ask.client.server))
            sys.stdout.flush()

    def _line(self, span: Part) -> None:
        """Print a span in columns of fixed width; its name, and why it failed, take what is left."""
        screen, failed = self._screen, span.text("status") == "error"
        said = name_cell(named(span.text("name") or UNKNOWN, span.text("model")), failed=failed)
        if failed and (why := span.text("error_message") or span.text("error_type")):
            said.append_text(styled(f"  {why}", QUIET))
        widths = _WIDTHS if screen.width else {**_WIDTHS, "trace": _WHOLE_ID}
        taken = sum(widths.values()) + 2 * len(widths)
        left = max(_NARROWEST, screen.width - taken) if screen.width else said.cell_len
        cells = {
            "time": styled(self._ask.clock.hour(span.number("start"))),
            "trace": styled(screen.identifier(span.text("trace_id")), QUIET),
            "work": styled(work_label(span.text("work"))),
            "duration": styled(duration(span.number("duration"))),
            "cost": spend_cell(span.part("cost")) if span.text("operation") else Text(),
        }
        row = [(cell, column in {"duration", "cost"}, widths[column]) for column, cell in cells.items()]
        screen.row([*row, (said, False, left)])


def _note(text: str) -> None:
    """Say something that is no span."""
    typer.echo(f"spanglass: {seen(text)}", err=True)
