"""`spanglass import`: sends what was exported to a receiver of OTLP."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final
from urllib.parse import urlsplit, urlunsplit

import typer

from spanglass.cli.answer import read
from spanglass.cli.asking import Asking, question
from spanglass.cli.client import Client, Sent
from spanglass.cli.figures import count
from spanglass.cli.files import opened
from spanglass.cli.table import Screen
from spanglass.errors import ConfigurationError, ServerUnavailable

app = typer.Typer()
_SIGNALS: Final = {"resourceSpans": "traces", "resourceLogs": "logs", "resourceMetrics": "metrics"}
_LONGEST: Final = 64 * 1024 * 1024
_HEAD: Final = 64
_LATER: Final = frozenset({429, 502, 503, 504})
_PATIENCE_S: Final = 120.0


@question(app, example="spanglass import week.jsonl.gz")
def import_(
    ask: Asking,
    file: Annotated[Path, typer.Argument(help="Lines of OTLP/JSON; gzip where it ends in .gz; - is standard input.")],
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint", help="Base URL of the OTLP/HTTP receiver. Default: that of --server.", metavar="URL"
        ),
    ] = None,
) -> None:
    """Send what was exported to a server, or to any receiver of OTLP. What is there already is not doubled."""
    client = Client.load(endpoint or _receiver(ask))
    lines = 0
    with opened(file) as stream:
        for number, line in _lines(stream, file):
            _deliver(client, _signal(line, number, file), line, f"{file}, line {number}")
            lines += 1
    if ask.as_json:
        typer.echo(json.dumps({"lines": lines}))
    else:
        Screen().line(f"Sent {count(lines)} export requests to {client.server}.")


def _receiver(ask: Asking) -> str:
    """Return where the server takes OTLP, on the host it is asked at."""
    health = read(ask.client.get("/healthz"), ask.client.server)
    port = health.part("otlp").count("http")
    if port is None:
        raise ConfigurationError("The server does not say where it takes OTLP; name it with --endpoint.")
    where = urlsplit(ask.client.server)
    host = f"[{where.hostname}]" if ":" in (where.hostname or "") else where.hostname
    return urlunsplit((where.scheme, f"{host}:{port}", "", "", ""))


def _lines(stream: BinaryIO | gzip.GzipFile, file: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(_LONGEST + 1):
        number += 1
        if len(line) > _LONGEST:
            raise ConfigurationError(
                f"{file}, line {number} is longer than {_LONGEST} bytes; that is no export request."
            )
        if line.strip():
            yield number, line


def _signal(line: bytes, number: int, file: Path) -> str:
    """Return what a line carries, by its first name."""
    name = line[:_HEAD].partition(b'"')[2].partition(b'"')[0].decode("utf-8", "replace")
    signal = _SIGNALS.get(name)
    if signal is None:
        raise ConfigurationError(
            f"{file}, line {number} is no export request: it begins with neither {', '.join(_SIGNALS)}."
        )
    return signal


def _deliver(client: Client, signal: str, line: bytes, where: str) -> None:
    """Send a line until it is taken.

    Raises:
        ConfigurationError: It is refused for good, or in part.
        ServerUnavailable: It was not taken for two minutes.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        sent = client.send(f"/v1/{signal}", line)
        if sent.status in _LATER and time.monotonic() < until:
            time.sleep(min(sent.retry_after_s or 1.0, 10.0))
            continue
        said = _said(sent)
        if sent.status == 401:
            raise ConfigurationError(f"{client.server} refuses the key, or wants one: {said}")
        if sent.status in _LATER:
            raise ServerUnavailable(f"{client.server} does not take {where} ({sent.status}): {said}")
        if sent.status != 200 or said:
            raise ConfigurationError(f"{client.server} refuses {where} ({sent.status}): {said}")
        return


def _said(sent: Sent) -> str:
    """Return what a receiver says against a line; nothing where it took all of it."""
    try:
        document = json.loads(sent.body or b"{}")
    except ValueError:
        return "" if sent.status == 200 else "it gives no reason"
    partial = document.get("partialSuccess") if isinstance(document, dict) else None
    said = partial.get("errorMessage") if isinstance(partial, dict) else document.get("message")
    return str(said)[:500] if said else ""
