import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from started import SPANGLASS, clean_environment, started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """`up` answers on all its addresses and ends on Ctrl-C or SIGTERM with exit code 0 and nothing on stderr."""
    with started(tmp_path) as up:
        assert up.get("/healthz")["status"] == "ok"
        assert up.get("/api/v1/traces")["traces"] == []
        export = urllib.request.Request(  # noqa: S310 - our own address
            f"{up.otlp_http}/v1/traces", b'{"resourceSpans":[]}', {"content-type": "application/json"}
        )
        with urllib.request.urlopen(export, timeout=10) as answer:  # noqa: S310 - likewise
            assert answer.status == 200
        assert up.stop(number) == (0, "")
    assert list((tmp_path / "data").iterdir())


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - to see that it is not shown as an address
def test_people_are_told_where_to_look_and_what_to_write(tmp_path: Path, host: str) -> None:
    """Without --json the start names the page, the endpoints, the directory, the need of a key, and what to write."""
    process = subprocess.Popen(
        [*SPANGLASS, "up", "--host", host, "--port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=clean_environment(SPANGLASS_DATA="kept", SPANGLASS_SERVER_API_KEY="k3y"),
    )
    with process:
        assert process.stdout is not None
        told = ""
        while "Stop with" not in told:
            told += next(process.stdout)
        process.send_signal(signal.SIGINT)
    assert "  Open            http://127.0.0.1:" in told
    assert f"  Data            {tmp_path / 'kept'}\n" in told
    assert 'spanglass.init(service_name="my-app", endpoint="http://127.0.0.1:' in told
    assert "applications send it when SPANGLASS_API_KEY is set to it" in told
    assert "k3y" not in told
    assert told.endswith("Stop with Ctrl-C.\n")


@pytest.mark.parametrize("flag", ["--port", "--otlp-http-port", "--otlp-grpc-port"])
def test_a_taken_port_is_said_with_its_cure(tmp_path: Path, flag: str) -> None:
    """Whichever port is taken, the message names it and the flag that moves it; exit code 2, no traceback."""
    ports = {"--port": "0", "--otlp-http-port": "0", "--otlp-grpc-port": "0"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports[flag] = str(taken.getsockname()[1])
        refused = subprocess.run(
            [*SPANGLASS, "up", "--data", str(tmp_path), *(word for pair in ports.items() for word in pair)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=clean_environment(),
        )
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"spanglass: Port {ports[flag]} on 127.0.0.1 is taken")
    assert f"{flag} " in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_settings_come_from_the_file_too(tmp_path: Path) -> None:
    """What no flag says is read from spanglass.toml in the working directory."""
    (tmp_path / "spanglass.toml").write_text('[server]\nhost = "localhost"\n')
    with started(tmp_path) as up:
        assert up.ui.startswith("http://localhost:")


def test_the_directory_can_serve_one_process_at_a_time(tmp_path: Path) -> None:
    """A second server on the same data is refused in words, and the first goes on."""
    with started(tmp_path) as up:
        refused = subprocess.run(
            [
                *SPANGLASS,
                "up",
                "--data",
                str(tmp_path / "data"),
                "--port=0",
                "--otlp-http-port=0",
                "--otlp-grpc-port=0",
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=clean_environment(),
        )
        assert refused.returncode == 2
        assert refused.stderr.startswith("spanglass: ")
        assert "Traceback" not in refused.stderr
        assert json.dumps(up.get("/healthz"))
