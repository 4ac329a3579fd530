import json
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from otlp_receiver import run
from spanglass.cli.diagnosis import arrival
from started import SPANGLASS, Started, clean_environment, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A server to ask about."""
    with started(tmp_path_factory.mktemp("doctor")) as up:
        yield up


def doctor(*flags: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """Run it for programs; returns the exit code and the document."""
    ran = subprocess.run(
        [*SPANGLASS, "doctor", "--json", *flags],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=clean_environment(**variables),
    )
    return ran.returncode, json.loads(ran.stdout)


def said(document: dict[str, Any], about: str) -> list[tuple[str, str]]:
    """The findings about something."""
    return [(found["status"], found["says"]) for found in document["findings"] if found["about"] == about]


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Whatever listens there: it says the same to everybody."""

    class Always(socketserver.BaseRequestHandler):
        """Says it."""

        def handle(self) -> None:
            self.request.recv(65536)
            with suppress(OSError):
                self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Always) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.05,)).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def test_a_healthy_way_passes(server: Started) -> None:
    """With a server at the endpoint the test span goes there and comes back, and all HTTP libraries are hooked."""
    code, document = doctor("--endpoint", server.otlp_http, "--server", server.ui)
    assert (code, document["healthy"]) == (0, True)
    assert said(document, "export") == [("ok", f"{server.otlp_http}/v1/traces took a test span")]
    ((status, arrived),) = said(document, "arrival")
    assert status == "ok"
    assert arrived.startswith(f"{server.ui} shows it after")
    ((status, seen),) = said(document, "hooks")
    assert status == "ok"
    named = seen.removeprefix("calls to models over ").removesuffix(" are seen").split(", ")
    assert [library.partition(" ")[0] for library in named] == ["httpx", "httpx2", "aiohttp", "requests", "urllib3"]


def test_frameworks_are_told_apart() -> None:
    """What will be seen and what is switched off."""
    _, everything = doctor("--endpoint", f"http://127.0.0.1:{free_port()}")
    _, one = doctor("--endpoint", f"http://127.0.0.1:{free_port()}", SPANGLASS_FRAMEWORKS="flask")
    ((status, seen),) = said(everything, "frameworks")
    assert status == "ok"
    assert {"django", "flask", "psycopg", "redis"} < set(seen.partition(": ")[2].split(", "))
    (on, off) = said(one, "frameworks")
    assert on == ("ok", "seen once the application imports them: flask")
    assert off[0] == "note"
    assert "django" in off[1]
    assert "flask" not in off[1]


def test_a_framework_without_its_instrumentation_is_named_with_what_to_install() -> None:
    """A library that is here and whose instrumentation is not is said, with the extra."""
    script = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "opentelemetry.instrumentation.flask": raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
import spanglass
from spanglass.cli import diagnosis
spanglass.init()
print([(found.says, found.cure) for found in diagnosis.around()][1])
"""
    done = run(script, OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
    assert (
        done.stdout
        == "('installed here and not seen, but for calls to models: flask', 'To see them, install spanglass[flask].')\n"
    )


def test_people_read_the_same(server: Started) -> None:
    """For people there is a line a finding and a verdict at the end."""
    ran = subprocess.run(
        [*SPANGLASS, "doctor", "--endpoint", server.otlp_http, "--server", server.ui],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=clean_environment(),
    )
    assert f"✓ export     {server.otlp_http}/v1/traces took a test span\n" in ran.stdout
    assert ran.stdout.endswith("\nTelemetry gets through.\n")
    assert ran.stderr == ""


def test_nothing_at_the_endpoint_fails_with_the_cure() -> None:
    """Where nobody listens doctor says which address, why, and what to do; exit code 1."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    code, document = doctor(SPANGLASS_ENDPOINT=endpoint)
    assert (code, document["healthy"]) == (1, False)
    failed = next(found for found in document["findings"] if found["about"] == "export")
    assert failed["status"] == "fail"
    assert f"{endpoint}/v1/traces" in failed["says"]
    assert "refused" in failed["says"]
    assert "spanglass up" in failed["cure"]
    assert said(document, "arrival") == []


def test_a_wrong_server_is_told_apart_from_a_wrong_endpoint(server: Started) -> None:
    """The span leaves but the UI's address is wrong: that, and only that, fails."""
    code, document = doctor("--endpoint", server.otlp_http, "--server", f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert [found["about"] for found in document["findings"] if found["status"] == "fail"] == ["arrival"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"[" * 200_000,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 2_000_000,
    ],
    ids=["no-object", "no-http", "nested", "huge"],
)
def test_whatever_answers_is_told_not_thrown(answer: bytes) -> None:
    """A server that is no spanglass, or not even HTTP, is a finding; it is not read without end."""
    with answering(answer) as url:
        found = arrival("0" * 32, url, None)

    assert (found.about, found.status) == ("arrival", "fail")
    assert len(found.says) < 400


@pytest.mark.parametrize(
    "variables", [{"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}, {"SPANGLASS_DISABLED": "1"}]
)
def test_what_silences_the_sdk_is_named(variables: dict[str, str]) -> None:
    """A variable that keeps every span in is a failure that names the variable."""
    code, document = doctor(**variables)
    assert code == 1
    failures = [says for status, says in said(document, "variables") if status == "fail"]
    assert any(name in says for name in variables for says in failures)


def test_secrets_are_not_shown(server: Started) -> None:
    """Keys and headers that are set are listed without their values."""
    _, document = doctor(
        "--endpoint",
        server.otlp_http,
        "--server",
        server.ui,
        SPANGLASS_API_KEY="geheim",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=geheim",
    )
    assert "geheim" not in json.dumps(document)
    assert "SPANGLASS_API_KEY=(hidden)" in said(document, "variables")[0][1]


def test_packages_that_record_the_same_calls_are_named(server: Started) -> None:
    """The instrumentations installed for these tests are named, with what they do to a call."""
    _, document = doctor("--endpoint", server.otlp_http, "--server", server.ui)
    beside = [says for _, says in said(document, "beside us")]
    assert any(says.startswith("opentelemetry-instrumentation-genai-openai is installed") for says in beside)
    assert any(says.startswith("openinference-instrumentation-openai is installed") for says in beside)


def test_a_key_is_needed_where_the_server_has_one(tmp_path: Path) -> None:
    """Against a server with a key doctor passes with the key and fails without it."""
    with started(tmp_path, SPANGLASS_SERVER_API_KEY="k3y") as up:
        flags = ("--endpoint", up.otlp_http, "--server", up.ui)
        assert doctor(*flags, SPANGLASS_API_KEY="k3y")[0] == 0
        code, answered = doctor(*flags)
        assert code == 1
        assert "set SPANGLASS_API_KEY" in str(answered)


def test_each_of_several_destinations_is_told(server: Started) -> None:
    """Beside the server that takes it, a destination where nobody listens fails with its own line and cure."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    flags = ("--endpoint", server.otlp_http, "--server", server.ui)
    code, document = doctor(*flags, SPANGLASS_DESTINATIONS=f"spanglass,{nowhere}")
    assert code == 1
    (ours, theirs) = said(document, "sent to")
    assert ours == ("ok", "spanglass took traces and metrics")
    assert theirs[0] == "fail"
    assert f"{nowhere}/v1/" in theirs[1]
    assert "refused" in theirs[1]
