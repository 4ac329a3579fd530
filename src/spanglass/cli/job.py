"""A job of a server, begun and followed to its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from spanglass.cli.answer import Part, read
from spanglass.cli.asking import Asking, echo_json
from spanglass.errors import ServerUnavailable

_LOOK_AGAIN_S: Final = (0.05, 0.1, 0.2, 0.5)


def run(ask: Asking, path: str, document: Mapping[str, object], *, what: str) -> Part | None:
    """Begin a job and return it when it is done; None where it was printed as JSON.

    Args:
        ask: The server, and the form of output.
        path: Where it is begun.
        document: What is asked for.
        what: What happens, for people who wait.

    Raises:
        ServerUnavailable: It failed, or the server cannot be asked.
        QueryError: It cannot be asked for.
    """
    body = ask.client.post(path, document)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        tries = 0
        while (job := read(body, ask.client.server)).text("state") == "running":
            time.sleep(_LOOK_AGAIN_S[min(tries, len(_LOOK_AGAIN_S) - 1)])
            tries += 1
            body = ask.client.get(f"/api/v1/jobs/{job.text('id')}")
            part = job.number("progress")
            bar.update(task, total=None if part is None else 1.0, completed=part or 0.0)
    if job.text("state") != "done":
        raise ServerUnavailable(f"The server {ask.client.server} could not do it: {job.text('message')}")
    if ask.as_json:
        echo_json(body)
        return None
    return job
