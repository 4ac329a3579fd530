"""Recorded OpenAI traffic, replayed through the real client: the span ends with the recorded usage and its cost."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import genai_prices
import openai
import pytest
import yaml

from parts import ROOT, recordings
from scripted import Answer, scripted
from spanglass.semconv import attributes as attr
from telemetry import recording

CREATE = {
    "chat/completions": lambda client: client.chat.completions.create,
    "embeddings": lambda client: client.embeddings.create,
    "responses": lambda client: client.responses.create,
}
FOLDER = ROOT.parent / "shared" / "recordings" / "openai"


def interactions() -> Iterator[object]:
    """Yield every recorded request with its answer; one test that says so where there are none."""
    files = sorted(FOLDER.glob("*.yaml"))
    for path in files:
        for number, interaction in enumerate(yaml.safe_load(path.read_text())["interactions"]):
            yield pytest.param(interaction, id=f"{path.stem}-{number}")
    if not files:
        yield pytest.param(None, id="no recordings")


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


def price(usage: dict[str, int | None], model: str) -> float:
    """Return the cost by the package that the price table comes from."""
    used = genai_prices.Usage(
        input_tokens=usage[attr.INPUT_TOKENS],
        output_tokens=usage[attr.OUTPUT_TOKENS],
        cache_read_tokens=usage[attr.CACHE_READ_TOKENS],
    )
    priced = genai_prices.calc_price(used, model, provider_id="openai", genai_request_timestamp=datetime.now(UTC))
    return float(priced.total_price)


def replay(client: openai.OpenAI, interaction: dict[str, Any]) -> None:
    """Make the recorded call, and read all of its answer."""
    request = interaction["request"]
    create: Any = CREATE[request["uri"].partition("/v1/")[2]](client)
    answered = create(**json.loads(request["body"]))
    if isinstance(answered, openai.Stream):
        list(answered)


@pytest.mark.parametrize("interaction", list(interactions()))
def test_recording_ends_in_its_usage_and_cost(interaction: dict[str, Any] | None) -> None:
    """Usage, model, response id, finish reasons and cost are the recorded ones; an error has the provider's name."""
    if interaction is None:
        recordings("openai")
        pytest.fail("the folder of recordings holds none")
    response = interaction["response"]
    body, status = response["body"]["string"], response["status"]["code"]
    kind = next(values[0] for name, values in response["headers"].items() if name.lower() == "content-type")
    answer = Answer([body.encode()], status, {"content-type": kind})
    with (
        recording() as telemetry,
        scripted(answer) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client,
    ):
        if status >= 400:
            with pytest.raises(openai.APIStatusError):
                replay(client, interaction)
        else:
            replay(client, interaction)
    found = telemetry.attributes()
    assert found[attr.HTTP_STATUS_CODE] == status
    if status >= 400:
        error = json.loads(body)["error"]
        assert found[attr.ERROR_TYPE] == (error["code"] or error["type"])
        assert attr.COST_STATE not in found
        return
    model = recorded_model(body)
    assert found[attr.RESPONSE_MODEL] == model
    usage = recorded_usage(body)
    if usage is None:
        assert found[attr.USAGE_ESTIMATED] is True
        assert found[attr.COST_STATE] == "estimated"
        return
    expected = {name: count for name, count in counts(usage).items() if count is not None}
    assert {name: found.get(name) for name in expected} == expected
    assert found[attr.COST_STATE] == "computed"
    assert found[attr.COST_AMOUNT] == pytest.approx(price(counts(usage), model), rel=1e-12)
