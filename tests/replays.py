"""Recorded OpenAI traffic, to be replayed through the real client, and what the provider recorded in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices
import openai

from cassettes import Exchange
from scripted import scripted
from spanglass.semconv import attributes as attr

CREATE = {
    "chat/completions": lambda client: client.chat.completions.create,
    "embeddings": lambda client: client.embeddings.create,
    "responses": lambda client: client.responses.create,
}


def documents(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON documents of an answer, a stream's or the one there is."""
    if not body.lstrip().startswith((b"data:", b"event:")):
        yield json.loads(body)
        return
    for line in body.splitlines():
        data = line.removeprefix(b"data:").strip()
        if line.startswith(b"data:") and data != b"[DONE]":
            yield json.loads(data)


def recorded_usage(body: bytes) -> dict[str, Any] | None:
    """Return the last usage that the provider stated."""
    stated = [d.get("usage") or (d.get("response") or {}).get("usage") for d in documents(body)]
    return next((usage for usage in reversed(stated) if usage), None)


def recorded_model(body: bytes) -> str:
    """Return the model that the provider stated."""
    return next(str(m) for d in documents(body) if (m := d.get("model") or (d.get("response") or {}).get("model")))


def counts(usage: dict[str, Any]) -> dict[str, int | None]:
    """Return a recorded usage under the conventions' names."""
    inputs = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    outputs = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return {
        attr.INPUT_TOKENS: usage.get("prompt_tokens", usage.get("input_tokens")),
        attr.OUTPUT_TOKENS: usage.get("completion_tokens", usage.get("output_tokens")),
        attr.CACHE_READ_TOKENS: inputs.get("cached_tokens"),
        attr.REASONING_TOKENS: outputs.get("reasoning_tokens"),
    }


def price(usage: dict[str, int | None], model: str) -> Decimal:
    """Return the cost by the package that the price table comes from."""
    used = genai_prices.Usage(
        input_tokens=usage[attr.INPUT_TOKENS],
        output_tokens=usage[attr.OUTPUT_TOKENS],
        cache_read_tokens=usage[attr.CACHE_READ_TOKENS],
    )
    priced = genai_prices.calc_price(used, model, provider_id="openai", genai_request_timestamp=datetime.now(UTC))
    return priced.total_price


def replay(client: openai.OpenAI, exchange: Exchange) -> None:
    """Make the recorded call, and read all of its answer."""
    create: Any = CREATE[exchange.path.partition("/v1/")[2]](client)
    answered = create(**json.loads(exchange.asked))
    if isinstance(answered, openai.Stream):
        list(answered)


@contextmanager
def provider_of(exchange: Exchange) -> Iterator[openai.OpenAI]:
    """Lend a real client whose provider gives the recorded answer."""
    with (
        scripted(exchange.answer()) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client,
    ):
        yield client
