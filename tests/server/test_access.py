"""Who may speak to the server."""

import pytest

from spanglass.errors import Unauthenticated
from spanglass.server.access import Access

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - not listened on


@pytest.mark.parametrize(
    ("listening", "allowed", "header", "known"),
    [
        ("127.0.0.1", (), "localhost:4400", True),
        ("127.0.0.1", (), "127.0.0.1:4400", True),
        ("127.0.0.1", (), "[::1]:4400", True),
        ("127.0.0.1", (), "LOCALHOST", True),
        ("127.0.0.1", (), "evil.example:4400", False),
        ("127.0.0.1", (), "localhost.evil.example", False),
        ("127.0.0.1", (), "10.0.0.7:4400", False),
        ("127.0.0.1", (), "", False),
        ("127.0.0.1", (), "localhost:", True),
        ("127.0.0.1", (), "[::1].evil.example", False),
        ("127.0.0.1", (), "localhost:4400/healthz?", False),
        ("127.0.0.1", (), "localhost:evil.example", False),
        ("127.0.0.1", (), "[::1", False),
        (EVERY_ADDRESS, (), "[10.0.0.7", False),
        ("10.0.0.7", (), "10.0.0.7:4400", True),
        ("10.0.0.7", (), "10.0.0.8:4400", False),
        ("fd00::7", (), "[fd00::7]:4400", True),
        (EVERY_ADDRESS, (), "10.0.0.7:4400", True),
        (EVERY_ADDRESS, (), "[fd00::7]:4400", True),
        (EVERY_ADDRESS, (), "evil.example:4400", False),
        ("127.0.0.1", ("traces.example",), "traces.example:443", True),
        ("127.0.0.1", ("Traces.Example:443",), "traces.example:443", True),
        ("127.0.0.1", ("traces.example:443",), "traces.example:80", False),
        ("127.0.0.1", ("*",), "anything.example", True),
    ],
)
def test_only_known_host_headers_pass(listening: str, allowed: tuple[str, ...], header: str, known: bool) -> None:  # noqa: FBT001 - a column of the table
    """Loopback names, the listening address and allowed names pass; a name that only points here does not."""
    assert Access(listening, allowed).knows_host(header) is known


@pytest.mark.parametrize(
    "authorization",
    [
        *(None, "", "Bearer", "Bearer ", "Bearer wrong", "right", "Bearer rightt"),
        *(
            "Basic",
            "Basic right",
            "Basic cmlnaHQ=",
            "Basic cmlnaHQ6",
            "Basic YW5uOndyb25n",
            "Basic \u00e9",
            "Digest right",
        ),
    ],
)
def test_a_wrong_key_is_refused(authorization: str | None) -> None:
    """Nothing but the whole key in the right form passes; the message says how to send it."""
    with pytest.raises(Unauthenticated, match="OTEL_EXPORTER_OTLP_HEADERS"):
        Access(EVERY_ADDRESS, api_key="right").demand_key(authorization)


@pytest.mark.parametrize(
    "authorization", ["Bearer right", "bearer right", "Bearer  right ", "Basic YW5uOnJpZ2h0", "basic OnJpZ2h0"]
)
def test_the_right_key_passes(authorization: str) -> None:
    """The scheme's case and spaces do not matter; with Basic the key is the password, whoever the user."""
    Access("127.0.0.1", api_key="right").demand_key(authorization)


def test_a_session_stands_for_the_key_and_does_not_tell_it() -> None:
    """The cookie's value passes, changes with the key, and does not contain it."""
    access = Access("127.0.0.1", api_key="right")

    access.demand_key(None, access.session())

    assert "right" not in access.session()
    with pytest.raises(Unauthenticated):
        Access("127.0.0.1", api_key="other").demand_key(None, access.session())


def test_without_a_key_everybody_passes() -> None:
    """On loopback no key is needed; no text is the key then, not even an empty one."""
    access = Access("127.0.0.1")

    access.demand_key(None)

    assert not access.is_key("")


def test_the_key_is_not_printed() -> None:
    """A rule in a log or a traceback does not tell the key."""
    assert "right" not in repr(Access("127.0.0.1", api_key="right"))
