import json
import signal
import socket
import subprocess

import openai

from spanglass.standin.scenario import Scenario
from started import SPANGLASS, clean_environment


def test_the_stand_in_answers_until_it_is_told_to_stop() -> None:
    """`spanglass standin` says where it listens, answers the real client there, and ends cleanly on Ctrl-C."""
    process = subprocess.Popen(
        [*SPANGLASS, "standin", "--port", "0", "--at-once", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        base_url = json.loads(process.stdout.readline())["base_url"]
        with openai.OpenAI(base_url=base_url, api_key="any") as client:
            assert client.responses.create(model="gpt-5-mini", input="Hello?").output_text.startswith("You asked")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) in {0, 130}
        assert process.stderr.read() == ""


def test_the_scenarios_are_listed() -> None:
    """`--scenarios` names every scenario with what it does."""
    listed = subprocess.run(
        [*SPANGLASS, "standin", "--scenarios"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(Scenario)


def test_a_taken_port_is_said() -> None:
    """A port in use is one line with the cure, exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [*SPANGLASS, "standin", "--port", str(port)], capture_output=True, text=True, timeout=60, check=False
        )
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"spanglass: The stand-in cannot listen on 127.0.0.1:{port}")
    assert refused.stderr.count("\n") == 1
