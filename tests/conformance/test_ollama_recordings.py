import json
from typing import Any

import pytest

from cassettes import Exchange, names, recorded
from spanglass.call import ServerTimes, Usage

NAMES = names("ollama")


def documents(exchange: Exchange) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exchange.body.decode().splitlines() if line.strip()]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_answer_comes_out_as_the_server_sent_it(name: str) -> None:
    """Model, reason, counts, times and text of every recording, as plain JSON has them."""
    exchange = recorded("ollama", name)
    told = documents(exchange)
    last = told[-1]
    response = exchange.read(content=True)
    assert response.model == last.get("model")
    assert response.finish_reasons == ((last["done_reason"],) if "done_reason" in last else ())
    counts = Usage(last.get("prompt_eval_count"), last.get("eval_count"))
    assert response.usage == (None if counts == Usage() else counts)
    times = ServerTimes(
        last.get("total_duration"),
        last.get("load_duration"),
        last.get("prompt_eval_duration"),
        last.get("eval_duration"),
    )
    assert response.server_times == (None if times == ServerTimes() else times)
    said = "".join(one.get("response") or one.get("message", {}).get("content", "") for one in told)
    assert (response.output_length or 0) == len(said)
    if said:
        assert json.loads(response.output_messages or "")[0]["parts"] == [{"type": "text", "content": said}]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_request_is_read(name: str) -> None:
    """Model and stream as sent, on a host that is known and on one that is not; content only when asked for."""
    exchange = recorded("ollama", name)
    sent = json.loads(exchange.asked)
    request = exchange.recognised.request(exchange.asked)
    assert request is not None
    assert (request.provider, request.model) == ("ollama", sent["model"])
    assert request.stream is sent.get("stream", False)
    assert (request.input_messages, request.output_type) == (None, None)
    elsewhere = Exchange("box.internal", exchange.path, exchange.asked, 200, exchange.content_type, exchange.body)
    assert elsewhere.recognised.request(exchange.asked) == request
    with_content = exchange.recognised.request(exchange.asked, content=True)
    assert with_content is not None
    if "messages" in sent:
        assert [one["role"] for one in json.loads(with_content.input_messages or "")] == [
            one["role"] for one in sent["messages"]
        ]
