"""`spanglass doctor`: does telemetry get from here to the page, and if not, where does it stop."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from spanglass import settings
from spanglass.cli.flag import flag
from spanglass.cli.version import versions
from spanglass.errors import ConfigurationError
from spanglass.settings import Sources

if TYPE_CHECKING:
    from spanglass.cli.diagnosis import Finding

app = typer.Typer()
_MARKS = {"ok": "✓", "note": "·", "fail": "✗"}


@app.command(epilog="Example: spanglass doctor --endpoint http://localhost:4318")
def doctor(
    endpoint: Annotated[str | None, flag(settings.SDK_ENDPOINT, "--endpoint")] = None,
    server: Annotated[
        str | None,
        typer.Option(
            help="Address of the UI, to ask for the test span. Default: SPANGLASS_PORT on the endpoint's host.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find out whether telemetry gets from here to the page: settings, hooks, endpoint, and a test span there and back.

    Run it with the Python and the variables of the application.
    It leaves one trace, of service spanglass-doctor.
    Exit code 1 means that something failed.
    """
    sources = Sources.load()
    if server is not None and not server.startswith(("http://", "https://")):
        raise ConfigurationError(f"--server {server} is no address; write it as http://127.0.0.1:4400.")
    findings = _findings(sources, endpoint, server)
    healthy = all(finding.status != "fail" for finding in findings)
    if as_json:
        listed = [
            {"about": found.about, "status": found.status, "says": found.says, "cure": found.cure} for found in findings
        ]
        typer.echo(json.dumps({"healthy": healthy, "versions": versions(), "findings": listed}))
    else:
        _print(findings, healthy=healthy)
    raise typer.Exit(0 if healthy else 1)


def _findings(sources: Sources, endpoint: str | None, server: str | None) -> list[Finding]:
    from spanglass.cli import diagnosis  # noqa: PLC0415 - `--help` needs no SDK
    from spanglass.sdk.runtime import init, outlets, shutdown  # noqa: PLC0415 - likewise

    findings = list(diagnosis.variables(os.environ))
    os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", "3")  # seconds; an application may be more patient
    init(service_name=diagnosis.SERVICE_NAME, endpoint=endpoint)
    findings += diagnosis.hooked()
    findings += diagnosis.around()
    findings += diagnosis.doubles()
    exported, trace_id = diagnosis.export()
    findings.append(exported)
    findings += diagnosis.reached()
    ours = next((outlet.destination for outlet in outlets() if diagnosis.keeps_traces(outlet.name)), None)
    if trace_id and (server or ours):
        address = server or diagnosis.server_of(ours, sources)
        findings.append(diagnosis.arrival(trace_id, address.rstrip("/"), diagnosis.api_key(sources)))
    shutdown()
    return findings


def _print(findings: list[Finding], *, healthy: bool) -> None:
    typer.echo("  ".join(f"{name} {number}" for name, number in versions().items()) + "\n")
    for found in findings:
        typer.echo(f"{_MARKS[found.status]} {found.about:<10} {found.says}")
        if found.cure:
            typer.echo(f"  {'':<10} {found.cure}")
    typer.echo("\nTelemetry gets through." if healthy else "\nTelemetry does not get through; begin with the first ✗.")
