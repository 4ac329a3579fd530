"""Receivers whose answers do not end, are too much or broken: a send takes its time, keeps little and is believed."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from spanglass.sdk.exporters import _Trust
from spanglass.sdk.transport import Haste, HttpTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n%b\r\n"


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[tuple[HttpTransport, list[int]]]:
    """A transport to a server that answers each request so; and the ports of the connections it took."""
    ports: list[int] = []

    def serve(connection: socket.socket, port: int) -> None:
        ports.append(port)
        with suppress(OSError), connection:
            while connection.recv(65_536):
                answer(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, (_, port) = listening.accept()
                threading.Thread(target=serve, args=(connection, port), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/traces"
        transport = HttpTransport(url, {}, trust=_Trust(), environ={}, haste=Haste())
        try:
            yield transport, ports
        finally:
            transport.close()
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()


def test_an_answer_that_drips_is_not_waited_for() -> None:
    """The receiver has taken the batch, as its status says, and may not hold the sender for as long as it likes."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD % (400, b""))
        for _ in range(400):
            connection.sendall(b"x")
            time.sleep(0.05)

    with answering(drip) as (transport, _):
        began = time.monotonic()
        answer = transport.send(b"batch", 0.5)
        assert time.monotonic() - began < 10
    assert answer.cause is None


def test_of_a_huge_answer_little_is_kept() -> None:
    """What is not read of it is let go of with its connection."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD % (1 << 30, b""))
        while True:
            connection.sendall(bytes(1 << 20))

    with answering(flood) as (transport, ports):
        for _ in range(2):
            answer = transport.send(b"batch", 10.0)
            assert (answer.cause, len(answer.body)) == (None, 65_536)
    assert len(ports) == 2


@pytest.mark.parametrize(
    "body",
    [
        HEAD % (5, b"content-encoding: gzip\r\n") + b"hello",
        HEAD % (1 << 20, b"content-encoding: gzip\r\n") + gzip.compress(bytes(1 << 26)),
    ],
    ids=["no gzip", "a bomb"],
)
def test_a_batch_is_taken_whatever_the_words_are_worth(body: bytes) -> None:
    """A good status with words that cannot be read is no reason to send the batch once more."""
    with answering(lambda connection: connection.sendall(body)) as (transport, _):
        answer = transport.send(b"batch", 2.0)
    assert answer.cause is None
    assert len(answer.body) <= 65_536


def test_an_ordinary_answer_leaves_the_connection_open() -> None:
    """A second batch goes over the connection of the first."""
    with answering(lambda connection: connection.sendall(HEAD % (2, b"") + b"ok")) as (transport, ports):
        assert [transport.send(b"batch", 10.0).body for _ in range(3)] == [b"ok"] * 3
    assert len(ports) == 1
