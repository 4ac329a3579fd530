"""Who may speak to this server: the Host header and the API key; pure checks, no routes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field

from spanglass.errors import Unauthenticated

COOKIE = "spanglass_session"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::\d*)?", re.ASCII)
"""A name or an address, in brackets if it is IPv6, and perhaps a port; anything else is no host."""
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, never bound


@dataclass(frozen=True, slots=True)
class Access:
    """The rule that every HTTP server here applies to a request before anything else.

    Attributes:
        host: The listening address.
        allowed_hosts: Further Host header values; `*` accepts all.
        api_key: None where no key is asked for.
    """

    host: str
    allowed_hosts: tuple[str, ...] = ()
    api_key: str | None = field(default=None, repr=False)

    def knows_host(self, header: str) -> bool:
        """Tell whether a Host header names this server.

        A page from elsewhere can make a browser send requests here under a name of its own (DNS rebinding); it cannot
        choose a name from this list. When listening on every address, an IP address is accepted too: it is no name.
        """
        if "*" in self.allowed_hosts:
            return True
        parts = _HOST.fullmatch(header)
        if parts is None:
            return False
        name = parts[1].lower()
        if name in _LOOPBACK:
            return True
        if self.host in _EVERY_ADDRESS:
            return _is_address(name) or self._allows(name, header)
        return name in {self.host.lower(), f"[{self.host.lower()}]"} or self._allows(name, header)

    def demand_key(self, authorization: str | None, cookie: str | None = None) -> None:
        """Check the key of a request.

        Args:
            authorization: The Authorization header: Bearer with the key, or Basic with the key as the password of any
                user, for clients that know nothing else.
            cookie: The value of the session cookie, where one is accepted.

        Raises:
            Unauthenticated: A key is asked for and neither carries it.
        """
        if self.api_key is None:
            return
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and self.is_key(token.strip()):
            return
        if scheme.lower() == "basic" and self.is_key(_password(token.strip())):
            return
        if cookie is not None and _equal(cookie, self.session()):
            return
        raise Unauthenticated(
            "This server asks for its API key: send it in the header `Authorization: Bearer <key>`; an OpenTelemetry "
            'exporter does with OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<key>".'
        )

    def is_key(self, candidate: str) -> bool:
        """Tell whether a text is the API key, in a time that does not depend on how much of it is right."""
        return self.api_key is not None and _equal(candidate, self.api_key)

    def session(self) -> str:
        """Return the cookie value that stands for the key, from which the key cannot be had back."""
        return hmac.digest((self.api_key or "").encode(), b"spanglass session", hashlib.sha256).hex()

    def _allows(self, name: str, header: str) -> bool:
        return any(allowed.lower() in {name, header.lower()} for allowed in self.allowed_hosts)


def _password(token: str) -> str:
    """Return the password of a Basic header's token; "" where it has none, which is no key."""
    try:
        return base64.b64decode(token, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):  # not base64, or not ASCII
        return ""


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
