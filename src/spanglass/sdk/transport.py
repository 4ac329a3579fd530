"""How OTLP/HTTP bytes travel: over urllib3, without the weight of requests, and quickly while exiting."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from opentelemetry.exporter.http.transport._base import BaseHTTPResult, BaseHTTPTransport

_EXIT_TIMEOUT_S = 3.0
# What requests would look at and urllib3 does not: with one of these set, requests it is.
_REQUESTS_ONLY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Haste:
    """Whether the process is about to end, so that an attempt must be short."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = False


class Urllib3Transport(BaseHTTPTransport):
    """Sends over urllib3; 4.6 MB lighter than requests, measured alone on CPython 3.11.

    Args:
        verify: Path of a CA bundle, or True for certifi's, or False for none.
        cert: Client certificate, alone or with its key.
        haste: Shared flag; while on, an attempt takes 3 s at most.
    """

    def __init__(self, verify: bool | str, cert: str | tuple[str, str] | None, haste: Haste) -> None:  # noqa: FBT001 - OpenTelemetry's name and type
        from opentelemetry.exporter.http.transport._urllib3 import Urllib3HTTPTransport  # noqa: PLC0415 - 3 MB

        self._inner = Urllib3HTTPTransport(verify=_bundle() if verify is True else verify, cert=cert)
        self._haste = haste

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        data: bytes | None = None,
    ) -> BaseHTTPResult:
        """Send one request."""
        if self._haste.on:
            timeout = min(timeout or _EXIT_TIMEOUT_S, _EXIT_TIMEOUT_S)
        return self._inner.request(method, url, headers=headers, timeout=timeout, data=data)

    def is_connection_error(self, exception: Exception | None) -> bool:
        """Whether another attempt may help."""
        return self._inner.is_connection_error(exception)

    def close(self) -> None:
        """Close idle connections."""
        self._inner.close()


def fits(environ: Mapping[str, str]) -> bool:
    """Whether urllib3 can do what this environment asks for; proxies and requests' own variables need requests."""
    asked = {name.upper() for name, value in environ.items() if value}
    return asked.isdisjoint(_REQUESTS_ONLY) and importlib.util.find_spec("urllib3") is not None


def _bundle() -> bool | str:
    if importlib.util.find_spec("certifi") is None:
        return True
    import certifi  # noqa: PLC0415 - only where TLS trust is needed

    return certifi.where()
