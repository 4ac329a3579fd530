"""The server's settings, and what they refuse."""

from pathlib import Path

import pytest

from spanglass.errors import ConfigurationError
from spanglass.server.config import MIB, Config
from spanglass.settings import Sources

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - not listened on


def test_the_defaults_are_those_of_the_table() -> None:
    """Nothing set means loopback, the documented ports and no key."""
    config = Config.load(Sources({}))

    assert (config.host, config.port, config.otlp_http_port, config.otlp_grpc_port) == ("127.0.0.1", 4400, 4318, 4317)
    assert (config.data, config.api_key, config.allowed_hosts) == (Path("spanglass-data"), None, ())
    assert (config.queue_bytes, config.max_body_bytes) == (32 * 2**20, 16 * 2**20)


def test_arguments_go_before_variables() -> None:
    """A flag wins over the environment, which wins over the default."""
    sources = Sources({"SPANGLASS_PORT": "5000", "SPANGLASS_DATA": "/from/env", "SPANGLASS_ALLOWED_HOSTS": "a, b:1"})

    config = Config.load(sources, port=6000)

    assert (config.port, config.data, config.allowed_hosts) == (6000, Path("/from/env"), ("a", "b:1"))


@pytest.mark.parametrize("host", [EVERY_ADDRESS, "10.1.2.3", "::", "my-machine"])
def test_another_host_demands_a_key(host: str) -> None:
    """What other machines can reach is not served without a key, and the message names the cure."""
    with pytest.raises(ConfigurationError, match="SPANGLASS_SERVER_API_KEY"):
        Config(host=host)

    assert Config(host=host, api_key="k").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    """This machine alone can reach it."""
    assert Config(host=host).api_key is None


def test_a_body_that_could_never_be_accepted_is_refused_at_start() -> None:
    """The queue must hold at least one body."""
    with pytest.raises(ConfigurationError, match="SPANGLASS_QUEUE_MIB"):
        Config.load(Sources({"SPANGLASS_QUEUE_MIB": "8"}))


def test_two_services_on_one_port_are_refused() -> None:
    """Each of the three has a port of its own; 0 is no port yet and may repeat."""
    with pytest.raises(ConfigurationError, match="SPANGLASS_OTLP_GRPC_PORT"):
        Config(port=4317)

    assert Config(port=0, otlp_http_port=0, otlp_grpc_port=0).port == 0


def test_the_key_is_not_printed() -> None:
    """Settings in a log do not tell the key."""
    assert "hunter2" not in repr(Config(api_key="hunter2"))


@pytest.mark.parametrize("key", ["hunter2\n", " hunter2", "hunter 2", "schl\u00fcssel", "\t", "a\x00b"])
def test_a_key_that_no_request_can_carry_is_refused_at_start(key: str) -> None:
    """Rather a word now than a server that answers 401 to everybody; the key itself is not told."""
    with pytest.raises(ConfigurationError, match="SPANGLASS_SERVER_API_KEY") as refused:
        Config(api_key=key)

    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize("variable", ["SPANGLASS_MAX_BODY_MIB", "SPANGLASS_QUEUE_MIB", "SPANGLASS_STORE_MEMORY_MIB"])
def test_a_size_beyond_all_machines_is_refused_at_start(variable: str) -> None:
    """Numbers that gRPC or the store would fail on are named with what is right."""
    with pytest.raises(ConfigurationError, match=variable):
        Config.load(Sources({"SPANGLASS_QUEUE_MIB": "2048", variable: "99999999999999999999"}))


def test_no_directory_is_not_this_directory() -> None:
    """`--data "$UNSET"` means the default, not a database among the files of wherever one stands."""
    assert Config.load(Sources({}), data="").data == Path("spanglass-data")


def test_a_ceiling_below_what_is_needed_is_refused() -> None:
    """A ceiling that queue and store alone would break is a mistake; without one it follows from them."""
    with pytest.raises(ConfigurationError, match=r"SPANGLASS_MEMORY_MIB is 200 MiB, but .* need 288"):
        Config(memory_mib=200)

    assert Config(memory_mib=300).memory_bytes == 300 * MIB
    assert Config().memory_bytes == 384 * MIB
