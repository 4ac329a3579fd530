"""Which exporters the standard variables ask for, and how each is made; sending and queueing are done elsewhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from spanglass.sdk.guard import logger, safely
from spanglass.sdk.transport import Haste, Urllib3Transport, fits

if TYPE_CHECKING:
    from spanglass.sdk.dropped import Signal

DEFAULT_ENDPOINT = "http://localhost:4318"
_HTTP = "http/protobuf"
_PACKAGE = "opentelemetry.exporter.otlp.proto"
_CLASSES: Mapping[str, tuple[str, str]] = {
    "traces": ("trace_exporter", "OTLPSpanExporter"),
    "metrics": ("metric_exporter", "OTLPMetricExporter"),
    "logs": ("_log_exporter", "OTLPLogExporter"),
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where `init` was told to send, beyond what OTEL_* variables say.

    Attributes:
        environ: The process's variables.
        haste: Set when the process is about to end.
        endpoint: Base URL for OTLP/HTTP, target for OTLP/gRPC; None leaves it to OTEL_EXPORTER_OTLP_*.
        api_key: Sent as a bearer token.
    """

    environ: Mapping[str, str]
    haste: Haste
    endpoint: str | None = None
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """One exporter that a signal asks for.

    Attributes:
        name: As in OTEL_TRACES_EXPORTER: otlp, console, ...
        where: For people: the endpoint, or the name.
        make: Makes it; an exporter, or for metrics also a reader.
    """

    name: str
    where: str
    make: Callable[[], Any]


def plans(signal: Signal, destination: Destination) -> list[Plan]:
    """Return the exporters that OTEL_{signal}_EXPORTER asks for; `otlp` when it is not set, none for `none`."""
    asked = destination.environ.get(f"OTEL_{signal.upper()}_EXPORTER") or "otlp"
    found = []
    for name in (part.strip() for part in asked.split(",")):
        if not name or name == "none":
            continue
        with safely(f"exporters.{signal}"):
            plan = _otlp(signal, name, destination) if name.startswith("otlp") else _named(signal, name)
            if plan is not None:
                found.append(plan)
    return found


def _variable(environ: Mapping[str, str], signal: Signal, name: str) -> str | None:
    """An OTLP variable: the signal's own, else the one for all."""
    return environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}") or environ.get(f"OTEL_EXPORTER_OTLP_{name}")


def _otlp(signal: Signal, name: str, destination: Destination) -> Plan | None:
    protocol = (_variable(destination.environ, signal, "PROTOCOL") or _HTTP).strip().lower()
    if name == "otlp_proto_grpc" or (name == "otlp" and protocol == "grpc"):
        return _grpc(signal, name, destination)
    if protocol not in {_HTTP, "grpc"}:
        logger.warning(
            "OTEL_EXPORTER_OTLP_PROTOCOL asks for %r, which no Python exporter speaks; %s are sent as %s. "
            "Use http/protobuf or grpc.",
            protocol,
            signal,
            _HTTP,
        )
    return Plan(name, _where(signal, destination), _http(signal, destination))


def _where(signal: Signal, destination: Destination) -> str:
    if destination.endpoint is None and (
        own := destination.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    ):
        return own
    base = destination.endpoint or destination.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or DEFAULT_ENDPOINT
    if "://" not in base:
        base = f"http://{base}"
    return f"{base.rstrip('/')}/v1/{signal}"


def _http(signal: Signal, destination: Destination) -> Callable[[], object]:
    """Import what sending needs, now: a fork while another thread imports would lock the child up."""
    module, name = _CLASSES[signal]
    exporter = getattr(import_module(f"{_PACKAGE}.http.{module}"), name)
    environ = destination.environ
    with_session = any(variable.endswith("_CREDENTIAL_PROVIDER") and "OTLP" in variable for variable in environ)
    light = "_transport" in inspect.signature(exporter.__init__).parameters and fits(environ) and not with_session
    for needed in ("encodings.idna", "urllib3", "certifi") if light else ("encodings.idna", "requests"):
        import_module(needed)

    def make() -> object:
        keywords: dict[str, object] = {"endpoint": _where(signal, destination), "headers": _bearer(destination)}
        if light:
            certificate, key = (_variable(environ, signal, f"CLIENT_{part}") for part in ("CERTIFICATE", "KEY"))
            keywords["_transport"] = Urllib3Transport(
                _variable(environ, signal, "CERTIFICATE"),
                (certificate, key) if certificate and key else certificate,
                destination.haste,
            )
        return exporter(**keywords)

    return make


def _grpc(signal: Signal, name: str, destination: Destination) -> Plan | None:
    if not (_installed("grpc") and _installed(f"{_PACKAGE}.grpc")):
        logger.warning(
            "OTLP/gRPC is asked for %s, but its exporter is not installed, so they are not sent. "
            'Install "spanglass[grpc]", or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.',
            signal,
        )
        return None

    module, kind = _CLASSES[signal]
    exporter = getattr(import_module(f"{_PACKAGE}.grpc.{module}"), kind)

    def make() -> object:
        return exporter(endpoint=destination.endpoint, headers=_bearer(destination))

    where = destination.endpoint or _variable(destination.environ, signal, "ENDPOINT") or "http://localhost:4317"
    return Plan(name, where, make)


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _bearer(destination: Destination) -> dict[str, str] | None:
    return {"authorization": f"Bearer {destination.api_key}"} if destination.api_key else None


def _named(signal: Signal, name: str) -> Plan | None:
    """An exporter that some installed package offers, such as console."""
    found = next(iter(entry_points(group=f"opentelemetry_{signal}_exporter", name=name)), None)
    if found is None:
        logger.warning(
            "OTEL_%s_EXPORTER asks for %r, which no installed package offers; it is left out.", signal.upper(), name
        )
        return None

    return Plan(name, name, found.load())
