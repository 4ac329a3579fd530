"""A real HTTP server on a loopback port that answers each request with the next bytes of a script."""

import socket
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Act(Enum):
    """What happens between two pieces of a body."""

    CUT = auto()
    """The connection is closed in the middle."""
    WAIT = auto()
    """Nothing comes until the test calls `go_on`, or ends."""


@dataclass(frozen=True)
class Answer:
    """One answer: `pieces` are sent as chunks of their own, in order."""

    pieces: Sequence[bytes | Act] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    def encoded(self) -> "Answer":
        """Return the same answer with a gzip-encoded body, each piece sent as soon as it is encoded."""
        encoder = zlib.compressobj(wbits=31)
        pieces = [
            encoder.compress(piece) + encoder.flush(zlib.Z_SYNC_FLUSH) if isinstance(piece, bytes) else piece
            for piece in self.pieces
        ]
        return Answer([*pieces, encoder.flush()], self.status, {**self.headers, "content-encoding": "gzip"})


@dataclass(frozen=True)
class Asked:
    """One request as it came in, and the client's port, which tells connections apart."""

    port: int
    path: str
    headers: Mapping[str, str]
    body: bytes


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that go away are part of the tests."""


class ScriptedServer:
    """The server; `script` holds the answers still to give, `asked` the requests so far.

    After the script comes `repeat`, for ever; with `hold` no answer begins before the test ends.
    """

    def __init__(self) -> None:
        self.script: deque[Answer] = deque()
        self.asked: list[Asked] = []
        self.repeat: Answer | None = None
        self.hold = False
        self._go_on = threading.Event()
        self._server = _QuietServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def go_on(self) -> None:
        """Let every waiting answer go on."""
        self._go_on.set()

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no longer."""
        self._go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self) -> Answer:
        """Return the answer to the next request."""
        if self.script:
            return self.script.popleft()
        return self.repeat or Answer([b'{"error": {"message": "the script is over", "type": "test"}}'], 500)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.asked.append(Asked(self.client_address[1], self.path, dict(self.headers), body))
                if outer.hold:
                    outer._go_on.wait(20)
                self._answer(outer.next())

            do_GET = do_POST  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def _answer(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for piece in answer.pieces:
                    if piece is Act.CUT:
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    if isinstance(piece, Act):
                        outer._go_on.wait(20)
                        continue
                    if not self._send(b"%x\r\n%b\r\n" % (len(piece), piece)):
                        return
                self._send(b"0\r\n\r\n")

            def _send(self, data: bytes) -> bool:
                try:
                    self.wfile.write(data)
                except OSError:  # the client has gone, as some tests want
                    self.close_connection = True
                    return False
                return True

        return Handler


@contextmanager
def scripted(*answers: Answer) -> Iterator[ScriptedServer]:
    """Serve a script while the block runs."""
    server = ScriptedServer()
    server.script.extend(answers)
    server.start()
    try:
        yield server
    finally:
        server.stop()
