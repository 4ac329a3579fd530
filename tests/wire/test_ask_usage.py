"""Asking for usage changes nothing else of a request."""

import json

import pytest

from spanglass.wire.ask_usage import ask_usage
from spanglass.wire.recognise import Recognised, recognise


def chat(host: str = "api.openai.com", path: str = "/v1/chat/completions") -> Recognised:
    """Return what a request is recognised as."""
    found = recognise("POST", host, path)
    assert found is not None
    return found


@pytest.mark.parametrize("body", [b'{"stream":true}', b' {"model" : "m", "x": {"y":1},\n "stream": true }\n'])
@pytest.mark.parametrize("host", ["api.openai.com", "api.deepseek.com", "vllm.internal", "x.openai.azure.com"])
def test_usage_is_asked_for(host: str, body: bytes) -> None:
    """The option is added; the bytes before it stay as they were."""
    asked = ask_usage(chat(host), body)
    assert asked is not None
    assert asked.startswith(body.strip()[:-1])
    assert json.loads(asked) == {**json.loads(body), "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'[{"stream":true}]',
        b'{"stream":false}',
        b'{"stream":"true"}',
        b'{"model":"m"}',
        b'{"stream":true,"stream_options":{"include_usage":true}}',
        b'{"stream":true,"stream_options":{"include_usage":false}}',
        b'{"stream":true,"stream_options":null}',
    ],
)
def test_other_requests_are_left_alone(body: bytes) -> None:
    """What is not streamed, says itself what it wants, or is no JSON object is not touched."""
    assert ask_usage(chat(), body) is None


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("api.groq.com", "/openai/v1/chat/completions"),
        ("api.mistral.ai", "/v1/chat/completions"),
        ("api.openai.com", "/v1/responses"),
    ],
)
def test_who_sends_usage_anyway_is_not_asked(host: str, path: str) -> None:
    """Providers that report usage unasked, and other interfaces, are not asked."""
    assert ask_usage(chat(host, path), b'{"stream":true}') is None
