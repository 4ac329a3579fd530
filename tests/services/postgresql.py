"""PostgreSQL, without the care for durability that tests do not need; never as root, which it refuses."""

import os
import shutil
import subprocess
from pathlib import Path

from services.service import Running

_SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "unix_socket_directories=")


class PostgreSQL:
    """A PostgreSQL cluster with the superuser `test`, whom it trusts."""

    name = "postgresql"
    port_count = 1

    def missing(self) -> str | None:
        """Ask for the server's binaries, and for a user to run them where we are root."""
        if _binaries() is None:
            return "no initdb of PostgreSQL; run scripts/services"
        if os.geteuid() == 0 and shutil.which("setpriv") is None:
            return "PostgreSQL does not run as root, and there is no setpriv to run it as another user"
        return None

    def prepare(self, place: Running) -> list[str]:
        """Make the cluster; where we are root, everything belongs to `nobody`."""
        binaries, data = _binaries(), place.folder / "data"
        assert binaries is not None
        command: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(place.folder, "nobody")
            command = ["setpriv", "--reuid", "nobody", "--clear-groups", "--"]
        make = [str(binaries / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*command, *make], check=True, cwd=place.folder, stdout=subprocess.DEVNULL)
        options = [word for setting in _SPEED for word in ("-c", setting)]
        server = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(place.ports[0])]
        return [*command, *server, *options]

    def ready(self, place: Running) -> bool:
        """Ask as its own tools do: a server that listens may still be recovering."""
        binaries = _binaries()
        assert binaries is not None
        ask = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(place.ports[0])]
        return subprocess.run(ask, check=False).returncode == 0


def _binaries() -> Path | None:
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None
