import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.call import Request, Response, ToolCall, Usage
from spanglass.wire.anthropic_messages import MAX_BLOCKS, MESSAGES
from spanglass.wire.estimate import estimate
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised

CALL = Recognised("anthropic", MESSAGES, known=True)
USAGE = {"input_tokens": 10, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 2}
START: dict[str, Any] = {
    "type": "message_start",
    "message": {"id": "msg_1", "type": "message", "model": "claude-haiku-4-5", "content": [], "usage": USAGE},
}
STOP: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 30}}
END: dict[str, Any] = {"type": "message_stop"}


def meter(*, content: bool = False, status: int = 200, kind: str = "text/event-stream") -> Meter:
    return Meter(CALL, started_ns=0, status=status, content_type=kind, content_encoding=None, content=content)


def whole(document: object, *, content: bool = False, status: int = 200) -> Response:
    one = meter(content=content, status=status, kind="application/json")
    one.feed(json.dumps(document).encode(), 1)
    return one.response()


def written(event: dict[str, Any], *, named: bool = True) -> bytes:
    name = f"event: {event['type']}\n".encode() if named else b""
    return name + b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


def stream(*events: dict[str, Any], content: bool = False, named: bool = True) -> Response:
    one = meter(content=content)
    for number, event in enumerate(events):
        one.feed(written(event, named=named), number)
    return one.response()


def opens(block: object, index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def says(index: int = 0, **delta: object) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def closes(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


@pytest.mark.parametrize(
    ("given", "usage"),
    [
        ({"input_tokens": 5, "output_tokens": 7}, Usage(5, 7)),
        (USAGE, Usage(20, 2, cache_read_tokens=6, cache_write_tokens=4)),
        (
            {
                **USAGE,
                "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 3},
                "output_tokens_details": {"thinking_tokens": 1},
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 9},
            },
            Usage(
                20,
                2,
                cache_read_tokens=6,
                cache_write_tokens=4,
                cache_write_1h_tokens=3,
                reasoning_tokens=1,
                web_searches=2,
            ),
        ),
        (
            {"input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3}},
            Usage(6, None, cache_write_tokens=5, cache_write_1h_tokens=3),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "iterations": [
                    {"type": "compaction", "input_tokens": 100, "output_tokens": 9, "cache_read_input_tokens": 50},
                    {"type": "message", "input_tokens": 5, "output_tokens": 7},
                ],
            },
            Usage(155, 16, cache_read_tokens=50),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "iterations": [{"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 823}],
            },
            Usage(5, 7, estimated=True),
        ),
        ({"input_tokens": -1, "output_tokens": "7"}, None),
        ({}, None),
        ([], None),
    ],
)
def test_usage_is_inclusive_totals(given: object, usage: Usage | None) -> None:
    """Input holds cache reads and writes, compactions are added, advice of another model is flagged."""
    assert whole({"type": "message", "id": "m", "usage": given}).usage == usage


@pytest.mark.parametrize(
    ("usage", "tier"),
    [
        ({"service_tier": "standard"}, "standard"),
        ({"service_tier": "priority", "speed": "standard"}, "priority"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({}, None),
    ],
)
def test_tier_is_what_is_paid_for(usage: dict[str, object], tier: str | None) -> None:
    """Fast mode has prices of its own, whatever the tier."""
    assert whole({"type": "message", "usage": {"input_tokens": 1, **usage}}).service_tier == tier


def test_stream_comes_out_like_a_document() -> None:
    """Thinking, text, a tool and a server's tool: the same facts and message from pieces as from one whole."""
    blocks: list[Any] = [
        {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "AAAA"},
        {"type": "text", "text": "On platform 3."},
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "trains"}},
        {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [{"type": "web_search_result"}]},
        {"type": "tool_use", "id": "toolu_1", "name": "platform", "input": {"train": "NJ 401"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ]
    message = {"id": "msg_1", "type": "message", "model": "claude-haiku-4-5", "role": "assistant"}
    usage = {**USAGE, "output_tokens": 30, "server_tool_use": {"web_search_requests": 1}}
    document = whole({**message, "content": blocks, "stop_reason": "tool_use", "usage": usage}, content=True)
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": USAGE}},
        opens({"type": "thinking", "thinking": "", "signature": ""}),
        {"type": "ping"},
        says(type="thinking_delta", thinking="Let me "),
        says(type="thinking_delta", thinking="see."),
        says(type="signature_delta", signature="c2ln"),
        closes(),
        opens(blocks[1], 1),
        opens({"type": "text", "text": ""}, 2),
        says(2, type="text_delta", text="On platform "),
        says(2, type="citations_delta", citation={"type": "char_location", "cited_text": "platform"}),
        says(2, type="text_delta", text="3."),
        opens({**blocks[3], "input": {}}, 3),
        says(3, type="input_json_delta", partial_json=""),
        says(3, type="input_json_delta", partial_json='{"query":"trains"}'),
        opens(blocks[4], 4),
        opens({**blocks[5], "input": {}}, 5),
        says(5, type="input_json_delta", partial_json='{"train":'),
        says(5, type="input_json_delta", partial_json='"NJ 401"}'),
        opens(blocks[6], 6),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": usage},
        END,
    ]
    streamed = stream(*events, content=True)
    assert streamed.times is not None
    assert (streamed.times.first_chunk_ns, streamed.times.first_token_ns, streamed.times.chunks) == (0, 3, 20)
    assert streamed._replace(times=None) == document
    assert document.tool_calls == (
        ToolCall("platform", "toolu_1", '{"train":"NJ 401"}'),
        ToolCall("now", "toolu_2", "{}"),
    )
    assert document.usage == Usage(20, 30, cache_read_tokens=6, cache_write_tokens=4, web_searches=1)
    assert json.loads(document.output_messages or "") == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Let me see."},
                {"type": "reasoning", "content": "", "redacted": True},
                {"type": "text", "content": "On platform 3."},
                {
                    "type": "server_tool_call",
                    "name": "web_search",
                    "server_tool_call": {"type": "web_search", "arguments": {"query": "trains"}},
                    "id": "srv_1",
                },
                {
                    "type": "server_tool_call_response",
                    "server_tool_call_response": {"type": "web_search_tool_result"},
                    "id": "srv_1",
                },
                {"type": "tool_call", "name": "platform", "arguments": {"train": "NJ 401"}, "id": "toolu_1"},
                {"type": "tool_call", "name": "now", "arguments": {}, "id": "toolu_2"},
            ],
            "finish_reason": "tool_use",
        }
    ]
    plain = stream(*events)
    assert plain == streamed._replace(
        output_messages=None,
        tool_calls=(ToolCall("platform", "toolu_1"), ToolCall("now", "toolu_2")),
    )


def test_running_counts_replace_what_the_stream_began_with() -> None:
    """The end's usage is cumulative: it may leave out the input, repeat it, raise it, or lose it."""
    for last, expected in (
        ({"output_tokens": 30}, Usage(20, 30, cache_read_tokens=6, cache_write_tokens=4)),
        ({**USAGE, "output_tokens": 30}, Usage(20, 30, cache_read_tokens=6, cache_write_tokens=4)),
        ({"input_tokens": 15, "output_tokens": 30}, Usage(25, 30, cache_read_tokens=6, cache_write_tokens=4)),
        ({"input_tokens": 0, "output_tokens": 1}, Usage(20, 1, cache_read_tokens=6, cache_write_tokens=4)),
        ({"input_tokens": None, "output_tokens": 1}, Usage(20, 1, cache_read_tokens=6, cache_write_tokens=4)),
    ):
        assert stream(START, {**STOP, "usage": last}, END).usage == expected


def test_cut_stream_knows_its_input_and_estimates_its_output() -> None:
    """The output tokens a stream begins with are no count of its answer: cut, the length of what came stands for it."""
    response = stream(START, opens({"type": "text", "text": ""}), says(type="text_delta", text="x" * 400))
    assert response.usage == Usage(20, None, cache_read_tokens=6, cache_write_tokens=4)
    assert (response.complete, response.finish_reasons, response.output_length) == (False, ("error",), 400)
    asked = Request("anthropic", "chat", "messages", input_length=1)
    assert estimate(asked, response) == Usage(20, 100, cache_read_tokens=6, cache_write_tokens=4, estimated=True)


def test_end_of_a_stream() -> None:
    """`message_stop` ends it, also without its empty line; a ping is no chunk of the answer."""
    one = meter()
    for event in (START, {"type": "ping"}, STOP):
        one.feed(written(event), 0)
    assert not one.response().complete
    one.feed(written(END).rstrip(), 0)
    response = one.response()
    assert response.complete
    times = response.times
    assert times is not None
    assert times.chunks == 2


def test_events_without_names_are_read_by_their_type() -> None:
    """Other hosts frame the same events in another way."""
    events = (START, {"type": "ping"}, opens({"type": "text", "text": ""}), says(text="Hi"), closes(), STOP, END)
    assert stream(*events, named=False) == stream(*events)


def test_most_deltas_are_skimmed() -> None:
    """Deltas of one kind are decoded once, and none of their characters is lost."""
    one = meter()
    one.feed(written(START) + written(opens({"type": "text", "text": ""})), 0)
    for number in range(100):
        one.feed(written(says(type="text_delta", text=f"wörd {number:02}")), number)
    assert one._skimmed == 99
    assert one.response().output_length == 700


@pytest.mark.parametrize(
    ("block", "deltas", "length"),
    [
        ({"type": "text", "text": "abc"}, [], 3),
        ({"type": "text", "text": ""}, [{"text": "abc"}], 3),
        ({"type": "thinking", "thinking": ""}, [{"thinking": "abc"}], 3),
        ({"type": "tool_use", "name": "f", "input": {}}, [{"partial_json": "{}"}], 2),
        ({"type": "server_tool_use", "name": "f", "input": {}}, [], 0),
        ({"type": "redacted_thinking", "data": "AA"}, [], 0),
    ],
)
def test_any_kind_of_content_is_the_first_token(
    block: dict[str, Any], deltas: list[dict[str, str]], length: int
) -> None:
    """Text, thinking and tools end the wait; the start of a message, an empty block and a signature do not."""
    empty: list[dict[str, Any]] = [START, opens({"type": "text", "text": ""}), says(signature="AA"), says(text="")]
    response = stream(*empty, opens(block, 1), *[says(1, **delta) for delta in deltas])
    assert response.times is not None
    assert response.times.first_token_ns == (5 if block["type"] in ("text", "thinking") and deltas else 4)
    assert response.output_length == length


@pytest.mark.parametrize("reason", ["max_tokens", "stop_sequence", "pause_turn", "refusal", None])
def test_stop_reason_is_the_finish_reason(reason: str | None) -> None:
    """In the provider's words; a message without one never finished."""
    message: dict[str, Any] = {"type": "message", "id": "m", "content": [], "stop_reason": reason, "usage": USAGE}
    assert whole(message).finish_reasons == (reason or "error",)
    assert stream(START, {**STOP, "delta": {"stop_reason": reason}}, END).finish_reasons == (reason or "error",)


def test_error_document() -> None:
    """The error's type is the label; nothing was answered, so nothing is said of an answer."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    assert whole(error, status=529) == Response(
        complete=True, error_type="overloaded_error", error_message="Overloaded"
    )


def test_error_in_a_stream() -> None:
    """An error ends a stream without its terminal event; what came before it stays."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    response = stream(START, opens({"type": "text", "text": ""}), says(text="Hi"), error)
    assert (response.error_type, response.error_message) == ("overloaded_error", "Overloaded")
    assert (response.complete, response.id, response.output_length) == (False, "msg_1", 2)


def test_many_blocks_are_bounded() -> None:
    """Blocks beyond the limit are not kept; what is said in them counts."""
    events = [
        one
        for index in range(MAX_BLOCKS + 5)
        for one in (opens({"type": "text", "text": ""}, index), says(index, text="x"))
    ]
    one = meter(content=True)
    one.feed(b"".join(written(event) for event in [START, *events]), 0)
    response = one.response()
    assert response.output_length == MAX_BLOCKS + 5
    assert len(json.loads(response.output_messages or "")[0]["parts"]) == MAX_BLOCKS


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "index", "delta", "message", "content", "content_block", "usage", "input", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(["message_start", "message_delta", "content_block_start", "content_block_delta", "error"])


@given(st.lists(st.tuples(KINDS, JSON), max_size=5), JSON)
def test_no_answer_and_no_request_raises(events: list[tuple[str, Any]], document: object) -> None:
    """Whatever JSON a stranger sends, it is read as far as it makes sense."""
    made = [{**(event if isinstance(event, dict) else {"delta": event}), "type": kind} for kind, event in events]
    assert stream(*made, content=True).complete is False
    whole(document, content=True)
    body = json.dumps(document if isinstance(document, dict) else {"messages": document}).encode()
    CALL.request(body, content=True)


def test_request_is_read() -> None:
    """Everything the conventions have a name for."""
    asked = {
        "model": "claude-opus-5",
        "max_tokens": 1024,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "stop_sequences": ["END"],
        "stream": True,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {}}},
        "service_tier": "standard_only",
        "tools": [{"name": "f", "input_schema": {}}],
    }
    assert CALL.request(json.dumps(asked).encode()) == Request(
        provider="anthropic",
        operation="chat",
        api="messages",
        model="claude-opus-5",
        stream=True,
        max_tokens=1024,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop_sequences=("END",),
        output_type="json",
        reasoning_level="high",
        service_tier="standard_only",
        input_length=len("Be brief.Hello") + len('[{"name":"f","input_schema":{}}]'),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"model": "m"}',
        b'{"model": 3, "messages": []}',
        b'{"model": "m", "messages": "Hi"}',
        b'{"model": "m", "messages": ["Hi"]}',
        b'{"model": "m", "messages": [{"content": "Hi"}]}',
    ],
)
def test_other_bodies_are_no_request(body: bytes) -> None:
    """A model, where there is one, is a text, and every message has a role."""
    assert MESSAGES.request(body, provider="anthropic", content=True) is None


def test_content_is_written_in_the_conventions_schema() -> None:
    """System apart, tool results with their ids, images and documents named and not kept, tools with their schema."""
    asked = {
        "model": "m",
        "max_tokens": 1,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "tools": [
            {"name": "f", "description": "Does f.", "input_schema": {"type": "object"}},
            {"type": "web_search_20250305", "name": "web_search"},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                    {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
                    {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                    {"type": "text", "text": "What is this?"},
                    {"type": "container_upload", "file_id": "file_2"},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "AA"},
                    {"type": "redacted_thinking", "data": "AA"},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "b"}},
                    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "42"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "t2",
                        "is_error": True,
                        "content": [{"type": "text", "text": "no"}],
                    },
                ],
            },
        ],
    }
    request = CALL.request(json.dumps(asked).encode(), content=True)
    assert request is not None
    assert json.loads(request.system_instructions or "") == [{"type": "text", "content": "Be brief."}]
    assert json.loads(request.tool_definitions or "") == [
        {"type": "function", "name": "f", "description": "Does f.", "parameters": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search"},
    ]
    assert json.loads(request.input_messages or "") == [
        {
            "role": "user",
            "parts": [
                {"type": "blob", "modality": "image", "content": "", "mime_type": "image/png", "omitted_length": 4},
                {"type": "uri", "modality": "document", "uri": "https://example.com/a.pdf"},
                {"type": "file", "modality": "document", "file_id": "file_1"},
                {"type": "text", "content": "What is this?"},
                {"type": "container_upload"},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Hm."},
                {"type": "reasoning", "content": "", "redacted": True},
                {"type": "tool_call", "name": "f", "arguments": {"a": 1}, "id": "t1"},
                {
                    "type": "server_tool_call",
                    "name": "web_search",
                    "server_tool_call": {"type": "web_search", "arguments": {"query": "b"}},
                    "id": "s1",
                },
                {
                    "type": "server_tool_call_response",
                    "server_tool_call_response": {"type": "web_search_tool_result"},
                    "id": "s1",
                },
            ],
        },
        {
            "role": "user",
            "parts": [
                {"type": "tool_call_response", "response": "42", "id": "t1"},
                {
                    "type": "tool_call_response",
                    "response": [{"type": "text", "content": "no"}],
                    "id": "t2",
                    "is_error": True,
                },
            ],
        },
    ]
    # What the model reads as text: images and documents have no length in characters.
    assert request.input_length == len("Be brief.What is this?Hm.42no")
