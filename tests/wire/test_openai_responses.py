import json

import pytest

from spanglass.call import Request, Response, ToolCall, Usage
from spanglass.wire.meter import Meter
from spanglass.wire.openai_responses import RESPONSES
from spanglass.wire.recognise import Recognised

CALL = Recognised("openai", RESPONSES, known=True)
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi there"}]}
TOOL = {"type": "function_call", "name": "look", "call_id": "call_1", "arguments": '{"q":1}'}


def whole(document: object, *, content: bool = False) -> Response:
    kind = "application/json"
    meter = Meter(CALL, started_ns=0, status=200, content_type=kind, content_encoding=None, content=content)
    meter.feed(json.dumps(document).encode(), 1)
    return meter.response()


def stream(*events: dict[str, object], content: bool = False, named: bool = True) -> Response:
    kind = "text/event-stream"
    meter = Meter(CALL, started_ns=0, status=200, content_type=kind, content_encoding=None, content=content)
    for number, event in enumerate(events):
        head = f"event: {event['type']}\n" if named else ""
        meter.feed(f"{head}data: {json.dumps(event)}\n\n".encode(), number)
    return meter.response()


def state(kind: str, **more: object) -> dict[str, object]:
    response = {"id": "resp_1", "model": "gpt-5", "status": kind.removeprefix("response."), **more}
    return {"type": kind, "response": response}


def delta(kind: str, said: str, index: int = 0) -> dict[str, object]:
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": said}


def test_a_whole_answer_is_read() -> None:
    """Usage with its parts, the tier, and the text's length."""
    usage = {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 29,
    }
    document = {"id": "resp_1", "model": "gpt-5", "status": "completed", "output": [MESSAGE], "service_tier": "flex"}
    assert whole({**document, "usage": usage, "error": None}) == Response(
        id="resp_1",
        model="gpt-5",
        finish_reasons=("stop",),
        usage=Usage(input_tokens=20, output_tokens=9, cache_read_tokens=8, cache_write_tokens=4, reasoning_tokens=5),
        service_tier="flex",
        output_length=8,
        complete=True,
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "completed"}, ("stop",)),
        ({"status": "completed", "output": [MESSAGE, TOOL]}, ("tool_calls",)),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, ("length",)),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, ("content_filter",)),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, ("steered",)),
        ({"status": "incomplete"}, ("incomplete",)),
        ({"status": "failed", "error": {"code": "server_error", "message": "no"}}, ("error",)),
        ({"status": "cancelled"}, ("cancelled",)),
        ({"status": "queued"}, ()),
        ({}, ()),
    ],
)
def test_the_status_is_the_finish_reason(more: dict[str, object], reason: tuple[str, ...]) -> None:
    """One position, one reason; an answer that runs in the background has none yet."""
    assert whole({"id": "resp_1", **more}).finish_reasons == reason


@pytest.mark.parametrize(
    ("more", "searches"),
    [
        ({"tool_usage": {"web_search": {"num_requests": 2}}}, 2),
        ({"tool_usage": {"web_search": {"num_requests": 0}}}, 0),
        ({"output": [{"type": "web_search_call", "action": {"type": "search"}}] * 3}, 3),
        (
            {"output": [{"type": "web_search_call"}, {"type": "web_search_call", "action": {"type": "open_page"}}]},
            1,
        ),
        ({"output": [MESSAGE]}, None),
    ],
)
def test_web_searches_that_are_billed_are_counted(more: dict[str, object], searches: int | None) -> None:
    """The provider's own count goes first; else the search actions, not pages opened."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    assert whole({"status": "completed", "usage": usage, **more}).usage == Usage(
        input_tokens=1, output_tokens=1, web_searches=searches
    )


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("kind", "reason", "error"),
    [("completed", "stop", None), ("incomplete", "length", None), ("failed", "error", "server_error")],
)
def test_each_terminal_event_completes_the_stream(kind: str, reason: str, error: str | None, named: bool) -> None:  # noqa: FBT001 - a column
    """Usage and status come with it, whether the event's name stands before its data or in it alone."""
    more: dict[str, object] = {"usage": {"input_tokens": 3, "output_tokens": 2}}
    if kind == "incomplete":
        more["incomplete_details"] = {"reason": "max_output_tokens"}
    if error is not None:
        more["error"] = {"code": error, "message": "no"}
    response = stream(
        state("response.created"), delta("output_text", "Hi"), state(f"response.{kind}", **more), named=named
    )
    assert response.complete
    assert (response.id, response.model) == ("resp_1", "gpt-5")
    assert response.finish_reasons == (reason,)
    assert response.usage == Usage(input_tokens=3, output_tokens=2)
    assert response.error_type == error
    assert response.times is not None
    assert (response.times.first_chunk_ns, response.times.first_token_ns) == (0, 1)


def test_a_cut_stream_is_partial() -> None:
    """Without a terminal event the answer is incomplete, its position `error`, its usage unknown."""
    response = stream(state("response.created"), delta("output_text", "Hi"))
    assert (response.complete, response.finish_reasons, response.usage) == (False, ("error",), None)
    assert response.output_length == 2


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "slow", "param": None},
        {"type": "error", "error": {"type": "requests", "code": "rate_limit_exceeded", "message": "slow"}},
    ],
)
def test_an_error_event_is_read(event: dict[str, object]) -> None:
    """Both shapes in which the error event is sent."""
    response = stream(state("response.created"), event)
    assert (response.error_type, response.error_message) == ("rate_limit_exceeded", "slow")
    assert not response.complete


@pytest.mark.parametrize(
    "kind",
    ["output_text", "refusal", "reasoning_text", "reasoning_summary_text", "function_call_arguments", "audio"],
)
def test_any_kind_of_delta_is_the_first_token(kind: str) -> None:
    """An item that begins empty is not; text, refusal, reasoning, arguments and sound are."""
    item = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}
    response = stream(state("response.created"), item, delta(kind, ""), delta(kind, "abc"))
    assert response.times is not None
    assert response.times.first_token_ns == 3
    assert response.output_length == (0 if kind == "audio" else 3)


def test_a_tool_that_begins_is_the_first_token() -> None:
    """Its name is content, before its arguments are."""
    item = {"type": "response.output_item.added", "output_index": 0, "item": {**TOOL, "arguments": ""}}
    response = stream(state("response.created"), item)
    assert response.times is not None
    assert response.times.first_token_ns == 1
    assert response.tool_calls == (ToolCall("look", "call_1"),)


def test_content_is_kept_from_deltas_and_from_the_whole() -> None:
    """A cut stream keeps what came; a finished one the items as the provider stated them, in order."""
    added = {"type": "response.output_item.added", "output_index": 1, "item": {**TOOL, "arguments": ""}}
    events = [
        delta("reasoning_summary_text", "hm"),
        added,
        delta("function_call_arguments", '{"q"', 1),
        delta("function_call_arguments", ":1}", 1),
        delta("output_text", "Hi", 2),
    ]
    parts = [
        {"type": "reasoning", "content": "hm"},
        {"type": "tool_call", "name": "look", "id": "call_1", "arguments": {"q": 1}},
        {"type": "text", "content": "Hi"},
    ]
    cut = stream(*events, content=True)
    assert json.loads(cut.output_messages or "") == [{"role": "assistant", "parts": parts, "finish_reason": "error"}]
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    said = {"type": "message", "content": [{"type": "refusal", "refusal": "No"}]}
    searched = {"type": "web_search_call", "id": "ws_1", "action": {"type": "search"}}
    done = stream(*events, state("response.completed", output=[reasoning, TOOL, said, searched]), content=True)
    assert json.loads(done.output_messages or "")[0]["parts"] == [
        *parts[:2],
        {"type": "text", "content": "No"},
        {
            "type": "server_tool_call",
            "name": "web_search_call",
            "id": "ws_1",
            "server_tool_call": {"type": "web_search_call"},
        },
    ]
    assert done.tool_calls == (ToolCall("look", "call_1", '{"q":1}'),)


def test_a_request_is_read() -> None:
    """Facts of the request, and with content its instructions and items in the conventions' schema."""
    body = {
        "model": "gpt-5",
        "instructions": "Be brief",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            TOOL,
            {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "item_reference", "id": "x"},
        ],
        "stream": True,
        "max_output_tokens": 9,
        "temperature": 1,
        "reasoning": {"effort": "high"},
        "text": {"format": {"type": "json_schema"}},
        "previous_response_id": "resp_0",
        "service_tier": "auto",
    }
    facts = Request(
        provider="openai",
        operation="chat",
        api="responses",
        model="gpt-5",
        stream=True,
        max_tokens=9,
        temperature=1.0,
        output_type="json",
        reasoning_level="high",
        service_tier="auto",
        previous_response_id="resp_0",
        input_length=21,
    )
    assert CALL.request(json.dumps(body).encode()) == facts
    request = CALL.request(json.dumps(body).encode(), content=True)
    assert request is not None
    assert json.loads(request.system_instructions or "") == [{"type": "text", "content": "Be brief"}]
    assert json.loads(request.input_messages or "") == [
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}]},
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "name": "look", "id": "call_1", "arguments": {"q": 1}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "rain", "id": "call_1"}]},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}]},
        {"role": "assistant", "parts": [{"type": "item_reference"}]},
    ]


def test_a_text_alone_is_a_users_message() -> None:
    """The shortest request there is."""
    request = CALL.request(b'{"model": "m", "input": "Hi"}', content=True)
    assert request is not None
    assert request.input_messages == '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]'
    assert (request.input_length, request.system_instructions) == (2, None)
