"""Recorded OpenAI traffic, to be replayed through the real client, and what the provider recorded in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import genai_prices
import openai
import yaml

from parts import ROOT
from scripted import Answer, scripted
from spanglass.semconv import attributes as attr

CREATE = {
    "chat/completions": lambda client: client.chat.completions.create,
    "embeddings": lambda client: client.embeddings.create,
    "responses": lambda client: client.responses.create,
}
FOLDER = ROOT.parent / "shared" / "recordings" / "openai"


def interactions() -> dict[str, dict[str, Any]]:
    """Return every recorded request with its answer, by name; empty where there are no recordings."""
    return {
        f"{path.stem}-{number}": interaction
        for path in sorted(FOLDER.glob("*.yaml"))
        for number, interaction in enumerate(yaml.safe_load(path.read_text())["interactions"])
    }


def answer_of(interaction: dict[str, Any]) -> Answer:
    """Return the recorded answer, to be given again."""
    response = interaction["response"]
    kind = next(values[0] for name, values in response["headers"].items() if name.lower() == "content-type")
    return Answer([response["body"]["string"].encode()], response["status"]["code"], {"content-type": kind})


def documents(body: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON documents of an answer, a stream's or the one there is."""
    if not body.lstrip().startswith(("data:", "event:")):
        yield json.loads(body)
        return
    for line in body.splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def recorded_usage(body: str) -> dict[str, Any] | None:
    """Return the last usage that the provider stated."""
    stated = [d.get("usage") or (d.get("response") or {}).get("usage") for d in documents(body)]
    return next((usage for usage in reversed(stated) if usage), None)


def recorded_model(body: str) -> str:
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


def replay(client: openai.OpenAI, interaction: dict[str, Any]) -> None:
    """Make the recorded call, and read all of its answer."""
    request = interaction["request"]
    create: Any = CREATE[request["uri"].partition("/v1/")[2]](client)
    answered = create(**json.loads(request["body"]))
    if isinstance(answered, openai.Stream):
        list(answered)


@contextmanager
def provider_of(interaction: dict[str, Any]) -> Iterator[openai.OpenAI]:
    """Lend a real client whose provider gives the recorded answer."""
    with (
        scripted(answer_of(interaction)) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client,
    ):
        yield client
