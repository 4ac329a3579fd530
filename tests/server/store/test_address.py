"""How a ClickHouse's address is read, and that no message gives its password away."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.errors import ConfigurationError
from spanglass.server.config import Config
from spanglass.server.store.address import Address, address
from spanglass.server.store.open import store_shown
from spanglass.settings import Sources

SECRET = "s3cret-of-the-store"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("clickhouse://db", Address(host="db", port=8123)),
        ("clickhouses://db", Address(host="db", port=8443, secure=True)),
        ("clickhouse://db?secure=true", Address(host="db", port=8443, secure=True)),
        ("clickhouse://ann@db:9000/obs", Address(host="db", port=9000, database="obs", user="ann")),
        (
            "clickhouse://a%40b:p%2F%25@[::1]:1/x_1?cluster=main-1&verify=off&ca_cert=/ca.pem",
            Address(
                host="::1",
                port=1,
                database="x_1",
                user="a@b",
                password="p/%",
                verify=False,
                ca_cert="/ca.pem",
                cluster="main-1",
            ),
        ),
    ],
)
def test_an_address_says_where_who_and_how(url: str, expected: Address) -> None:
    """Ports, database and user have defaults; signs with a meaning in URLs are percent-encoded."""
    assert address(url) == expected


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://db:8123", "neither clickhouse:// nor clickhouses://"),
        ("clickhouse://", "names no host"),
        ("clickhouse://db:port", "the port cannot be read"),
        ("clickhouse://[db", "cannot be read"),
        (f"clickhouse://ann:{SECRET}#@db", "cannot be read|write a # in a password as %23"),
        (f"clickhouse://db#{SECRET}", "write a # in a password as %23"),
        ("clickhouse://db/a-b", "must have a plain name"),
        ("clickhouse://db/x?cluster='", "cluster must be one of"),
        ("clickhouse://db/x?compress=1", r"not known \(compress\); there are secure, verify, ca_cert, cluster"),
        (f"clickhouse://db/x?password-{SECRET}=", "one that is no name"),
        ("clickhouse://db/x?secure=perhaps", "option secure of SPANGLASS_STORE must be true or false"),
    ],
)
def test_what_is_wrong_is_said(url: str, said: str) -> None:
    """Each message names what to correct, and none repeats the password."""
    with pytest.raises(ConfigurationError, match=said) as raised:
        address(url)

    assert SECRET not in str(raised.value)


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_message_repeats_the_password(before: str, after: str) -> None:
    """Whatever is around it, a text that may be a password is in no message and in nothing that is shown."""
    try:
        read = address(f"clickhouse://{before}:{SECRET}{after}@db/obs")
    except ConfigurationError as error:
        assert SECRET not in str(error)  # noqa: PT017 - an address may be right as well
    else:
        if SECRET in read.password:
            assert SECRET not in read.shown
            assert SECRET not in repr(read)


def test_the_password_has_places_of_its_own(tmp_path: Path) -> None:
    """The URL's goes first, then the variable's, then the file's, whose line end is none of it."""
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\n")

    assert address("clickhouse://a:b@db", "variable", str(path)).password == "b"
    assert address("clickhouse://a@db", "variable", str(path)).password == "variable"
    assert address("clickhouse://a@db", None, str(path)).password == SECRET


def test_a_password_file_that_is_none_is_said(tmp_path: Path) -> None:
    """A missing, a binary and a huge file each have a message that names the file and the setting."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge").write_text("x" * 10_000)

    for name in ("absent", "binary", "huge"):
        with pytest.raises(ConfigurationError, match=f"{name}.*correct SPANGLASS_STORE_PASSWORD_FILE"):
            address("clickhouse://a@db", None, str(tmp_path / name))


def test_where_everything_is_kept_is_shown_without_who(tmp_path: Path) -> None:
    """A person reads the directory, or host, port, database and cluster; a value's text has no password either."""
    url = f"clickhouse://ann:{SECRET}@db/obs?cluster=main"
    config = Config.load(Sources({"SPANGLASS_STORE": url, "SPANGLASS_STORE_PASSWORD": SECRET}))

    assert store_shown(config) == "ClickHouse db:8123, database obs of cluster main"
    assert SECRET not in repr(config)
    assert store_shown(Config(data=tmp_path)) == str(tmp_path)
