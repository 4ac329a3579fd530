"""Connections that keep a server waiting are let go, and no others."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from served import config, running
from spanglass.server.app import Addresses
from spanglass.server.connection import Connection


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Addresses]:
    """Return a server that is less patient than usual."""
    monkeypatch.setattr(Connection, "head_s", 0.5)
    monkeypatch.setattr(Connection, "stalled_s", 0.5)
    with running(config(tmp_path_factory.mktemp("data"))) as addresses:
        yield addresses


def connected(address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=10)


def ends(connection: socket.socket) -> bool:
    """Tell whether the server ends the connection, within the socket's time, and without a word."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def stops_taking(connection: socket.socket, data: bytes) -> bool:
    """Tell whether the server ends the connection while it is written to and not read from."""
    deadline = time.monotonic() + 10
    try:
        while time.monotonic() < deadline:
            connection.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTT", b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n"])
def test_a_head_that_does_not_end_ends_the_connection(server: Addresses, begun: bytes) -> None:
    """Whoever connects and does not say what for is let go."""
    for address in (server.ui, server.otlp_http):
        with connected(address) as connection:
            connection.sendall(begun)
            assert ends(connection)


def test_a_second_head_has_its_own_deadline(server: Addresses) -> None:
    """A connection kept alive may rest, and answer again; a second head must end as the first."""
    client = http.client.HTTPConnection("127.0.0.1", int(server.ui.rpartition(":")[2]), timeout=10)
    with contextlib.closing(client):
        for _ in range(2):
            client.request("GET", "/healthz")
            assert client.getresponse().read().startswith(b'{"status":"ok"')
            time.sleep(0.7)  # longer than a head may take, shorter than a connection may rest
        assert client.sock is not None
        client.sock.sendall(b"GET /hea")
        assert ends(client.sock)


def test_a_reader_that_does_not_read_is_let_go(server: Addresses) -> None:
    """Requests without end whose answers nobody takes end the connection, and the server goes on."""
    with connected(server.ui) as connection:
        assert stops_taking(connection, b"GET /api/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n" * 200)

    assert httpx.get(f"{server.ui}/healthz").status_code == 200
