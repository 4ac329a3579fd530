import json
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from asked import asked
from exports import export, span_message
from records import T0
from scripted import Act, Answer, scripted
from served import config, running
from started import SPANGLASS, clean_environment

STREAM = {"content-type": "text/event-stream"}
SPAN = {
    "trace_id": "0" * 31 + "1",
    "name": "chat \x1b[31m",
    "model": "gpt-5",
    "operation": "chat",
    "work": "llm",
    "start": T0 / 1e9,
    "duration": 1.42,
    "status": "error",
    "error_message": "no\u202e",
    "cost": {"state": "estimated", "amount": "0.0042"},
}


DROPPED = b'event: dropped\ndata: {"dropped": 3}\n\n'


def event(number: int) -> bytes:
    """An event as the server tells it."""
    return f"id: {number}\nevent: span\ndata: {json.dumps(SPAN)}\n\n".encode()


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Let processes hear SIGINT, also where a shell in the background has these tests ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def tailing(server: str, *flags: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Follow a server in a process of its own while the block runs."""
    environ = clean_environment(SPANGLASS_SERVER=server, TZ="UTC", **variables)
    command = [*SPANGLASS, "tail", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: "subprocess.Popen[str]") -> str:
    """The next line it prints."""
    assert process.stdout is not None
    return process.stdout.readline()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """End it as Ctrl-C does; returns the exit code and what it said on stderr."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    return process.returncode, said


def test_spans_are_followed_over_a_lost_connection() -> None:
    """After the connection is lost it goes on behind the last span, says so on stderr, and Ctrl-C ends it with 0."""
    first = Answer([b"retry: 2000\n\n", event(1), DROPPED, Act.CUT], headers=STREAM)
    busy = Answer([b'{"error": {"message": "Full \\u001b[31m."}}'], 503)
    with scripted(first, busy, Answer([event(2), Act.WAIT], headers=STREAM)) as server:
        with tailing(server.url, "--service", "shop", COLUMNS="90") as process:
            printed = [next_line(process) for _ in range(2)]
            code, said = ended(process)
        server.go_on()
        once, _, again = server.asked
    line = "08:53:20  000000…000001  LLM           1.42 s    ~$0.0042  ✗ chat \\u001b[31m gpt-5  no\\u2…\n"
    assert printed == [line, line]
    assert code == 0
    assert said.splitlines()[0] == "spanglass: 3 spans more came than can be shown; narrow to fewer."
    assert said.splitlines()[1].endswith("Asking again in 1.00 s.")
    assert said.splitlines()[2].endswith("cannot answer this: Full \\u001b[31m. Asking again in 2.00 s.")
    assert len(said.splitlines()) == 3
    assert (once.path, again.path) == ("/api/v1/tail?service=shop",) * 2
    assert "Last-Event-Id" not in once.headers
    assert again.headers["Last-Event-Id"] == "1"


def test_each_span_is_a_line_of_json() -> None:
    """With `--json` each line is a document that says the same, and nothing in it acts in a terminal."""
    with scripted(Answer([event(1), event(2), Act.WAIT], headers=STREAM)) as server:
        with tailing(server.url, "--json") as process:
            lines = [next_line(process) for _ in range(2)]
            assert ended(process) == (0, "")
        server.go_on()
    assert [json.loads(line) for line in lines] == [SPAN, SPAN]
    assert "\u202e" not in lines[0]


def test_a_server_that_never_answered_or_refuses_is_an_error() -> None:
    """Nobody there is exit code 1 at once, and so is a full house; what cannot be asked is 2."""
    assert asked("http://127.0.0.1:9", "tail").code == 1
    for status, code in ((503, 1), (400, 2)):
        with scripted(Answer([b'{"error": {"message": "No room."}}'], status)) as server:
            ran = asked(server.url, "tail")
        assert ran.code == code
        assert "No room." in ran.err


def test_what_a_real_server_receives_is_shown(tmp_path: Path) -> None:
    """A span that is exported while somebody follows is printed within seconds."""
    with running(config(tmp_path)) as up, tailing(up.ui, "--json") as process:
        assert process.stdout is not None
        for sent in range(1, 60):  # until it listens, what comes is not told
            body = export([span_message(sent, trace=sent)]).SerializeToString()
            headers = {"content-type": "application/x-protobuf"}
            with urlopen(Request(f"{up.otlp_http}/v1/traces", data=body, headers=headers), timeout=10):  # noqa: S310 - our own server
                pass
            if select.select([process.stdout], [], [], 0.5)[0]:
                break
        line = next_line(process)
        assert json.loads(line)["name"].startswith("span ")
        assert ended(process) == (0, "")
