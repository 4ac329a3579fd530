"""Where an HTTP request or message goes, as its span says, and whether that is a place of the application's own."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, get_current_span

INTERNAL = "internal"
ALL = "all"
NONE = "none"
QUEUE = ""
"""Stands for the host of a message: a queue is the application's own."""

# Names that the public name service does not resolve: RFC 6761, RFC 6762, RFC 8375, ICANN's .internal, Kubernetes.
_INTERNAL_DOMAINS = (".localhost", ".local", ".internal", ".home.arpa", ".svc", ".test")
# The conventions' name for the whole address, stable and before.
_URLS = ("url.full", "http.url")


def named_host(context: Context) -> str | None:
    """Return the host that the current span of a context says it sends to, in lower case; None where it says nothing.

    Args:
        context: An OpenTelemetry context.

    Returns:
        The host; `QUEUE` for a PRODUCER's span.
    """
    span = get_current_span(context)
    if not isinstance(span, ReadableSpan):
        return None
    if span.kind is SpanKind.PRODUCER:
        return QUEUE
    attributes = span.attributes or {}
    if span.kind is not SpanKind.CLIENT:
        return None
    for name in _URLS:
        if isinstance(url := attributes.get(name), str):
            return _host_of(url)
    address = attributes.get("server.address")
    return address.lower() if isinstance(address, str) else None


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class Allowed:
    """Hosts that may learn for whom the work is done.

    Args:
        names: Host names; `.example.com` for every name under it; `internal` for names without a dot, names under
            domains of private networks and private addresses; `all`; `none`, or nothing, for no host.
    """

    __slots__ = ("_all", "_domains", "_hosts", "_internal")

    def __init__(self, names: Iterable[str]) -> None:
        lowered = [name.lower() for name in names]
        self._all = ALL in lowered
        self._internal = INTERNAL in lowered
        self._domains = tuple(name for name in lowered if name.startswith("."))
        self._hosts = frozenset(lowered) - {ALL, INTERNAL, NONE, *self._domains}

    def has(self, host: str) -> bool:
        """Return whether a host is one of them; `QUEUE` always is."""
        if self._all or host == QUEUE or host in self._hosts or host.endswith(self._domains or ("\0",)):
            return True
        return self._internal and _is_internal(host)


def _is_internal(host: str) -> bool:
    if ":" not in host and not host.rpartition(".")[2].isdigit():
        return "." not in host or host.endswith(_INTERNAL_DOMAINS)
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
