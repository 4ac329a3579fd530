"""What the server is told before it starts: one frozen value read from the settings table; nothing is opened here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from spanglass import settings
from spanglass.errors import ConfigurationError
from spanglass.settings import Sources

MIB = 1024 * 1024
_MOST_BODY_MIB = 2047
"""gRPC counts a message's bytes in 32 bits."""
_PROGRAM_MIB = 160
"""What the server takes beside queue and store: the program at rest, an export being decoded, an answer being made."""
_MOST_MEMORY_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """How many days each is kept; None for ever.

    Attributes:
        traces: Spans and scores.
        content: Content of spans; never longer than the spans.
        logs: Log records.
        metrics: Metric points.
        minutes: Sums of calls by minute.
        hours: Sums of calls by hour.
    """

    traces: int | None = settings.KEEP_TRACES_DAYS.default
    content: int | None = settings.KEEP_CONTENT_DAYS.default
    logs: int | None = settings.KEEP_LOGS_DAYS.default
    metrics: int | None = settings.KEEP_METRICS_DAYS.default
    minutes: int | None = settings.KEEP_MINUTES_DAYS.default
    hours: int | None = settings.KEEP_HOURS_DAYS.default

    @classmethod
    def load(cls, sources: Sources) -> Ages:
        """Read the settings.

        Raises:
            ConfigurationError: One cannot be read.
        """
        return cls(
            traces=sources.get(settings.KEEP_TRACES_DAYS),
            content=sources.get(settings.KEEP_CONTENT_DAYS),
            logs=sources.get(settings.KEEP_LOGS_DAYS),
            metrics=sources.get(settings.KEEP_METRICS_DAYS),
            minutes=sources.get(settings.KEEP_MINUTES_DAYS),
            hours=sources.get(settings.KEEP_HOURS_DAYS),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The server's settings, checked.

    Attributes:
        data: Directory that holds the database.
        store: Address of a ClickHouse instead; may hold its password.
        store_password: Password for it.
        store_password_file: File that holds the password for it.
        host: Address to listen on.
        port: Port of the UI and the API; 0 lets the system choose, also below.
        otlp_http_port: Port of OTLP/HTTP.
        otlp_grpc_port: Port of OTLP/gRPC.
        api_key: What every request must carry; None on loopback alone.
        allowed_hosts: Host header values to accept beside loopback names and the listening address; `*` accepts all.
        queue_bytes: Export bytes held before senders are told to wait.
        max_body_bytes: Largest export body, decompressed.
        store_memory_mib: Memory the store may use, MiB.
        memory_mib: The ceiling of the whole process, MiB; None for a third over what queue, store and program need.
        prices_file: Prices that override the built-in table; None for that table alone.
        keep: How long.
        metrics_users: How many users `/metrics` names; 0 to 100.

    Raises:
        ConfigurationError: Values that do not go together; the message names the settings and the cure.
    """

    data: Path = Path(settings.DATA.default)
    store: str | None = field(default=None, repr=False)
    store_password: str | None = field(default=None, repr=False)
    store_password_file: str | None = None
    host: str = settings.HOST.default
    port: int = settings.PORT.default
    otlp_http_port: int = settings.OTLP_HTTP_PORT.default
    otlp_grpc_port: int = settings.OTLP_GRPC_PORT.default
    api_key: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    queue_bytes: int = settings.QUEUE_MIB.default * MIB
    max_body_bytes: int = settings.MAX_BODY_MIB.default * MIB
    store_memory_mib: int = settings.STORE_MEMORY_MIB.default
    memory_mib: int | None = None
    prices_file: str | None = None
    keep: Ages = Ages()
    metrics_users: int = settings.METRICS_USERS.default

    def __post_init__(self) -> None:
        self._check_key()
        self._check_sizes()
        ports = [port for port in (self.port, self.otlp_http_port, self.otlp_grpc_port) if port]
        if len(set(ports)) < len(ports):
            raise ConfigurationError(
                f"Two of the three ports are the same ({self.port}, {self.otlp_http_port}, {self.otlp_grpc_port}): "
                f"give {settings.PORT.env}, {settings.OTLP_HTTP_PORT.env} and {settings.OTLP_GRPC_PORT.env} one each."
            )

    def _check_key(self) -> None:
        if self.api_key is None and not is_loopback(self.host):
            raise ConfigurationError(
                f"The host {self.host} can be reached from other machines, and no API key is set: anyone there could "
                f"read and write traces. Set {settings.SERVER_API_KEY.env} to a long random text, or keep the host "
                f"{settings.HOST.default}."
            )
        if self.api_key is not None and not _fits_header(self.api_key):
            raise ConfigurationError(
                f"The value of {settings.SERVER_API_KEY.env} cannot be sent in a header, so no request could carry it: "
                "it has a space, a line end or a character that is not ASCII. Files and secret stores often add a line "
                "end; `openssl rand -hex 32` makes a good key."
            )

    def _check_sizes(self) -> None:
        for row, size, most in (
            (settings.MAX_BODY_MIB, self.max_body_bytes // MIB, _MOST_BODY_MIB),
            (settings.QUEUE_MIB, self.queue_bytes // MIB, _MOST_MEMORY_MIB),
            (settings.STORE_MEMORY_MIB, self.store_memory_mib, _MOST_MEMORY_MIB),
        ):
            if size > most:
                raise ConfigurationError(f"{row.env} is {size} MiB, more than can be used: set it to {most} or less.")
        if self.max_body_bytes > self.queue_bytes:
            raise ConfigurationError(
                f"One export body may be {self.max_body_bytes // MIB} MiB, but the queue holds "
                f"{self.queue_bytes // MIB} MiB, so such a body could never be accepted: raise "
                f"{settings.QUEUE_MIB.env} or lower {settings.MAX_BODY_MIB.env}."
            )

        if self.memory_mib is not None and self.memory_mib < self._needed_mib:
            raise ConfigurationError(
                f"{settings.MEMORY_MIB.env} is {self.memory_mib} MiB, but the queue ({self.queue_bytes // MIB}), the "
                f"store ({self.store_memory_mib}) and the program ({_PROGRAM_MIB}) need {self._needed_mib}: raise it, "
                f"or lower {settings.QUEUE_MIB.env} or {settings.STORE_MEMORY_MIB.env}."
            )

    @property
    def _needed_mib(self) -> int:
        return self.queue_bytes // MIB + self.store_memory_mib + _PROGRAM_MIB

    @property
    def memory_bytes(self) -> int:
        """The ceiling of the whole process; a third over what is needed where none is declared."""
        return (self.memory_mib or self._needed_mib * 4 // 3) * MIB

    @classmethod
    def load(
        cls,
        sources: Sources,
        *,
        data: str | None = None,
        host: str | None = None,
        port: int | None = None,
        otlp_http_port: int | None = None,
        otlp_grpc_port: int | None = None,
    ) -> Config:
        """Read the settings; an argument goes before its variable, the file and the default.

        Raises:
            ConfigurationError: A setting cannot be read, or settings do not go together.
        """
        return cls(
            data=Path(sources.get(settings.DATA, data or None)),
            store=sources.get(settings.STORE),
            store_password=sources.get(settings.STORE_PASSWORD),
            store_password_file=sources.get(settings.STORE_PASSWORD_FILE),
            host=sources.get(settings.HOST, host),
            port=sources.get(settings.PORT, port),
            otlp_http_port=sources.get(settings.OTLP_HTTP_PORT, otlp_http_port),
            otlp_grpc_port=sources.get(settings.OTLP_GRPC_PORT, otlp_grpc_port),
            api_key=sources.get(settings.SERVER_API_KEY),
            allowed_hosts=sources.get(settings.ALLOWED_HOSTS),
            queue_bytes=sources.get(settings.QUEUE_MIB) * MIB,
            max_body_bytes=sources.get(settings.MAX_BODY_MIB) * MIB,
            store_memory_mib=sources.get(settings.STORE_MEMORY_MIB),
            memory_mib=sources.get(settings.MEMORY_MIB),
            metrics_users=sources.get(settings.METRICS_USERS),
            prices_file=sources.get(settings.PRICES_FILE),
            keep=Ages.load(sources),
        )


def _fits_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def is_loopback(host: str) -> bool:
    """Tell whether an address is reachable from this machine alone; a name other than localhost counts as not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
