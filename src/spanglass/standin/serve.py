"""Runs an ASGI app of the stand-in on a loopback port: in a thread for tests and examples, or as a whole process."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from spanglass.errors import PortTaken

_HOST = "127.0.0.1"
_STARTED_WITHIN_S = 10.0


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an app on a free loopback port while the block runs.

    Yields:
        The base URL for an OpenAI client, such as `http://127.0.0.1:40123/v1`.

    Raises:
        PortTaken: The app did not start.
    """
    listener = _listen(0)
    server = _server(app)
    thread = threading.Thread(target=server.run, args=([listener],), name="spanglass-standin", daemon=True)
    started = threading.Event()
    server.on_started = started.set
    thread.start()
    try:
        if not started.wait(_STARTED_WITHIN_S):
            raise PortTaken(f"The stand-in did not start within {_STARTED_WITHIN_S:.0f} s; is the machine overloaded?")
        yield _base_url(listener)
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()
        listener.close()


class Standin:
    """A stand-in process: listens at once, serves until it is told to stop.

    Args:
        app: What to serve.
        port: 0 lets the system choose.

    Raises:
        PortTaken: Something else listens there.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self._listener = _listen(port)
        self._server = _server(app)

    @property
    def base_url(self) -> str:
        """The base URL for an OpenAI client."""
        return _base_url(self._listener)

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM, or until `stop`."""
        self._server.run([self._listener])

    def stop(self) -> None:
        """Make `run` return; may be called from any thread."""
        self._server.should_exit = True
        self._server.force_exit = True


class _Server(uvicorn.Server):
    """uvicorn's server that says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.on_started = _nothing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_started()


def _nothing() -> None:
    """What happens at start when nobody waits for it."""


def _server(app: ASGIApp) -> _Server:
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config = uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, lifespan="off", ws="none")
    return _Server(config)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what the server says of connections that are broken on purpose, or when it is told to stop."""
    cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and "without completing response" not in record.getMessage()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(
            f"The stand-in cannot listen on {_HOST}:{port} ({error.strerror}); choose another port with --port."
        ) from error
    return listener


def _base_url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}/v1"
