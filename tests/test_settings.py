"""Settings are looked up as argument, environment, file, default, and say what is wrong."""

from pathlib import Path

import pytest

from spanglass.errors import ConfigurationError
from spanglass.settings import ALLOWED_HOSTS, DEMO, HOST, PORT, SDK_HOSTS, SERVER_API_KEY, SETTINGS, Sources


def test_argument_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """The first place that says something wins."""
    (tmp_path / "spanglass.toml").write_text("[server]\nport = 3\n")
    everything = Sources.load({"SPANGLASS_PORT": "2"}, directory=tmp_path)
    without_variable = Sources.load({}, directory=tmp_path)
    nothing = Sources({})

    assert everything.get(PORT, 1) == 1
    assert everything.get(PORT) == 2
    assert without_variable.get(PORT) == 3
    assert nothing.get(PORT) == 4400


def test_an_empty_variable_is_not_set() -> None:
    """An empty variable falls through to the default."""
    assert Sources({"SPANGLASS_HOST": ""}).get(HOST) == "127.0.0.1"


def test_the_file_may_use_toml_types(tmp_path: Path) -> None:
    """Booleans, lists and tables of the file mean what they say."""
    path = tmp_path / "other.toml"
    path.write_text('[server]\ndemo = true\nallowed_hosts = ["a", "b"]\n[sdk.hosts]\n"llm.internal" = "openai"\n')
    sources = Sources.load({"SPANGLASS_CONFIG": str(path)})

    assert sources.get(DEMO) is True
    assert sources.get(ALLOWED_HOSTS) == ("a", "b")
    assert sources.get(SDK_HOSTS) == (("llm.internal", "openai"),)


def test_a_bad_value_names_its_place_and_the_cure() -> None:
    """The message says which variable, what it held and what is right."""
    with pytest.raises(
        ConfigurationError, match=r"SPANGLASS_PORT cannot be used: '99999'; use a number from 0 to 65535"
    ):
        Sources({"SPANGLASS_PORT": "99999"}).get(PORT)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A missing file that was asked for is an error; a missing default file is not."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Sources.load({"SPANGLASS_CONFIG": str(tmp_path / "absent.toml")})

    assert Sources.load({}, directory=tmp_path).file == {}


@pytest.mark.parametrize("content", [b"[server\n", b"\xff\xfe", b"x=" + b"[" * 100_000])
def test_a_broken_file_is_said(tmp_path: Path, content: bytes) -> None:
    """A file that is not TOML is an error that names it."""
    (tmp_path / "spanglass.toml").write_bytes(content)

    with pytest.raises(ConfigurationError, match="is not TOML"):
        Sources.load({}, directory=tmp_path)


def test_names_and_variables_are_unique() -> None:
    """No two settings share a name or a variable, and secrets are marked."""
    assert len({row.name for row in SETTINGS}) == len(SETTINGS)
    assert len({row.env for row in SETTINGS}) == len(SETTINGS)
    assert SERVER_API_KEY.secret
