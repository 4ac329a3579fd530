"""The destinations that `init` may be told by name or address: where each is, how it is addressed, what it takes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from spanglass.sdk.dropped import Signal
from spanglass.sdk.guard import logger
from spanglass.settings import SDK_API_KEY, SDK_DESTINATIONS

Protocol = Literal["standard", "http", "grpc", "console"]
SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")
SPANGLASS_DEFAULT = "http://localhost:4318"
_LANGFUSE_DEFAULT = "https://cloud.langfuse.com"
_ENDPOINT = "OTEL_EXPORTER_OTLP_{}ENDPOINT"


@dataclass(frozen=True, slots=True)
class Destination:
    """One place that telemetry is sent to.

    Attributes:
        name: For people and metrics: a name of the table below, or host and port.
        protocol: `standard` is what OTEL_EXPORTER_OTLP_* variables say, console is this process's standard error.
        address: Base URL, or scheme, host and port for gRPC; empty for `standard` and `console`.
        headers: Sent with every export.
        signals: What it takes.
        credentials: Where its key is set, for the line that says it was refused.
        cumulative: Takes cumulative metrics alone, whatever OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE says.
        own_trust: The certificates of OTEL_EXPORTER_OTLP_* are meant for it too.
    """

    name: str
    protocol: Protocol
    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    signals: tuple[Signal, ...] = SIGNALS
    credentials: tuple[str, ...] = ("the receiver's key",)
    cumulative: bool = False
    own_trust: bool = True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a destination's address and key may come from.

    Attributes:
        environ: The process's variables.
        endpoint: spanglass's own, where one is named.
        api_key: Its key.
    """

    environ: Mapping[str, str]
    endpoint: str | None = None
    api_key: str | None = field(default=None, repr=False)


def resolve(names: Sequence[str], surroundings: Surroundings) -> tuple[Destination, ...]:
    """Return the destinations of a list; one that cannot be used is a log line that says what is missing."""
    found: dict[str, Destination] = {}
    for name in names:
        try:
            destination = _NAMED[name](surroundings) if name in _NAMED else _addressed(name)
        except ValueError as error:
            logger.warning("The destination %s is left out: %s", _shown(name), error)
            continue
        found.setdefault(f"{destination.name} {destination.address}", destination)
    return tuple(found.values())


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def public(url: str) -> str:
    """Return a URL without what may be secret in it: user, password and query."""
    if "://" not in url:
        return url.rpartition("@")[2].partition("?")[0]
    split = urlsplit(url)
    return urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, "", ""))


def _spanglass(given: Surroundings) -> Destination:
    headers = {"authorization": f"Bearer {given.api_key}"} if given.api_key else {}
    address = _with_scheme(given.endpoint or SPANGLASS_DEFAULT)
    return Destination("spanglass", "http", address, headers, credentials=(SDK_API_KEY.env,))


def _otlp(given: Surroundings) -> Destination:
    named = tuple(signal for signal in SIGNALS if given.environ.get(_ENDPOINT.format(f"{signal.upper()}_")))
    if given.environ.get(_ENDPOINT.format("")) or not named:
        named = SIGNALS
    return Destination("otlp", "standard", signals=named, credentials=("OTEL_EXPORTER_OTLP_HEADERS",))


def _grafana(given: Surroundings) -> Destination:
    names = ("GRAFANA_OTLP_ENDPOINT", "GRAFANA_INSTANCE_ID", "GRAFANA_API_TOKEN")
    endpoint, instance, token = _needed(given.environ, names)
    address = _base(endpoint)
    split = urlsplit(address)
    if split.hostname and split.hostname.endswith(".grafana.net") and not split.path:
        address += "/otlp"
    return Destination(
        "grafana",
        "http",
        address,
        {"authorization": basic(instance, token)},
        credentials=names[1:],
        cumulative=True,
        own_trust=False,
    )


def _langfuse(given: Surroundings) -> Destination:
    names = ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")
    public_key, secret_key = _needed(given.environ, names)
    host = given.environ.get("LANGFUSE_BASE_URL") or given.environ.get("LANGFUSE_HOST") or _LANGFUSE_DEFAULT
    return Destination(
        "langfuse",
        "http",
        f"{_base(host).removesuffix('/api/public/otel')}/api/public/otel",
        # Without the version, spans go through an older path and are shown some ten minutes later.
        {"authorization": basic(public_key, secret_key), "x-langfuse-ingestion-version": "4"},
        signals=("traces",),
        credentials=names,
        own_trust=False,
    )


def _console(_: Surroundings) -> Destination:
    return Destination("console", "console", signals=("traces", "metrics"))


_NAMED: Mapping[str, Callable[[Surroundings], Destination]] = {
    "spanglass": _spanglass,
    "otlp": _otlp,
    "grafana": _grafana,
    "langfuse": _langfuse,
    "console": _console,
}


def _addressed(url: str) -> Destination:
    split = urlsplit(url)
    if split.scheme not in {"http", "https", "grpc", "grpcs"} or not split.hostname:
        raise ValueError(f"use {', '.join(_NAMED)}, or an address with http://, https://, grpc:// or grpcs://.")
    host = split.netloc.rpartition("@")[2]
    headers = {}
    if split.username is not None:
        headers["authorization"] = basic(unquote(split.username), unquote(split.password or ""))
    credentials = (f"user and password in {SDK_DESTINATIONS.env}",)
    if split.scheme.startswith("grpc"):
        scheme = "https" if split.scheme == "grpcs" else "http"
        return Destination(host, "grpc", f"{scheme}://{host}", headers, credentials=credentials)
    path, signals = split.path.rstrip("/"), SIGNALS
    for signal in SIGNALS:
        if path.endswith(f"/v1/{signal}"):
            signals, path = (signal,), path.removesuffix(f"/v1/{signal}")
    address = urlunsplit((split.scheme, host, path, split.query, ""))
    return Destination(host, "http", address, headers, signals, credentials)


def _needed(environ: Mapping[str, str], names: Sequence[str]) -> list[str]:
    values = [environ.get(name, "").strip() for name in names]
    if missing := [name for name, value in zip(names, values, strict=True) if not value]:
        raise ValueError(f"set {' and '.join(missing)}.")
    return values


def _with_scheme(url: str) -> str:
    return (url if "://" in url else f"http://{url}").rstrip("/")


def _base(url: str) -> str:
    """A base URL, also where the address of one signal was pasted; without a scheme, https."""
    url = (url if "://" in url else f"https://{url}").rstrip("/")
    for signal in SIGNALS:
        url = url.removesuffix(f"/v1/{signal}")
    return url


def _shown(name: str) -> str:
    return public(name) if "://" in name else name
