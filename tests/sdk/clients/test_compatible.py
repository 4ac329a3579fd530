"""The real openai client against servers that pose as OpenAI-compatible hosts, each with its habits."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import openai
import pytest

from scripted import Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording

MESSAGES: Any = [{"role": "user", "content": "Where is the night train?"}]
EVENT_STREAM = {"content-type": "text/event-stream"}


class Host(NamedTuple):
    """One host as its users meet it.

    Attributes:
        base: Base URL, of which only the scheme is not the real one.
        model: A model asked for there.
        provider: Who answers.
        usage: Its usage object.
        tokens: Input, output, read from a cache and reasoning, as they must come out.
        cost: State of the cost, and the amount where the host or the table says one.
        more: Further fields of its answers.
    """

    base: str
    model: str
    provider: str
    usage: dict[str, Any]
    tokens: tuple[int | None, int | None, int | None, int | None]
    cost: tuple[str, str | None]
    more: dict[str, Any] = {}  # noqa: RUF012 - never changed


PLAIN = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
TOKENS = (1000, 100, None, None)
HOSTS = {
    "azure": Host(
        "http://me.openai.azure.com/openai/v1/",
        "gpt-4o-mini",
        "azure.ai.openai",
        PLAIN | {"prompt_tokens_details": {"cached_tokens": 500, "audio_tokens": 0}},
        (1000, 100, 500, None),
        ("computed", "0.0001725"),
        {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]},
    ),
    "groq": Host(
        "http://api.groq.com/openai/v1",
        "llama-3.3-70b-versatile",
        "groq",
        PLAIN | {"queue_time": 0.01, "prompt_time": 0.02, "completion_time": 0.3, "total_time": 0.32},
        TOKENS,
        ("computed", None),
        {"x_groq": {"id": "req_1"}},
    ),
    "mistral": Host(
        "http://api.mistral.ai/v1", "mistral-small-latest", "mistral_ai", PLAIN, TOKENS, ("computed", None)
    ),
    "deepseek": Host(
        "http://api.deepseek.com",
        "deepseek-chat",
        "deepseek",
        PLAIN
        | {
            "prompt_cache_hit_tokens": 600,
            "prompt_cache_miss_tokens": 400,
            "completion_tokens_details": {"reasoning_tokens": 40},
        },
        (1000, 100, 600, 40),
        ("computed", None),
    ),
    "openrouter": Host(
        "http://openrouter.ai/api/v1",
        "anthropic/claude-haiku-4.5",
        "openrouter",
        PLAIN | {"cost": 0.00123, "is_byok": False, "cost_details": {"upstream_inference_cost": None}},
        TOKENS,
        ("reported", "0.00123"),
        {"provider": "Anthropic"},
    ),
    "xai": Host(
        "http://api.x.ai/v1",
        "grok-4",
        "x_ai",
        {
            "prompt_tokens": 1000,
            "completion_tokens": 60,
            "total_tokens": 1100,
            "completion_tokens_details": {"reasoning_tokens": 40},
            "num_sources_used": 0,
        },
        (1000, 100, None, 40),
        ("computed", None),
    ),
    "perplexity": Host(
        "http://api.perplexity.ai",
        "sonar",
        "perplexity",
        PLAIN | {"search_context_size": "low", "cost": {"total_cost": 0.006, "request_cost": 0.005}},
        TOKENS,
        ("reported", "0.006"),
        {"citations": ["https://example.com"], "search_results": []},
    ),
    "moonshot": Host(
        "http://api.moonshot.ai/v1",
        "kimi-k2-0905-preview",
        "moonshot_ai",
        PLAIN | {"cached_tokens": 200},
        (1000, 100, 200, None),
        ("computed", None),
    ),
    "together": Host(
        "http://api.together.xyz/v1",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "together",
        PLAIN,
        TOKENS,
        ("computed", None),
    ),
    "fireworks": Host(
        "http://api.fireworks.ai/inference/v1",
        "accounts/fireworks/models/gpt-oss-20b",
        "fireworks",
        PLAIN,
        TOKENS,
        ("computed", None),
    ),
    "lm studio": Host(
        "http://localhost:1234/v1",
        "qwen3-8b",
        "lm_studio",
        PLAIN,
        TOKENS,
        ("unpriced", None),
        {"stats": {}, "system_fingerprint": "qwen3-8b"},
    ),
    "ollama": Host("http://localhost:11434/v1", "llama3.2", "ollama", PLAIN, TOKENS, ("unpriced", None)),
    "vllm": Host(
        "http://gpu-1.internal:8000/v1",
        "Qwen/Qwen3-8B",
        "openai",
        PLAIN | {"prompt_tokens_details": None},
        TOKENS,
        ("unpriced", None),
        {"prompt_logprobs": None, "kv_transfer_params": None},
    ),
    "llama.cpp": Host(
        "http://gpu-2.internal:8080/v1",
        "qwen3-8b.gguf",
        "openai",
        PLAIN,
        TOKENS,
        ("unpriced", None),
        {"timings": {"prompt_n": 1000, "prompt_ms": 20.5, "predicted_n": 100, "predicted_ms": 900.1}},
    ),
    # What a LiteLLM proxy answers for is OpenAI's model, at OpenAI's price, unless its host is named otherwise.
    "litellm proxy": Host(
        "http://proxy.internal:4000", "gpt-4o-mini", "openai", PLAIN, TOKENS, ("computed", "0.00021")
    ),
}


@contextmanager
def client(server: ScriptedServer, base: str) -> Iterator[openai.OpenAI]:
    """Lend a client of a host, for which the server stands as its HTTP proxy: the request names the real host."""
    with (
        openai.DefaultHttpxClient(proxy=server.url) as http,
        openai.OpenAI(base_url=base, api_key="made-up", max_retries=0, http_client=http) as made,
    ):
        yield made


def whole(host: Host) -> Answer:
    message = {"role": "assistant", "content": "On platform 3."}
    document = {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": host.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": host.usage,
        **host.more,
    }
    return Answer([json.dumps(document).encode()])


def stream(host: Host) -> Answer:
    """A stream that begins with a comment, as OpenRouter's do, and ends with usage in a chunk of its own."""
    chunk = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": host.model, **host.more}
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": ""},
        {"content": "On platform "},
        {"content": "3."},
    ]
    chunks = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    chunks.append({**chunk, "choices": [], "usage": host.usage})
    events = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks]
    return Answer([b": PROCESSING\n\n", *events, b"data: [DONE]\n\n"], headers=EVENT_STREAM)


def holds(telemetry: Telemetry, host: Host) -> None:
    """Check provider, tokens and cost of one call."""
    found = telemetry.attributes()
    assert (found[attr.PROVIDER], found[attr.REQUEST_MODEL]) == (host.provider, host.model)
    counted = (attr.INPUT_TOKENS, attr.OUTPUT_TOKENS, attr.CACHE_READ_TOKENS, attr.REASONING_TOKENS)
    assert tuple(found.get(name) for name in counted) == host.tokens
    state, amount = host.cost
    assert found[attr.COST_STATE] == state
    assert (attr.COST_AMOUNT in found) is (state != "unpriced")
    if amount is not None:
        assert found[attr.COST_EXACT] == amount
    assert found[attr.FINISH_REASONS] == ("stop",)
    assert attr.STREAM_INCOMPLETE not in found


@pytest.mark.parametrize("name", HOSTS)
def test_whole_answer(name: str) -> None:
    """A host is named, its usage is inclusive totals, and its cost is its own, the table's or unknown."""
    host = HOSTS[name]
    with scripted(whole(host)) as server, recording(hosts={}) as telemetry, client(server, host.base) as made:
        answer = made.chat.completions.create(model=host.model, messages=MESSAGES)
    assert answer.choices[0].message.content == "On platform 3."
    holds(telemetry, host)
    assert server.asked[0].path.startswith(host.base)


@pytest.mark.parametrize("name", HOSTS)
def test_streamed_answer(name: str) -> None:
    """The same of a stream that was asked for its usage."""
    host = HOSTS[name]
    with scripted(stream(host)) as server, recording(hosts={}) as telemetry, client(server, host.base) as made:
        options: Any = {"include_usage": True}
        chunks = list(
            made.chat.completions.create(model=host.model, messages=MESSAGES, stream=True, stream_options=options)
        )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "On platform 3."
    holds(telemetry, host)


def test_azure_deployment() -> None:
    """A deployment in the path is the model asked for; the price is that of the model that answered."""
    host = HOSTS["azure"]
    with (
        scripted(whole(host)) as server,
        recording(hosts={}) as telemetry,
        openai.DefaultHttpxClient(proxy=server.url) as http,
        openai.AzureOpenAI(
            azure_endpoint="http://me.openai.azure.com",
            azure_deployment="our-mini",
            api_version="2024-10-21",
            api_key="made-up",
            http_client=http,
        ) as made,
    ):
        made.chat.completions.create(model="our-mini", messages=MESSAGES)
    assert "/openai/deployments/our-mini/chat/completions?" in server.asked[0].path
    holds(telemetry, host._replace(model="our-mini"))


def test_host_of_ones_own_is_named_by_the_setting() -> None:
    """`SPANGLASS_HOSTS` says who answers at a host, so that its prices are its own."""
    host = HOSTS["litellm proxy"]._replace(provider="our_gateway", cost=("unpriced", None))
    with (
        scripted(whole(host)) as server,
        recording(hosts={"proxy.internal": "our_gateway"}) as telemetry,
        client(server, host.base) as made,
    ):
        made.chat.completions.create(model=host.model, messages=MESSAGES)
    holds(telemetry, host)
    assert sum(telemetry.metrics()[metrics.UNPRICED.name].values()) == 1


@pytest.mark.parametrize(
    ("base", "provider", "usage"),
    [
        ("http://api.mistral.ai/v1", "mistral_ai", {"prompt_tokens": 12, "total_tokens": 12, "completion_tokens": 0}),
        ("http://api.voyageai.com/v1", "voyageai", {"total_tokens": 12}),
        ("http://localhost:1234/v1", "lm_studio", {"prompt_tokens": 12, "total_tokens": 12}),
    ],
)
def test_embeddings(base: str, provider: str, usage: dict[str, int]) -> None:
    """Embeddings of compatible hosts, also where they give a total alone."""
    document = {"object": "list", "model": "m", "data": [{"index": 0, "embedding": [0.1, 0.2]}], "usage": usage}
    with (
        scripted(Answer([json.dumps(document).encode()])) as server,
        recording(hosts={}) as telemetry,
        client(server, base) as made,
    ):
        made.embeddings.create(model="m", input="night train", encoding_format="float")
    found = telemetry.attributes()
    assert (found[attr.PROVIDER], found[attr.INPUT_TOKENS]) == (provider, 12)
    assert attr.USAGE_ESTIMATED not in found
