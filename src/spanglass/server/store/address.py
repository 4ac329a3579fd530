"""Where a ClickHouse is, read from its URL; connects to nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from spanglass import settings
from spanglass.errors import ConfigurationError

_SCHEMES: Final = {"clickhouse": False, "clickhouses": True}
_OPTIONS: Final = ("secure", "verify", "ca_cert", "cluster")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_CLUSTER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")
_LONGEST_PASSWORD: Final = 4096
_HOW: Final = f"{settings.STORE.env} must look like clickhouse://user@host:8123/database?secure=true"
DATABASE: Final = "spanglass"
"""The database where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One ClickHouse database.

    Attributes:
        host: Name or address.
        port: Of its HTTP interface.
        database: The database's name; a plain identifier.
        user: Who to be.
        password: Of the user; empty where there is none.
        secure: TLS.
        verify: Check the server's certificate.
        ca_cert: File of certificates to trust, PEM; None for those of the system.
        cluster: Name of the cluster that tables are made on; None for one server.
    """

    host: str
    port: int
    database: str = DATABASE
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False
    verify: bool = True
    ca_cert: str | None = None
    cluster: str | None = None

    @property
    def shown(self) -> str:
        """What a person may read: no user, no password."""
        of_cluster = f" of cluster {self.cluster}" if self.cluster else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ClickHouse {host}:{self.port}, database {self.database}{of_cluster}"


def address(url: str, password: str | None = None, password_file: str | None = None) -> Address:
    """Read an address; no message of an error repeats what may be a password.

    Args:
        url: `clickhouse://user:password@host:8123/database?secure=true&cluster=name`; `clickhouses` is secure. A user,
            a password or a host with signs such as `@`, `/` or `%` is percent-encoded.
        password: The password, where the URL has none.
        password_file: A file that holds it, where neither has; a line end after it is no part of it.

    Raises:
        ConfigurationError: The URL is not of that form, an option is unknown, or the file cannot be read.
    """
    parts, port = _split(url)
    secure, options = _SCHEMES[parts.scheme], _options(parts.query)
    secure = _flag(options, "secure", default=secure)
    cluster = options.get("cluster")
    return Address(
        host=unquote(parts.hostname or ""),
        port=port or (8443 if secure else 8123),
        database=database_name(unquote(parts.path).strip("/") or DATABASE),
        user=unquote(parts.username or "") or "default",
        password=unquote(parts.password or "") or password or _read(password_file),
        secure=secure,
        verify=_flag(options, "verify", default=True),
        ca_cert=options.get("ca_cert"),
        cluster=None if cluster is None else cluster_name(cluster),
    )


def database_name(text: str) -> str:
    """Check the name of a database.

    Raises:
        ConfigurationError: It is not a plain one.
    """
    if not _NAME.fullmatch(text):
        raise ConfigurationError(
            "The database of ClickHouse must have a plain name of letters, digits and underscores, such as spanglass."
        )
    return text


def cluster_name(text: str) -> str:
    """Check the name of a cluster.

    Raises:
        ConfigurationError: No cluster can have it.
    """
    if not _CLUSTER.fullmatch(text):
        raise ConfigurationError(
            "The cluster must be one of ClickHouse's `remote_servers`: letters, digits, underscores, dots and hyphens."
        )
    return text


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may repeat the URL
        raise ConfigurationError(f"{_HOW}; the host or the port cannot be read.") from None
    if parts.scheme not in _SCHEMES:
        raise ConfigurationError(f"{_HOW}; it begins with neither clickhouse:// nor clickhouses://.")
    if not parts.hostname:
        raise ConfigurationError(f"{_HOW}; it names no host.")
    if parts.fragment:
        raise ConfigurationError(f"{_HOW}; write a # in a password as %23, a / as %2F, an @ as %40 and a % as %25.")
    return parts, port


def _options(query: str) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=20))
    if unknown := sorted(options.keys() - set(_OPTIONS)):
        named = ", ".join(unknown[:3]) if all(_NAME.fullmatch(name) for name in unknown) else "one that is no name"
        raise ConfigurationError(
            f"{settings.STORE.env} has an option that is not known ({named}); there are {', '.join(_OPTIONS)}."
        )
    return options


def _flag(options: Mapping[str, str], name: str, *, default: bool) -> bool:
    if name not in options:
        return default
    try:
        return settings.flag(options[name])
    except ValueError:
        raise ConfigurationError(f"The option {name} of {settings.STORE.env} must be true or false.") from None


def _read(path: str | None) -> str:
    if path is None:
        return ""
    try:
        with Path(path).open(encoding="utf-8") as stream:
            held = stream.read(_LONGEST_PASSWORD + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(
            f"The password file {path} cannot be read ({why}); correct {settings.STORE_PASSWORD_FILE.env}."
        ) from None
    if len(held) > _LONGEST_PASSWORD:
        raise ConfigurationError(
            f"The password file {path} holds more than a password; correct {settings.STORE_PASSWORD_FILE.env}."
        )
    return held.rstrip("\r\n")
