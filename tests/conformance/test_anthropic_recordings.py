import json
from typing import Any

import pytest

from cassettes import Exchange, names, recorded
from spanglass.call import Usage

NAMES = names("anthropic")


def documents(exchange: Exchange) -> list[dict[str, Any]]:
    """Parse the recorded body the plain way: one JSON document, or one a line of data."""
    if exchange.body.lstrip().startswith(b"{"):
        return [json.loads(exchange.body)]
    lines = [line[6:] for line in exchange.body.decode().splitlines() if line.startswith("data: ")]
    assert lines
    return [json.loads(line) for line in lines]


def recorded_usage(told: list[dict[str, Any]]) -> Usage:
    usage: dict[str, Any] = {}
    for document in told:
        usage |= document.get("usage") or document.get("message", {}).get("usage") or {}
    read, write = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    return Usage(
        usage["input_tokens"] + (read or 0) + (write or 0),
        usage["output_tokens"],
        cache_read_tokens=read,
        cache_write_tokens=write,
    )


def recorded_parts(told: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the kind of each block, and its text or the name of its tool."""
    blocks: list[dict[str, Any]] = []
    for document in told:
        blocks += document.get("content", [])
        if document["type"] == "content_block_start":
            blocks.append(dict(document["content_block"]))
        elif document["type"] == "content_block_delta":
            blocks[document["index"]]["text"] += document["delta"]["text"]
    return [(block["type"], str(block["text"] if "text" in block else block["name"])) for block in blocks]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_answer_comes_out_as_the_provider_sent_it(name: str) -> None:
    """Id, model, stop reason, usage, text and tools of every recording, as plain JSON has them."""
    exchange = recorded("anthropic", name)
    told = documents(exchange)
    message = told[0].get("message", told[0])
    response = exchange.read(content=True)
    assert (response.id, response.model) == (message["id"], message["model"])
    reasons = [one.get("delta", one).get("stop_reason") for one in told]
    assert response.finish_reasons == tuple(reason for reason in reasons if reason)
    assert response.usage == recorded_usage(told)
    assert response.service_tier == message["usage"].get("service_tier")
    (written,) = json.loads(response.output_messages or "")
    parts = [
        ("text", part["content"]) if part["type"] == "text" else ("tool_use", part["name"]) for part in written["parts"]
    ]
    assert parts == recorded_parts(told)
    assert [("tool_use", tool.name) for tool in response.tool_calls] == [
        part for part in parts if part[0] == "tool_use"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_request_is_read(name: str) -> None:
    """Model, limits and stream as sent; content only when asked for, with every role."""
    exchange = recorded("anthropic", name)
    sent = json.loads(exchange.asked)
    request = exchange.recognised.request(exchange.asked)
    assert request is not None
    assert (request.provider, request.model, request.max_tokens) == ("anthropic", sent["model"], sent["max_tokens"])
    assert request.stream is bool(sent.get("stream"))
    assert request.input_messages is None
    with_content = exchange.recognised.request(exchange.asked, content=True)
    assert with_content is not None
    assert [one["role"] for one in json.loads(with_content.input_messages or "")] == [
        one["role"] for one in sent["messages"]
    ]
    assert len(with_content.input_messages or "") < 20_000  # images are named, not kept
    tools = json.loads(with_content.tool_definitions or "[]")
    assert [tool["name"] for tool in tools] == [tool["name"] for tool in sent.get("tools", [])]
