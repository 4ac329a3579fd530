"""`spanglass up`: starts the server, and with `--demo` the demo beside it."""

from __future__ import annotations

import json
import re
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from spanglass import settings
from spanglass.cli.extras import SERVER, require
from spanglass.cli.flag import flag
from spanglass.errors import SpanglassError
from spanglass.settings import Sources
from spanglass.version import __version__

if TYPE_CHECKING:
    from spanglass.server.app import Addresses
    from spanglass.server.config import Config

app = typer.Typer()
# "All addresses" is where a server listens, not an address that a browser or an application can be given.
_ANY_HOST = re.compile(r"(?<=//)0\.0\.0\.0(?=:)|(?<=//)\[::\](?=:)|^0\.0\.0\.0(?=:)|^\[::\](?=:)")
_PORT = {"min": 0, "max": 65_535}


@app.command(epilog="Example: spanglass up --demo")
def up(
    data: Annotated[str | None, flag(settings.DATA, "--data", metavar="DIR")] = None,
    store: Annotated[str | None, flag(settings.STORE, "--store", metavar="URL")] = None,
    host: Annotated[str | None, flag(settings.HOST, "--host")] = None,
    port: Annotated[int | None, flag(settings.PORT, "--port", **_PORT)] = None,
    otlp_http_port: Annotated[int | None, flag(settings.OTLP_HTTP_PORT, "--otlp-http-port", **_PORT)] = None,
    otlp_grpc_port: Annotated[int | None, flag(settings.OTLP_GRPC_PORT, "--otlp-grpc-port", **_PORT)] = None,
    *,
    demo: Annotated[bool | None, flag(settings.DEMO, "--demo/--no-demo")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one line of JSON.")] = False,
) -> None:
    """Start spanglass: receive telemetry, keep it, show it in the browser. Runs until Ctrl-C."""
    require("up", "server", SERVER)
    from spanglass.server.app import run  # noqa: PLC0415 - the server's packages are an extra
    from spanglass.server.config import Config  # noqa: PLC0415 - likewise
    from spanglass.server.store.open import store_shown  # noqa: PLC0415 - likewise

    sources = Sources.load()
    config = Config.load(
        sources, data=data, host=host, port=port, otlp_http_port=otlp_http_port, otlp_grpc_port=otlp_grpc_port
    )
    if store:
        config = replace(config, store=store)
    kept_in = store_shown(config)
    beside = _Beside(config) if sources.get(settings.DEMO, demo) else None

    def ready(addresses: Addresses) -> None:
        _tell(addresses, config, kept_in, as_json=as_json, demo=beside is not None)
        if beside:
            beside.start(addresses)

    try:
        run(config, ready=ready)
    finally:
        if beside:
            beside.stop()


class _Beside:
    """The demo, started in a thread so that the server serves meanwhile."""

    def __init__(self, config: Config) -> None:
        from spanglass.standin.demo import Demo  # noqa: PLC0415 - only for --demo

        self._demo = Demo(api_key=config.api_key)
        self._thread: threading.Thread | None = None

    def start(self, addresses: Addresses) -> None:
        self._thread = threading.Thread(target=self._run, args=(addresses.otlp_http,), name="spanglass-demo")
        self._thread.start()

    def stop(self) -> None:
        if self._thread:
            self._thread.join()
        self._demo.stop()

    def _run(self, endpoint: str) -> None:
        try:
            self._demo.start(endpoint)
        except SpanglassError as error:
            sys.stderr.write(f"spanglass: {error}\n")


def _tell(addresses: Addresses, config: Config, kept_in: str, *, as_json: bool, demo: bool) -> None:
    if as_json:
        told = {"ui": addresses.ui, "otlp_http": addresses.otlp_http, "otlp_grpc": addresses.otlp_grpc}
        typer.echo(json.dumps(told | {"data": kept_in}))
    else:
        typer.echo(_text(addresses, config, kept_in, demo=demo))
    sys.stdout.flush()


def _text(addresses: Addresses, config: Config, kept_in: str, *, demo: bool) -> str:
    """Return what a person reads at the start: where to look, and how to point an application here."""
    host = next((name for name in config.allowed_hosts if name != "*"), "127.0.0.1")
    ui, otlp_http, otlp_grpc = (
        _ANY_HOST.sub(host, address, count=1) for address in (addresses.ui, addresses.otlp_http, addresses.otlp_grpc)
    )
    elsewhere = otlp_http.removeprefix("http://") not in {"127.0.0.1:4318", "localhost:4318"}
    argument = f', endpoint="{otlp_http}"' if elsewhere else ""
    lines = [
        f"spanglass {__version__}",
        "",
        f"  Open            {ui}",
        f"  OTLP/HTTP       {otlp_http}",
        f"  OTLP/gRPC       {otlp_grpc}",
        f"  Data            {kept_in}",
        "",
    ]
    if config.api_key:
        lines += [
            f"Every request needs the key; applications send it when {settings.SDK_API_KEY.env} is set to it.",
            "",
        ]
    if demo:
        lines += ["The demo chatbot is starting; its traces show within seconds."]
    else:
        call = f'spanglass.init(service_name="my-app"{argument})'
        lines += ["Point an application here:", "", "  import spanglass", f"  {call}", ""]
    lines.append("Stop with Ctrl-C.")
    return "\n".join(lines)
