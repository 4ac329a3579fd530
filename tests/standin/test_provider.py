import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from spanglass.standin.provider import create_app
from spanglass.standin.reply import Reply
from spanglass.standin.serve import serving

Wish = Callable[[str], dict[str, str]]
QUESTION: Any = [{"role": "user", "content": "When does the last train leave?"}]


@pytest.mark.parametrize(
    ("scenario", "error", "code"),
    [
        ("rate-limited", openai.RateLimitError, "rate_limit_exceeded"),
        ("quota", openai.RateLimitError, "insufficient_quota"),
        ("server-error", openai.InternalServerError, None),
        ("overloaded", openai.InternalServerError, "slow_down"),
        ("unauthorized", openai.AuthenticationError, "invalid_api_key"),
        ("context-length", openai.BadRequestError, "context_length_exceeded"),
        ("model-not-found", openai.NotFoundError, "model_not_found"),
    ],
)
def test_failures_are_the_providers(
    client: openai.OpenAI, wish: Wish, scenario: str, error: type[openai.APIStatusError], code: str | None
) -> None:
    """Each failure is the client's own exception with the provider's code and a request id."""
    with pytest.raises(error) as caught:
        client.chat.completions.create(model="gpt-4o", messages=QUESTION, extra_headers=wish(scenario))
    assert caught.value.code == code
    assert caught.value.request_id


@pytest.mark.parametrize("scenario", ["rate-limited", "server-error", "overloaded"])
def test_passing_failures_end_after_their_number(client: openai.OpenAI, wish: Wish, scenario: str) -> None:
    """The client's retries get through after the number of failures asked for, and not before."""
    patient = client.with_options(max_retries=2)
    raw = patient.chat.completions.with_raw_response.create(
        model="gpt-4o", messages=QUESTION, extra_headers=wish(f"{scenario}:2")
    )
    assert raw.retries_taken == 2
    with pytest.raises(openai.APIStatusError):
        patient.chat.completions.create(model="gpt-4o", messages=QUESTION, extra_headers=wish(f"{scenario}:3"))


def test_a_rate_limit_says_when_to_come_back(client: openai.OpenAI, wish: Wish) -> None:
    """429 carries Retry-After in seconds, and in milliseconds that follow the speed."""
    with pytest.raises(openai.RateLimitError) as caught:
        client.responses.create(model="gpt-4o", input="Hi", extra_headers=wish("rate-limited"))
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.response.headers["retry-after-ms"] == "1"


def test_answers_carry_the_providers_headers(client: openai.OpenAI) -> None:
    """Request id, rate limits and processing time come with each answer; no request id comes twice."""
    raws = [client.chat.completions.with_raw_response.create(model="gpt-4o", messages=QUESTION) for _ in range(2)]
    assert len({raw.headers["x-request-id"] for raw in raws}) == 2
    assert {"openai-processing-ms", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens"} <= set(
        raws[0].headers
    )


def test_identifiers_never_repeat(client: openai.OpenAI) -> None:
    """The same question asked twice has the same answer under two ids, because an id is one billable unit."""
    first, second = (client.chat.completions.create(model="gpt-4o", messages=QUESTION) for _ in range(2))
    assert first.choices[0].message.content == second.choices[0].message.content
    assert first.id != second.id


def test_a_seed_repeats_identifiers_too() -> None:
    """Two stand-ins with one seed answer the same requests with the same ids; without a seed they do not."""

    def first_id(seed: int | None) -> str:
        with serving(create_app(seed=seed)) as url, openai.OpenAI(base_url=url, api_key="k") as client:
            return client.chat.completions.create(model="gpt-4o", messages=QUESTION).id

    assert first_id(3) == first_id(3)
    assert first_id(None) != first_id(None)


def test_bodies_are_compressed_when_asked(base_url: str) -> None:
    """JSON is gzip where the request accepts it and plain where it does not; both are the same answer."""
    body = {"model": "gpt-4o", "messages": QUESTION}
    with httpx2.Client(base_url=base_url, headers={"authorization": "Bearer k"}) as client:
        packed = client.post("/chat/completions", json=body, headers={"accept-encoding": "gzip"})
        plain = client.post("/chat/completions", json=body, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json()["choices"] == plain.json()["choices"]


@pytest.mark.parametrize(
    ("content", "headers", "status", "says"),
    [
        (b"{}", {}, 401, "API key"),
        (b"{", {"authorization": "Bearer k"}, 400, "parse the JSON"),
        (b"[]", {"authorization": "Bearer k"}, 400, "parse the JSON"),
        (b'{"messages": [1]}', {"authorization": "Bearer k"}, 400, "model"),
        (b'{"model": "gpt-4o"}', {"authorization": "Bearer k"}, 400, "messages"),
        (b'{"model": "standin-nonsense"}', {"authorization": "Bearer k"}, 400, "there are: plain"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(
    base_url: str, content: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    """A request that the provider would refuse is refused in its words."""
    answer = httpx2.post(f"{base_url}/chat/completions", content=content, headers=headers)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


def test_half_a_surrogate_pair_is_answered(base_url: str) -> None:
    """JSON can spell what no text holds; the answer is still UTF-8, streamed, whole or embedded."""
    body = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "\\ud800"}], "stream": %s}'
    headers = {"authorization": "Bearer k"}
    for stream in (b"true", b"false"):
        answer = httpx2.post(f"{base_url}/chat/completions", content=body % stream, headers=headers)
        assert answer.status_code == 200
    embed = b'{"model": "text-embedding-3-small", "input": "\\ud800", "dimensions": 4}'
    assert httpx2.post(f"{base_url}/embeddings", content=embed, headers=headers).status_code == 200


def test_unknown_paths_get_the_providers_error(base_url: str) -> None:
    """A path that is not there answers JSON as the provider does; the list of models is there."""
    assert httpx2.get(f"{base_url}/nothing").json()["error"]["message"] == "Invalid URL."
    assert httpx2.get(f"{base_url}/models").json()["object"] == "list"


def test_speed_scales_the_wait() -> None:
    """At a finite speed the first event waits for the model and `slow` waits longer, in proportion."""
    with serving(create_app(speed=20)) as url, openai.OpenAI(base_url=url, api_key="k") as client:
        started = time.monotonic()
        client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, max_tokens=1, extra_headers={"x-standin-scenario": "slow:4"}
        )
        assert 0.2 <= time.monotonic() - started < 2


def test_a_script_decides_what_is_said() -> None:
    """An app made with replies says them, and makes up the rest."""

    def replies(ask: object) -> Reply | None:
        return Reply(json.dumps({"ok": True})) if "train" in str(ask) else None

    with serving(create_app(replies=replies)) as url, openai.OpenAI(base_url=url, api_key="k") as client:
        assert client.responses.create(model="gpt-4o", input="The train?").output_text == '{"ok": true}'
        assert client.responses.create(model="gpt-4o", input="The bus?").output_text.startswith("You asked")
