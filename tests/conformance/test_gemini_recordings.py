import json
from dataclasses import replace
from typing import Any

import pytest

from cassettes import Exchange, names, recorded
from spanglass.call import Response

NAMES = names("gemini")


def documents(exchange: Exchange) -> list[dict[str, Any]]:
    """Parse the recorded body the plain way: one document, or one a line of data."""
    if exchange.body.lstrip().startswith(b"{"):
        return [json.loads(exchange.body)]
    return [json.loads(line[6:]) for line in exchange.body.decode().splitlines() if line.startswith("data: ")]


def told(response: Response) -> Response:
    """Return what was read without the times, which depend on the cuts."""
    return response._replace(times=None)


@pytest.mark.parametrize("name", NAMES)
def test_recorded_answer_comes_out_as_the_provider_sent_it(name: str) -> None:
    """Usage, id, model, finish reason and length of every recording."""
    exchange = recorded("gemini", name)
    sent = documents(exchange)
    response = exchange.read()
    usage = {key: value for one in sent for key, value in one["usageMetadata"].items()}
    assert response.usage is not None
    assert response.usage.input_tokens == usage["promptTokenCount"]
    assert response.usage.output_tokens == usage["totalTokenCount"] - usage["promptTokenCount"]
    assert response.usage.reasoning_tokens == usage.get("thoughtsTokenCount")
    assert (response.id, response.model) == (sent[0]["responseId"], sent[0]["modelVersion"])
    candidates = [candidate for one in sent for candidate in one["candidates"]]
    assert response.finish_reasons == (candidates[-1]["finishReason"],)
    said = [part["text"] for candidate in candidates for part in candidate["content"]["parts"]]
    assert response.output_length == len("".join(said))
    assert (response.times is not None) is (":stream" in exchange.path)
    kept = json.loads(exchange.read(content=True).output_messages or "")
    assert kept[0]["parts"] == [{"type": "text", "content": "".join(said)}]


@pytest.mark.parametrize("name", NAMES)
def test_stream_without_server_sent_events_reads_the_same(name: str) -> None:
    """The recorded chunks as one array, which the provider sends where `alt=sse` is missing, at any cut."""
    exchange = recorded("gemini", name)
    if ":stream" not in exchange.path:
        exchange = replace(exchange, path=exchange.path.replace(":generate", ":streamGenerate"))
    expected = told(exchange.read())
    body = json.dumps(documents(exchange), indent=2).encode()
    array = replace(exchange, body=body, content_type="application/json; charset=UTF-8")
    for cuts in ([], range(1, len(body)), *([place] for place in range(1, len(body), 7))):
        response = array.read(cuts)
        assert response.times is not None
        assert told(response) == expected


@pytest.mark.parametrize("name", NAMES)
def test_recorded_request_is_read(name: str) -> None:
    """Model and provider by the address, whether a stream was asked for, the length of what was said."""
    exchange = recorded("gemini", name)
    request = exchange.recognised.request(exchange.asked, content=True)
    assert request is not None
    assert (request.provider, request.model) == ("gcp.vertex_ai", "gemini-2.5-flash")
    assert request.stream is (":stream" in exchange.path)
    said = json.loads(exchange.asked)["contents"][0]["parts"][0]["text"]
    assert request.input_length == len(said)
    assert json.loads(request.input_messages or "") == [{"role": "user", "parts": [{"type": "text", "content": said}]}]
