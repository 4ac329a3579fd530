import gzip
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from asked import asked
from scripted import Act, Answer, ScriptedServer, scripted
from served import config, running
from spanglass.cli import client as module
from spanglass.cli.client import Client, Key
from spanglass.errors import ConfigurationError, NotFound, QueryError, ServerUnavailable
from spanglass.settings import Sources

JSON = {"content-type": "application/json"}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Something that answers as a test says."""
    with scripted() as found:
        yield found


def failure(status: int, message: str = "No.") -> Answer:
    """An error as the API tells it."""
    return Answer([b'{"error": {"code": "x", "message": "%s"}}' % message.encode()], status)


def test_what_is_asked_and_with_what_key(server: ScriptedServer) -> None:
    """The path, the parameters that are set and the key go to the server; the body comes back, gzip or not."""
    server.script.extend([Answer([b'{"a":', b" 1}"]), Answer([b'{"a": 2}']).encoded()])
    client = Client(f"{server.url}/glass/", Key("k3y", "X"))
    assert client.get("/api/v1/traces", {"from": "24h", "to": None, "user": "a&b=c ü"}) == b'{"a": 1}'
    assert client.get("/api/v1/overview") == b'{"a": 2}'
    first, second = server.asked
    assert first.path == "/glass/api/v1/traces?from=24h&user=a%26b%3Dc+%C3%BC"
    assert second.path == "/glass/api/v1/overview"
    assert first.headers["Authorization"] == "Bearer k3y"
    assert first.headers["Accept-Encoding"] == "gzip"
    assert "k3y" not in repr(Key("k3y", "X"))


def test_a_document_is_posted(server: ScriptedServer) -> None:
    """A document goes as JSON."""
    server.repeat = Answer([b"{}"])
    assert Client(server.url).post("/api/v1/erase", {"user": "ann"}) == b"{}"
    (asked_,) = server.asked
    assert (asked_.body, asked_.headers["Content-Type"]) == (b'{"user": "ann"}', "application/json")


def test_an_answer_is_read_as_it_comes(server: ScriptedServer) -> None:
    """Pieces are there before the answer is at its end, and an answer that is cut is an error."""
    server.repeat = Answer([b"one\n", Act.WAIT, b"two\n", Act.CUT])
    pieces = Client(server.url).pieces("/api/v1/tail")
    assert next(pieces) == b"one\n"
    server.go_on()
    assert next(pieces) == b"two\n"
    with pytest.raises(ServerUnavailable, match="cannot be asked"):
        next(pieces)


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (failure(400, "Use less."), QueryError, "Use less."),
        (failure(404, "Not here."), NotFound, "Not here."),
        (failure(503, "Busy."), ServerUnavailable, "cannot answer this: Busy."),
        (failure(500, "Broken."), ServerUnavailable, "cannot answer this: Broken."),
        (failure(400, "Use less.").encoded(), QueryError, "Use less."),
        (Answer([b"<html>"], 404), ServerUnavailable, "no spanglass server, or an older one (status 404)"),
        (Answer([b"[" * 50_000], 500), ServerUnavailable, "no spanglass server"),
        (Answer([b'{"error": {"message": 7}}'], 400), ServerUnavailable, "no spanglass server"),
        (Answer([b"\xff"], 502, {"content-encoding": "gzip"}), ServerUnavailable, "status 502"),
        (Answer([], 302, {"location": "http://elsewhere/x"}), ServerUnavailable, "status 302, to http://elsewhere/x"),
        (Answer([b"no gzip"], 200, {"content-encoding": "gzip"}), ServerUnavailable, "damaged gzip"),
        (Answer([b'{"a"', Act.CUT]), ServerUnavailable, "cannot be asked"),
    ],
)
def test_what_is_answered_is_told_in_our_tree(
    server: ScriptedServer, answer: Answer, error: type[Exception], says: str
) -> None:
    """Each status, with the API's message or without, is an error that says what to do; a redirect is not followed."""
    server.repeat = answer
    with pytest.raises(error) as caught:
        Client(server.url, Key("k3y", "X")).get("/api/v1/traces")
    assert says in str(caught.value)
    assert "k3y" not in str(caught.value)
    assert len(server.asked) == 1


def test_an_answer_has_a_size(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is too large is given up, also one that is small until it is unpacked."""
    monkeypatch.setattr(module, "MOST_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(100_000_000), 1)
    server.script.extend(
        [
            Answer([bytes(100_000)] * 11),
            Answer([bomb], headers={"content-encoding": "gzip"}),
            Answer([bytes(1_000_000)]),
        ]
    )
    client = Client(server.url)
    for _ in range(2):
        with pytest.raises(ServerUnavailable, match="over 64 MiB"):
            client.get("/")
    assert len(client.get("/")) == 1_000_000


def test_nobody_there_says_what_to_do() -> None:
    """Where nobody listens the message names the address, the reason, and what starts or names a server."""
    ran = asked("http://127.0.0.1:9", "traces")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "spanglass: The server http://127.0.0.1:9 cannot be asked: Connection refused. "
        "Start it with `spanglass up`, or name another with --server or SPANGLASS_SERVER.\n"
    )


def test_patience_ends() -> None:
    """A server that takes a connection and says nothing is given up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(ServerUnavailable, match="no answer in time"):
            Client(address, patience_s=0.3).get("/api/v1/traces")
    assert time.monotonic() - started < 5


def test_what_speaks_no_http_is_told(server: ScriptedServer) -> None:
    """What answers in another protocol, and what answers with no object, is no spanglass."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        client = Client(f"http://127.0.0.1:{other.getsockname()[1]}", patience_s=5)
        with pytest.raises(ServerUnavailable):
            _answer_once(other, client)
    server.repeat = Answer([b"[1]"])
    ran = asked(server.url, "traces", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "is no spanglass server: its answer is no JSON" in ran.err


def _answer_once(listening: socket.socket, client: Client) -> None:
    import threading  # noqa: PLC0415 - this alone needs it

    def answer() -> None:
        connection, _ = listening.accept()
        connection.sendall(b"SSH-2.0-OpenSSH\r\n")
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        client.get("/")
    finally:
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:4400",
        "ftp://host",
        "http://",
        "http://host:0",
        "http://host:x",
        "http://h/?a=b",
        "http://h/\n",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """An address that cannot be asked is a wrong setting, with what would be right."""
    with pytest.raises(ConfigurationError, match="is no address; write it as http://127"):
        Client(address)


def test_secrets_stay_out_of_addresses_and_headers_whole() -> None:
    """A password in the address is refused unprinted; so is a key that would break a header."""
    with pytest.raises(ConfigurationError, match="SPANGLASS_API_KEY") as caught:
        Client("http://ann:geheim@host")
    assert "geheim" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="The key in SPANGLASS_API_KEY has characters") as caught:
        Client.load(sources=Sources({"SPANGLASS_API_KEY": "geheim\r\nx: y"}))
    assert "geheim" not in str(caught.value)


def test_proxies_are_for_what_is_away(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is asked for a server elsewhere, and not for one on this machine."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    server.repeat = Answer([b"{}"])
    assert Client("http://spanglass.example:4400").get("/api/v1/traces") == b"{}"
    assert server.asked[0].path == "http://spanglass.example:4400/api/v1/traces"
    for host in ("127.0.0.1", "localhost", "[::1]"):
        with pytest.raises(ServerUnavailable):
            Client(f"http://{host}:9").get("/api/v1/traces")
    assert len(server.asked) == 1


def test_the_key_is_named_where_it_is_missing_or_wrong(tmp_path: Path) -> None:
    """A server with a key answers to it, whichever variable holds it; else the message names the variable to set."""
    with running(config(tmp_path, api_key="k3y")) as up:
        assert asked(up.ui, "traces", SPANGLASS_API_KEY="k3y").code == 0
        assert asked(up.ui, "traces", SPANGLASS_SERVER_API_KEY="k3y").code == 0
        missing, wrong = asked(up.ui, "traces"), asked(up.ui, "traces", SPANGLASS_SERVER_API_KEY="no")
    theirs = "the value of SPANGLASS_SERVER_API_KEY where the server was started.\n"
    assert missing == (2, "", f"spanglass: The server {up.ui} wants a key (401): set SPANGLASS_API_KEY to {theirs}")
    assert (
        wrong.err
        == f"spanglass: The server {up.ui} refuses the key in SPANGLASS_SERVER_API_KEY (401): set it to {theirs}"
    )
