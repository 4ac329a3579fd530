"""What is switched on is the user's to choose, and what the user has switched on stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from otlp_receiver import environment, receiver, run
from spanglass.sdk.frameworks.table import chosen, known
from spanglass.settings import SDK_FRAMEWORKS

INIT = "import spanglass; spanglass.init(service_name='shop')\n"
STATES = """
import flask, requests
from spanglass.sdk import frameworks
import json
print(json.dumps({name: frameworks.states()[name] for name in ("flask", "redis", "requests")}))
"""
ON, OFF, WAITING = "on", "off", "waiting for the library"


@pytest.mark.parametrize(
    ("variables", "argument", "states"),
    [
        ({}, "", {"flask": ON, "redis": WAITING, "requests": ON}),
        ({"SPANGLASS_FRAMEWORKS": "none"}, "", {"flask": OFF, "redis": OFF, "requests": OFF}),
        ({"SPANGLASS_FRAMEWORKS": "flask, redis"}, "", {"flask": ON, "redis": WAITING, "requests": OFF}),
        ({"SPANGLASS_FRAMEWORKS": "flask"}, "'none'", {"flask": OFF, "redis": OFF, "requests": OFF}),
        ({}, "['requests']", {"flask": OFF, "redis": OFF, "requests": ON}),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask,redis"}, "", {"flask": OFF, "redis": OFF, "requests": ON}),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"}, "", {"flask": OFF, "redis": OFF, "requests": OFF}),
    ],
)
def test_frameworks_are_chosen(variables: dict[str, str], argument: str, states: dict[str, str]) -> None:
    """All, none or some, by argument or variable; OpenTelemetry's own variable takes out."""
    init = f"import spanglass; spanglass.init({'frameworks=' + argument if argument else ''})\n"
    with receiver() as seen:
        done = run(init + STATES, endpoint=seen.endpoint, **variables)
        assert (done.stderr, json.loads(done.stdout)) == ("", states)


def test_an_unknown_name_is_one_line_with_the_known_ones() -> None:
    """A name that is no row is said once with those that are; the others are switched on."""
    with receiver() as seen:
        done = run(INIT + STATES, endpoint=seen.endpoint, SPANGLASS_FRAMEWORKS="flask,flusk")
        [line] = done.stderr.splitlines()
        assert "flusk" in line
        assert all(name in line for name in known())
        assert '"flask": "on"' in done.stdout


ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "opentelemetry.instrumentation.flask": raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
"""


def test_a_missing_extra_is_said_only_to_who_asks() -> None:
    """Without the instrumentation nothing is said, unless the framework was asked for by name; then the extra is."""
    with receiver() as seen:
        silent = run(ABSENT + INIT + STATES, endpoint=seen.endpoint)
        assert (silent.stderr, '"flask": "instrumentation not installed"' in silent.stdout) == ("", True)
        asked = run(ABSENT + INIT + STATES, endpoint=seen.endpoint, SPANGLASS_FRAMEWORKS="flask")
        [line] = asked.stderr.splitlines()
        assert 'Install "spanglass[flask]"' in line


UNFIT = """
import importlib.metadata
version = importlib.metadata.version
from opentelemetry.instrumentation import dependencies
dependencies.version = lambda name: "0.9" if name == "flask" else version(name)
"""


def test_an_instrumentation_that_does_not_fit_is_one_line() -> None:
    """A library outside the range that its instrumentation knows is one line with both; the program goes on."""
    with receiver() as seen:
        done = run(UNFIT + INIT + STATES, endpoint=seen.endpoint)
        [line] = done.stderr.splitlines()
        assert "flask >= 1.0" in line
        assert "flask 0.9" in line
        assert '"flask": "does not fit"' in done.stdout


FLASK = """
from opentelemetry import trace
app = flask.Flask("shop")
@app.get("/orders/<int:number>")
def order(number): return f"order {number}"
assert app.test_client().get("/orders/1").status_code == 200
"""
THEIRS = {
    "class": "from opentelemetry.instrumentation.flask import FlaskInstrumentor\nFlaskInstrumentor().instrument()\n",
    "application": (
        "from opentelemetry.instrumentation.flask import FlaskInstrumentor\n"
        "flask.Flask.made = flask.Flask.__init__\n"
        "def made(self, *args, **kwargs): self.made(*args, **kwargs); FlaskInstrumentor().instrument_app(self)\n"
        "flask.Flask.__init__ = made\n"
    ),
}


@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_what_the_application_switches_on_is_not_doubled(theirs: str, first: str) -> None:
    """Before `init` or after, the application's own instrumentation makes the one span of a request."""
    steps = [INIT, THEIRS[theirs]] if first == "ours" else [THEIRS[theirs], INIT]
    with receiver() as seen:
        done = run("import flask\n" + "".join(steps) + FLASK, endpoint=seen.endpoint)
        assert done.returncode == 0, done.stderr
        assert seen.span_names() == ["GET /orders/<int:number>"]


FASTAPI = """
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
app = FastAPI()
@app.get("/orders/{number}")
def order(number: int): return number
FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
assert TestClient(app).get("/orders/1").status_code == 200
"""


def test_a_fastapi_that_its_application_instruments_is_not_doubled() -> None:
    """OpenTelemetry's own instrumentation of FastAPI, called by the application, makes the one SERVER span."""
    with receiver() as seen:
        done = run(INIT + FASTAPI, endpoint=seen.endpoint, SPANGLASS_FRAMEWORKS="fastapi")
        assert done.returncode == 0, done.stderr
        assert seen.span_names() == ["GET /orders/{number}"]


def test_opentelemetrys_own_command_gives_the_same(tmp_path: Path) -> None:
    """Under `opentelemetry-instrument` a request is one span too, health checks are none, and unused libraries rest."""
    program = tmp_path / "program.py"
    program.write_text(
        "import flask\n" + FLASK + "app.test_client().get('/healthz')\n"
        "import sys; print([name for name in ('django', 'redis', 'celery') if name in sys.modules])\n"
    )
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, str(program)]
    with receiver() as seen:
        # What this environment has beside, for the tests of other things, imports half of it.
        beside = "openai,anthropic,langchain,openai_agents,urllib3"
        variables = environment(seen.endpoint, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=beside)
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
        assert seen.span_names() == ["GET /orders/<int:number>"]


def test_names_and_extras_choose_rows() -> None:
    """An extra stands for all its rows, and an entry point of OpenTelemetry's for its row."""
    assert [row.name for row in chosen(["httpx"])] == ["httpx", "httpx2"]
    assert [row.name for row in chosen(["aiohttp-client", "asgi"])] == ["starlette", "aiohttp"]
    assert chosen([""]) == ()
    assert SDK_FRAMEWORKS.default == ("auto",)
