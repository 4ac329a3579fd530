"""Redis, without persistence."""

import shutil

from services.service import Running, answers


class Redis:
    """A Redis server."""

    name = "redis"
    port_count = 1

    def missing(self) -> str | None:
        """Ask for the server's binary."""
        return None if shutil.which("redis-server") else "no redis-server; run scripts/services"

    def prepare(self, place: Running) -> list[str]:
        """Nothing but arguments."""
        quiet = ["--save", "", "--appendonly", "no", "--dir", str(place.folder)]
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(place.ports[0]), *quiet]

    def ready(self, place: Running) -> bool:
        """It answers as soon as it listens."""
        return answers(place.ports[0])
