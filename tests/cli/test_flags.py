import json
import random
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

from asked import FROM, TO, asked, shop_server
from parts import ROOT
from scripted import Answer, ScriptedServer, scripted
from spanglass.cli.commands import PANELS, build
from spanglass.server.app import Addresses

ENDLESS = {"tail"}
"""Commands that have no end."""
ASKING = [name for name in PANELS["Ask a server"] if name not in ENDLESS]
TRACE = f"{1:08x}{0:016x}{1:08x}"
ARGUMENTS = {"trace": [TRACE], "search": ["x"]}
NAMED = {"prompts": "greeting/v", "errors": "94b6d61257baecd4", "sessions": "s-1", "metrics": "shop.takings"}
"""Commands that show one thing closely when it is named."""
VALUES = {
    "since": None,
    "from": FROM,
    "to": TO,
    "limit": "7",
    "offset": "1",
    "server": None,
    "zone": "UTC",
    "json": None,
    "trace": TRACE,
}
"""What the flags are given; None leaves one out, a flag that is not here gets a word."""
COMMANDS = [*([name, *ARGUMENTS.get(name, [])] for name in ASKING), *([name, named] for name, named in NAMED.items())]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A server that was told about the shop."""
    with shop_server(tmp_path_factory.mktemp("shop")) as addresses:
        yield addresses


def every_flag(name: str) -> list[str]:
    """A command line with every flag of a command."""
    command = typer.main.get_command(build([name])).commands[name]  # type: ignore[attr-defined]  # it is a group
    flags = [flag for row in command.params for flag in row.opts if flag.startswith("--") and flag != "--help"]
    given_: list[str] = []
    for flag in flags:
        value = VALUES.get(flag[2:], "word")
        is_switch = next(row.is_flag for row in command.params if flag in row.opts)
        given_ += [] if value is None else [flag] if is_switch else [flag, value]
    return given_


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_command_asks_the_api_takes(command: list[str]) -> None:
    """Whatever flags are given, an endpoint of that path exists, and has every parameter that is sent to it."""
    described = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    with scripted() as server:
        server.repeat = Answer([b"{}"])
        ran = asked(server.url, *command, *every_flag(command[0]))
    assert (ran.code, ran.err) == (0, "")
    assert server.asked
    for request in server.asked:
        split = urlsplit(request.path)
        fitting = [path for path in described if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), split.path)]
        assert len(fitting) == 1, split.path
        known = {row["name"] for row in described[fitting[0]]["get"]["parameters"] if row["in"] == "query"}
        assert {name for name, _ in parse_qsl(split.query)} <= known


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5), st.just([]), st.just({})
)


def changed(document: object, chance: random.Random, odd: object) -> object:
    """A document with some of its values replaced."""
    if chance.random() < 0.05:
        return odd
    if isinstance(document, dict):
        return {name: changed(value, chance, odd) for name, value in document.items() if chance.random() > 0.05}
    return [changed(value, chance, odd) for value in document] if isinstance(document, list) else document


@pytest.fixture(scope="module")
def answers(shop: Addresses) -> dict[str, object]:
    """What the server answers to each command."""
    found: dict[str, object] = {}
    for command in COMMANDS:
        given_ = ("--from", FROM, "--to", TO) if command[0] != "trace" else ()
        ran = asked(shop.ui, *command, *given_, "--json")
        assert ran.code == 0, ran.err
        found[" ".join(command)] = json.loads(ran.out)
    return found


@pytest.fixture(scope="module")
def other() -> Iterator[ScriptedServer]:
    """A server that answers as a test says."""
    with scripted() as server:
        yield server


@given(st.randoms(use_true_random=False), ODD, st.sampled_from(COMMANDS), st.sampled_from([30, 80, 200, None]))
@settings(max_examples=150)
def test_answers_of_any_form_are_shown(
    answers: dict[str, object],
    other: ScriptedServer,
    chance: random.Random,
    odd: object,
    command: list[str],
    columns: int | None,
) -> None:
    """An answer of another version, with fields missing or of other types, is shown as far as it is understood."""
    document = changed(answers[" ".join(command)], chance, odd)
    other.repeat = Answer([json.dumps(document).encode()])
    ran = asked(other.url, *command, columns=columns)
    assert (ran.code, ran.err) in {(0, ""), (1, ran.err)}
    assert "Traceback" not in ran.err
