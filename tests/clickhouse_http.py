"""The real ClickHouse engine behind a small HTTP front of our own: a process to start, stop and kill like a server.

It speaks as much of ClickHouse's HTTP interface as its Python client uses: queries and inserts in Native format,
parameters, settings, a user and a password. What a real server does besides (TLS, quotas, a cluster) it does not.
"""

from __future__ import annotations

import base64
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

USER = "watcher"
READER = "reader"
"""A user of the same password who may change no table."""
PASSWORD = "p@ss/w%rd"
_STARTS_WITHIN_S = 30
_LONGEST_FIELD = 131_072
_TRANSPORT = frozenset(
    {
        *("database", "query", "query_id", "wait_end_of_query", "client_protocol_version", "enable_http_compression"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms", "session_id"),
    }
)
_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE)


class _Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = ""
    version = ""

    def do_POST(self) -> None:
        """Run a query, a command or an insert."""
        body = self._body()
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if "multipart/form-data" in self.headers.get("Content-Type", ""):
            asked |= _form(self.headers["Content-Type"], body)
            body = b""
        sql = "\n".join(part for part in (asked.get("query", ""), "") if part).encode() + body
        user = next((user for user in (USER, READER) if self.headers.get("Authorization") == _basic(user)), None)
        if user is None:
            self._answer(403, b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)", code="516")
            return
        if user == READER and sql.startswith((b"CREATE", b"ALTER", b"DROP")):
            self._answer(403, b"Code: 497. DB::Exception: reader: Not enough privileges. (ACCESS_DENIED)", code="497")
            return
        try:
            if self.version and b"version()" in sql:
                self._answer(200, f"{self.version}\tUTC\n".encode())
            else:
                self._answer(200, _run(self.engine, sql, asked))
        except RuntimeError as error:
            said = str(error)
            code = re.search(r"Code: (\d+)", said)
            self._answer(500, said[said.find("Code: ") :].encode(), code=code[1] if code else "1000")

    do_GET = do_POST  # noqa: N815 - the library's name

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        else:
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        encoding = self.headers.get("Content-Encoding")
        if encoding == "lz4":
            return _unpacked(body)
        assert encoding is None, encoding
        return body

    def _answer(self, status: int, body: bytes, code: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()


def _unpacked(body: bytes) -> bytes:
    """Undo LZ4: a frame for every block."""
    frame = import_module("lz4.frame")  # comes with the client
    parts = []
    while body:
        decompressor = frame.LZ4FrameDecompressor()
        parts.append(decompressor.decompress(body))
        body = decompressor.unused_data or b""
    return b"".join(parts)


def _form(content_type: str, body: bytes) -> Mapping[str, str]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found = {}
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert len(payload) <= _LONGEST_FIELD, "ClickHouse refuses a field that long"
        found[str(part.get_param("name", header="content-disposition"))] = payload.decode()
    return found


def _run(engine: str, sql: bytes, asked: Mapping[str, str]) -> bytes:
    """Run one statement on a connection of its own."""
    import chdb  # noqa: PLC0415 - the process that starts this one need not load it

    connection = chdb.connect(engine)
    try:
        for name, value in asked.items():
            if name not in _TRANSPORT and not name.startswith("param_"):
                connection.query("SET {} = '{}'".format(name, value.replace("'", "\\'")))
        if asked.get("database"):
            connection.query(f"USE `{asked['database']}`")
        head, native, data = sql.partition(b" FORMAT Native\n")
        if native and head.startswith(b"INSERT"):
            with tempfile.NamedTemporaryFile(suffix=".native") as file:
                file.write(data)
                file.flush()
                connection.query(f"{head.decode()} FROM INFILE '{file.name}' FORMAT Native")
            return b""
        text = sql.decode()
        form = _FORMAT.search(text)
        given = {name.removeprefix("param_"): value for name, value in asked.items() if name.startswith("param_")}
        return bytes(connection.query(_FORMAT.sub("", text), form[1] if form else "TabSeparated", params=given).bytes())
    finally:
        connection.close()


@contextmanager
def clickhouse(directory: Path, *, port: int = 0, version: str = "") -> Iterator[int]:
    """Serve the engine over a directory in a process of its own while the block runs; give its port.

    Args:
        directory: Where its data is; `config.xml` beside that, if it is there, is its configuration.
        port: Where to listen; 0 for any that is free.
        version: What it says it is, if not what it is.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, str(directory), str(port or _free_port()), version],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], _STARTS_WITHIN_S)[0], "the engine did not start"
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _serve(directory: str, port: int, version: str) -> None:
    import chdb  # noqa: PLC0415 - as above

    configuration = Path(directory).with_name("config.xml")
    _Front.version = version
    _Front.engine = f"{directory}?config-file={configuration}" if configuration.exists() else directory
    keeper = chdb.connect(_Front.engine)
    with ThreadingHTTPServer(("127.0.0.1", port), _Front) as server:
        os.write(1, f"{server.server_address[1]}\n".encode())
        server.serve_forever()
    keeper.close()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
