"""Which exporters the destinations or standard variables ask for, and how each is made; queueing is done elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from spanglass.sdk.destinations import SPANGLASS_DEFAULT, Destination, public
from spanglass.sdk.encoding.logs import LogEncoder
from spanglass.sdk.encoding.metrics import MetricEncoder
from spanglass.sdk.encoding.spans import SpanEncoder
from spanglass.sdk.guard import logger, safely
from spanglass.sdk.otlp import COMPRESSIONS, OtlpExporter, OtlpMetricExporter, secrets_of
from spanglass.sdk.transport import Haste, HttpTransport, Transport
from spanglass.settings import SDK_API_KEY
from spanglass.version import __version__

if TYPE_CHECKING:
    from spanglass.sdk.dropped import Signal

_HTTP = "http/protobuf"
_GRPC_DEFAULT = "http://localhost:4317"
# OpenTelemetry's own, for what only they do: sessions that a credential provider makes.
_STANDARD_CLASSES: Mapping[str, tuple[str, str]] = {
    "traces": ("trace_exporter", "OTLPSpanExporter"),
    "metrics": ("metric_exporter", "OTLPMetricExporter"),
    "logs": ("_log_exporter", "OTLPLogExporter"),
}
_TIMEOUT_S = 10.0
_HEADERS = {
    "content-type": "application/x-protobuf",
    "user-agent": f"OTel-OTLP-Exporter-Python/spanglass-{__version__}",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """Where `init` was told to send.

    Attributes:
        environ: The process's variables.
        haste: Set when the process is about to end.
        endpoint: Base URL for OTLP/HTTP, target for OTLP/gRPC; None leaves it to OTEL_EXPORTER_OTLP_*.
        api_key: Sent as a bearer token.
        destinations: Where to; None leaves it to `endpoint` and OTEL_{signal}_EXPORTER.
    """

    environ: Mapping[str, str]
    haste: Haste
    endpoint: str | None = None
    api_key: str | None = field(default=None, repr=False)
    destinations: tuple[Destination, ...] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One exporter that a signal asks for.

    Attributes:
        name: As in OTEL_TRACES_EXPORTER or SPANGLASS_DESTINATIONS.
        where: For people: the endpoint, or the name.
        make: Makes it; an exporter, or for metrics also a reader.
        credentials: Where its key is set.
    """

    name: str
    where: str
    make: Callable[[], Any]
    credentials: tuple[str, ...] = ()


def plans(signal: Signal, sending: Sending) -> list[Plan]:
    """Return the exporters of a signal; none where OTEL_{signal}_EXPORTER says `none`."""
    asked = sending.environ.get(f"OTEL_{signal.upper()}_EXPORTER") or "otlp"
    names = [part.strip() for part in asked.split(",") if part.strip()]
    found: list[Plan | None] = []
    if sending.destinations is not None:
        for destination in sending.destinations if names != ["none"] else ():
            if signal in destination.signals:
                with safely(f"exporters.{signal}"):
                    found.append(_plan(signal, destination, sending))
    else:
        for name in names:
            if name != "none":
                with safely(f"exporters.{signal}"):
                    found.append(_standard(signal, name, sending) if name.startswith("otlp") else _named(signal, name))
    return [plan for plan in found if plan is not None]


def _plan(signal: Signal, destination: Destination, sending: Sending) -> Plan | None:
    if destination.protocol == "console":
        make = import_module("spanglass.sdk.console").exporter_of(signal)
        return Plan(destination.name, "standard error", make)
    if destination.protocol == "standard":
        return _standard(signal, "otlp", Sending(sending.environ, sending.haste))
    if destination.protocol == "grpc":
        return _grpc(signal, destination, sending)
    split = urlsplit(destination.address)
    url = urlunsplit(split._replace(path=f"{split.path.rstrip('/')}/v1/{signal}"))
    return _http(signal, url, destination, sending)


def _variable(environ: Mapping[str, str], signal: Signal, name: str) -> str | None:
    """An OTLP variable: the signal's own, else the one for all."""
    return environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}") or environ.get(f"OTEL_EXPORTER_OTLP_{name}")


def _standard(signal: Signal, name: str, sending: Sending) -> Plan | None:
    """What OTEL_EXPORTER_OTLP_* variables ask for, and spanglass's own endpoint and key before them."""
    environ = sending.environ
    headers = dict(_environment_headers(_variable(environ, signal, "HEADERS") or ""))
    if sending.api_key:
        headers["authorization"] = f"Bearer {sending.api_key}"
    credentials = (SDK_API_KEY.env, "OTEL_EXPORTER_OTLP_HEADERS")
    protocol = (_variable(environ, signal, "PROTOCOL") or _HTTP).strip().lower()
    label = "otlp" if sending.endpoint is None else "spanglass"
    if name == "otlp_proto_grpc" or (name == "otlp" and protocol == "grpc"):
        address = _grpc_address(sending.endpoint or _variable(environ, signal, "ENDPOINT") or _GRPC_DEFAULT, environ)
        return _grpc(signal, Destination(label, "grpc", address, headers, credentials=credentials), sending)
    if protocol not in {_HTTP, "grpc"}:
        logger.warning(
            "OTEL_EXPORTER_OTLP_PROTOCOL asks for %r, which no Python exporter speaks; %s are sent as %s. "
            "Use http/protobuf or grpc.",
            protocol,
            signal,
            _HTTP,
        )
    url = _standard_url(signal, sending)
    if any(variable.endswith("_CREDENTIAL_PROVIDER") and "OTLP" in variable for variable in environ):
        return _of_session(signal, url, headers)
    return _http(signal, url, Destination(label, "http", url, headers, credentials=credentials), sending)


def _standard_url(signal: Signal, sending: Sending) -> str:
    if sending.endpoint is None and (own := sending.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")):
        return own
    base = sending.endpoint or sending.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or SPANGLASS_DEFAULT
    if "://" not in base:
        base = f"http://{base}"
    return f"{base.rstrip('/')}/v1/{signal}"


def _grpc_address(address: str, environ: Mapping[str, str]) -> str:
    """With a scheme that says whether it is encrypted: OTEL_EXPORTER_OTLP_INSECURE decides except for https."""
    scheme, _, target = address.rpartition("://")
    insecure = (environ.get("OTEL_EXPORTER_OTLP_INSECURE") or str(scheme == "http")).strip().lower() == "true"
    return f"{'http' if insecure and scheme != 'https' else 'https'}://{target}"


def _environment_headers(text: str) -> Mapping[str, str]:
    if not text:
        return {}
    from opentelemetry.util.re import parse_env_headers  # noqa: PLC0415 - imported by OpenTelemetry already

    return parse_env_headers(text, liberal=True)


@dataclass(frozen=True, slots=True)
class _Trust:
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None


def _trust(signal: Signal, destination: Destination, environ: Mapping[str, str]) -> _Trust:
    if not destination.own_trust:
        return _Trust()
    return _Trust(*(_variable(environ, signal, name) for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")))


def _http(signal: Signal, url: str, destination: Destination, sending: Sending) -> Plan:
    """Import what sending needs, now: a fork while another thread imports would lock the child up."""
    for needed in ("encodings.idna", "urllib3", "certifi"):
        import_module(needed)
    trust, compression = _trust(signal, destination, sending.environ), _compression(signal, sending.environ)
    headers = {**_HEADERS, **{name.lower(): value.strip() for name, value in destination.headers.items()}}
    if compression is not None:
        headers["Content-Encoding"] = compression

    def carry() -> Transport:
        return HttpTransport(url, headers, trust=trust, environ=sending.environ, haste=sending.haste)

    make = _maker(signal, carry, destination, sending, compression)
    return Plan(destination.name, public(url), make, destination.credentials)


def _grpc(signal: Signal, destination: Destination, sending: Sending) -> Plan | None:
    if not _installed("grpc"):
        logger.warning(
            "OTLP/gRPC is asked for %s, but its exporter is not installed, so they are not sent. "
            'Install "spanglass[grpc]", or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.',
            signal,
        )
        return None
    from spanglass.sdk.grpc_transport import GrpcTransport  # noqa: PLC0415 - grpcio takes 11 MB

    environ, haste = sending.environ, sending.haste
    scheme, _, target = destination.address.rpartition("://")
    target = target.partition("/")[0]
    trust = _trust(signal, destination, environ)
    compressed = _compression(signal, environ) == "gzip"

    def carry() -> Transport:
        return GrpcTransport(
            target,
            signal,
            tls=scheme != "http",
            headers=destination.headers,
            trust=trust,
            compressed=compressed,
            haste=haste,
        )

    make = _maker(signal, carry, destination, sending, None)
    return Plan(destination.name, public(destination.address), make, destination.credentials)


def _maker(
    signal: Signal, carry: Callable[[], Transport], destination: Destination, sending: Sending, compression: str | None
) -> Callable[[], OtlpExporter[Any]]:
    encode = _encoder(signal)
    timeout_s = _timeout_s(signal, sending.environ)
    kind = OtlpMetricExporter if signal == "metrics" else OtlpExporter

    def make() -> OtlpExporter[Any]:
        exporter: OtlpExporter[Any] = kind(
            encode,
            carry(),
            timeout_s=timeout_s,
            compress=None if compression is None else COMPRESSIONS[compression],
            secrets=secrets_of(destination.headers),
            haste=sending.haste,
        )
        if isinstance(exporter, OtlpMetricExporter):
            _prefer(exporter, cumulative=destination.cumulative)
        return exporter

    return make


def _encoder(signal: Signal) -> Callable[[Any], bytes]:
    if signal == "traces":
        return SpanEncoder().request
    return MetricEncoder().request if signal == "metrics" else LogEncoder().request


def _prefer(exporter: OtlpMetricExporter, *, cumulative: bool) -> None:
    from opentelemetry.exporter.otlp.common import _aggregation  # noqa: PLC0415 - reads OTEL_EXPORTER_OTLP_METRICS_*
    from opentelemetry.sdk.metrics.export import AggregationTemporality  # noqa: PLC0415 - imported by `providers` already

    preferred = _aggregation._get_temporality(None)  # noqa: SLF001 - the one reader of the standard variables
    if cumulative:
        preferred = dict.fromkeys(preferred, AggregationTemporality.CUMULATIVE)
    exporter._preferred_temporality = preferred  # noqa: SLF001 - OpenTelemetry's name for it
    exporter._preferred_aggregation = _aggregation._get_aggregation(None)  # noqa: SLF001 - likewise


def _compression(signal: Signal, environ: Mapping[str, str]) -> str | None:
    asked = (_variable(environ, signal, "COMPRESSION") or "none").strip().lower()
    if asked in COMPRESSIONS:
        return asked
    if asked != "none":
        logger.warning(
            "OTEL_EXPORTER_OTLP_COMPRESSION is %r; use gzip, deflate or none. %s are sent uncompressed.", asked, signal
        )
    return None


def _timeout_s(signal: Signal, environ: Mapping[str, str]) -> float:
    text = _variable(environ, signal, "TIMEOUT") or str(_TIMEOUT_S)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        logger.warning(
            "OTEL_EXPORTER_OTLP_TIMEOUT is %r; use a number of seconds above 0. %g is used.", text, _TIMEOUT_S
        )
        return _TIMEOUT_S
    return seconds


def _of_session(signal: Signal, url: str, headers: Mapping[str, str]) -> Plan:
    module, name = _STANDARD_CLASSES[signal]
    exporter = getattr(import_module(f"opentelemetry.exporter.otlp.proto.http.{module}"), name)
    return Plan("otlp", public(url), lambda: exporter(endpoint=url, headers=dict(headers)))


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _named(signal: Signal, name: str) -> Plan | None:
    """An exporter that some installed package offers, such as console."""
    found = next(iter(entry_points(group=f"opentelemetry_{signal}_exporter", name=name)), None)
    if found is None:
        logger.warning(
            "OTEL_%s_EXPORTER asks for %r, which no installed package offers; it is left out.", signal.upper(), name
        )
        return None

    return Plan(name, name, found.load())
