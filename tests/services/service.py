"""What a service is to the tests, and what of it is known once it runs; starting and sharing it is `keeper`'s part."""

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Running:
    """A service that is up.

    Attributes:
        ports: Where it listens on 127.0.0.1, in the order the service asked for.
        folder: Its data, its configuration and `log`, what it has written.
    """

    ports: tuple[int, ...]
    folder: Path


class Service(Protocol):
    """One kind of service; what it needs from the machine, how it is started, and when it is up."""

    name: str
    port_count: int

    def missing(self) -> str | None:
        """Return what the machine lacks and how to get it; None where all is there."""

    def prepare(self, place: Running) -> list[str]:
        """Fill the folder, and return the command that runs the service in the foreground."""

    def ready(self, place: Running) -> bool:
        """Return whether it takes requests."""


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports that nobody listens on; all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        found = []
        for _ in range(count):
            listener = held.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found.append(int(listener.getsockname()[1]))
        return tuple(found)


def answers(port: int) -> bool:
    """Return whether something listens on a port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def cache() -> Path:
    """Return where `scripts/services` keeps what it fetches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spanglass"
