import pytest

from spanglass.cli.extras import SERVER, STANDIN, require
from spanglass.errors import ConfigurationError


def test_what_is_missing_is_named_with_what_to_install() -> None:
    """A missing package, or a missing part of one, is named together with the extra that brings it."""
    with pytest.raises(ConfigurationError) as caught:
        require("up", "server", ("json", "no_such_package", "no_such_parent.child"))
    assert str(caught.value) == (
        "`spanglass up` needs packages that are not installed (no_such_package, no_such_parent.child): "
        'pip install "spanglass[server]", or the wheel you have with [server] behind its name.'
    )


def test_what_is_there_is_not_asked_for() -> None:
    """With the extras installed, as here, nothing is missing."""
    require("up", "server", SERVER)
    require("standin", "server", STANDIN)
