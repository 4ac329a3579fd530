"""What is recorded of exceptions: their words, without keys, whatever their class does."""

import httpx
import pytest

import spanglass
from spanglass.sdk.error_message import error_message
from spanglass.testing import capture

ADDRESS = "http://models.test/v1beta/models/gemini-2.5-flash:generateContent?key=secret"


class MuteError(Exception):
    """It cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


def test_words_are_cut_and_a_mute_exception_has_none() -> None:
    """At most 500 characters; nothing where there is nothing."""
    assert error_message(ValueError("x" * 1_000)) == "x" * 500
    assert error_message(ValueError()) is None
    assert error_message(MuteError()) is None


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (httpx.ConnectError(f"no way to {ADDRESS}"), "no way to " + ADDRESS.replace("key=secret", "…")),
        (MuteError(), None),
    ],
)
def test_a_failed_call_says_no_key_and_is_counted(failure: Exception, said: str | None) -> None:
    """Transports put whole addresses into their errors; the application gets its own exception."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    with capture() as seen:
        with spanglass.agent("a"), pytest.raises(type(failure)) as caught:  # noqa: SIM117 - one is the application's
            with httpx.Client(transport=httpx.MockTransport(fail)) as client:
                client.post(ADDRESS, json={"contents": [{"parts": [{"text": "Hi"}]}]})
        assert caught.value is failure
        call = next(span for span in seen.spans() if span["name"].startswith("generate_content"))
        [point] = seen.metrics()["gen_ai.client.operation.duration"]
    assert call["attributes"].get("spanglass.error.message") == said
    assert point["labels"]["error.type"] == type(failure).__qualname__
