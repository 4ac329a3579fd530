import json
from typing import Any

import pytest

from cassettes import names, recorded
from spanglass.call import Usage

NAMES = names("openai")


def documents(body: bytes) -> list[Any]:
    """Parse the recorded body the plain way: one JSON document, or one a line of data."""
    if body.lstrip().startswith(b"{"):
        return [json.loads(body)]
    lines = [line[6:] for line in body.decode().splitlines() if line.startswith("data: ")]
    assert lines
    return [json.loads(line) for line in lines if line != "[DONE]"]


def recorded_usage(usage: dict[str, Any]) -> tuple[int | None, ...]:
    into = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    out = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return (
        usage.get("prompt_tokens", usage.get("input_tokens")),
        usage.get("completion_tokens", usage.get("output_tokens")),
        into.get("cached_tokens"),
        into.get("audio_tokens"),
        out.get("reasoning_tokens"),
        out.get("audio_tokens"),
        out.get("accepted_prediction_tokens"),
        out.get("rejected_prediction_tokens"),
    )


def read_usage(usage: Usage) -> tuple[int | None, ...]:
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.input_audio_tokens,
        usage.reasoning_tokens,
        usage.output_audio_tokens,
        usage.accepted_prediction_tokens,
        usage.rejected_prediction_tokens,
    )


@pytest.mark.parametrize("step", [1, 37, 1_000_000])
@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_answer_comes_out_as_the_provider_sent_it(name: str, step: int) -> None:
    """Usage, id, model, finish reasons, tool names and error of every recording, at any split."""
    exchange = recorded("openai", name)
    response = exchange.read(range(step, len(exchange.body), step))
    told = [document.get("response", document) for document in documents(exchange.body)]
    assert response.id == next((one["id"] for one in told if one.get("id", "").startswith(("chat", "resp"))), None)
    assert response.model == next((one["model"] for one in told if one.get("model")), None)
    usage = [one["usage"] for one in told if one.get("usage")]
    assert (response.usage and read_usage(response.usage)) == (recorded_usage(usage[-1]) if usage else None)
    assert response.service_tier == next((one["service_tier"] for one in told[::-1] if one.get("service_tier")), None)
    errors = [one["error"]["code"] for one in told if one.get("error")]
    assert response.error_type == (errors[0] if errors else None)
    assert (response.error_type is not None) is (exchange.status >= 400)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_choices_finish_and_ask_for_tools_as_sent(name: str) -> None:
    """One finish reason a choice, in order, and the tools asked for."""
    exchange = recorded("openai", name)
    response = exchange.read()
    finished: dict[int, str] = {}
    tools: list[str] = []
    told = documents(exchange.body)
    for choice in (choice for one in told for choice in one.get("choices", ())):
        if choice["finish_reason"]:
            finished[choice["index"]] = choice["finish_reason"]
        said = choice.get("delta") or choice.get("message") or {}
        tools += [call["function"]["name"] for call in said.get("tool_calls") or () if call.get("id")]
    if any(one.get("response", one).get("status") == "completed" for one in told):
        finished = {0: "stop"}
    assert response.finish_reasons == tuple(finished[index] for index in sorted(finished))
    assert [tool.name for tool in response.tool_calls] == tools


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_request_is_read(name: str) -> None:
    """Model, stream and the sampling facts the application sent; content only when asked for."""
    exchange = recorded("openai", name)
    sent = json.loads(exchange.asked)
    request = exchange.recognised.request(exchange.asked)
    assert request is not None
    assert (request.provider, request.model) == ("openai", sent["model"])
    assert request.stream is bool(sent.get("stream"))
    assert request.temperature == sent.get("temperature")
    assert request.seed == sent.get("seed")
    assert request.input_messages is None
    with_content = exchange.recognised.request(exchange.asked, content=True)
    assert with_content is not None
    if "messages" in sent:
        roles = [message["role"] for message in json.loads(with_content.input_messages or "[]")]
        assert roles == [message["role"] for message in sent["messages"]]
