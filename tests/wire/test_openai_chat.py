import json
from decimal import Decimal

import pytest

from spanglass.call import Request, Response, ToolCall, Usage
from spanglass.wire.capture import MAX_ALL, MAX_TEXT
from spanglass.wire.meter import Meter
from spanglass.wire.openai_chat import CHAT_COMPLETIONS, MAX_TOOL_CALLS
from spanglass.wire.recognise import Recognised

CALL = Recognised("openai", CHAT_COMPLETIONS, known=True)


def whole(document: object, *, content: bool = False, status: int = 200) -> Response:
    meter = Meter(
        CALL, started_ns=0, status=status, content_type="application/json", content_encoding=None, content=content
    )
    meter.feed(json.dumps(document).encode(), 1)
    return meter.response()


def stream(*chunks: object, content: bool = False, done: bool = True) -> Response:
    meter = Meter(
        CALL, started_ns=0, status=200, content_type="text/event-stream", content_encoding=None, content=content
    )
    for number, chunk in enumerate(chunks):
        meter.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n", number)
    if done:
        meter.feed(b"data: [DONE]\n\n", len(chunks))
    return meter.response()


def says(delta: object, reason: str | None = None, index: int = 0, **more: object) -> dict[str, object]:
    return {"id": "c1", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": reason}], **more}


def test_all_counts_of_openais_usage_are_read() -> None:
    """Cache reads and writes, sound, images, reasoning and predictions each come out in their own count."""
    given = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {
            "cached_tokens": 40,
            "cache_write_tokens": 20,
            "audio_tokens": 10,
            "image_tokens": 5,
            "cached_tokens_details": {"audio_tokens": 4},
        },
        "completion_tokens_details": {
            "reasoning_tokens": 30,
            "audio_tokens": 6,
            "image_tokens": 3,
            "accepted_prediction_tokens": 2,
            "rejected_prediction_tokens": 1,
        },
    }
    assert whole({"usage": given}).usage == Usage(
        input_tokens=100,
        output_tokens=50,
        cache_read_tokens=40,
        cache_write_tokens=20,
        reasoning_tokens=30,
        input_audio_tokens=10,
        output_audio_tokens=6,
        cache_read_audio_tokens=4,
        input_image_tokens=5,
        output_image_tokens=3,
        accepted_prediction_tokens=2,
        rejected_prediction_tokens=1,
    )


@pytest.mark.parametrize(
    ("given", "usage"),
    [
        # DeepSeek
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, Usage(input_tokens=9, cache_read_tokens=4)),
        # Moonshot
        ({"prompt_tokens": 9, "cached_tokens": 4}, Usage(input_tokens=9, cache_read_tokens=4)),
        # xAI counts reasoning beside its output, and its total says so
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "total_tokens": 18,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(input_tokens=9, output_tokens=9, reasoning_tokens=7),
        ),
        # Perplexity
        ({"prompt_tokens": 9, "num_search_queries": 3}, Usage(input_tokens=9, web_searches=3)),
        ({}, None),
        ({"prompt_tokens": -1, "completion_tokens": True}, None),
        ({"prompt_tokens": 12.0, "completion_tokens": 10**30}, Usage(input_tokens=12)),
        (None, None),
        ("12", None),
    ],
)
def test_usage_of_other_hosts_is_read(given: object, usage: Usage | None) -> None:
    """Counts are inclusive totals whatever the host's habit; what is no count is unknown, never 0."""
    assert whole({"usage": given}).usage == usage


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"prompt_tokens": 1, "cost": 0.00123}, Decimal("0.00123")),
        ({"prompt_tokens": 1, "cost": 1.2e-05}, Decimal("0.000012")),
        ({"prompt_tokens": 1, "cost": 0}, Decimal(0)),
        (
            {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}},
            Decimal("0.21"),
        ),
        ({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.01}}, Decimal("0.01")),
        ({"cost": {"total_cost": 0.006, "request_cost": 0.005}}, Decimal("0.006")),
        ({"cost": -1}, None),
        ({"cost": "free"}, None),
        ({"cost": True}, None),
    ],
)
def test_a_reported_cost_keeps_its_digits(usage: object, cost: Decimal | None) -> None:
    """OpenRouter and Perplexity report USD; the amount is the decimal that was written."""
    assert whole({"usage": usage}).reported_cost == cost
    assert stream(says({"content": "a"}), {"choices": [], "usage": usage}).reported_cost == cost


def test_azure_begins_with_a_filter_chunk() -> None:
    """Azure's first chunk has no choices and an empty model; it is a chunk, and nothing of it sticks."""
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    response = stream(first, says({"role": "assistant", "content": ""}), says({"content": "Hi"}), says({}, "stop"))
    assert (response.id, response.model, response.finish_reasons) == ("c1", "m", ("stop",))
    assert response.times is not None
    assert (response.times.first_chunk_ns, response.times.first_token_ns, response.times.chunks) == (0, 2, 4)


def test_running_usage_of_every_chunk_is_replaced_not_summed() -> None:
    """VLLM's continuous_usage_stats: the last count holds, and a cut stream keeps the last that came."""
    chunks = [says({"content": "x"}, usage={"prompt_tokens": 7, "completion_tokens": n}) for n in range(1, 30)]
    cut = stream(*chunks, done=False)
    assert cut.usage == Usage(input_tokens=7, output_tokens=29)
    assert not cut.complete
    assert cut.finish_reasons == ("error",)


@pytest.mark.parametrize(
    "last",
    [
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}},
        {"choices": [{"index": 0, "delta": {}, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}]},
    ],
)
def test_usage_elsewhere_is_found(last: object) -> None:
    """Groq and Moonshot put the usage of a stream in places of their own."""
    assert stream(says({"content": "a"}), last).usage == Usage(input_tokens=3, output_tokens=4)


def test_choices_finish_each_in_its_place() -> None:
    """Interleaved choices come out in order; one that never finished is `error`."""
    response = stream(says({"content": "b"}, index=2), says({"content": "a"}), says({}, "length", 2), says({}, "stop"))
    assert response.finish_reasons == ("stop", "error", "length")
    assert response.output_length == 2


@pytest.mark.parametrize(
    ("delta", "length"),
    [
        ({"content": "abc"}, 3),
        ({"reasoning_content": "abc"}, 3),
        ({"reasoning": "abc", "reasoning_details": [{"type": "reasoning.text", "text": "abc"}]}, 3),
        ({"reasoning": "abc", "reasoning_content": "abc"}, 3),
        ({"refusal": "abc"}, 3),
        ({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}, 0),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, 2),
        ({"tool_calls": [{"index": 0, "id": "a", "custom": {"name": "f", "input": "ab"}}]}, 2),
        ({"function_call": {"name": "f", "arguments": "{}"}}, 2),
        ({"audio": {"data": "AAAA", "transcript": "abc"}}, 3),
        ({"audio": {"data": "AAAA"}}, 0),
        ({"images": [{"image_url": {"url": "data:"}}]}, 0),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "abc"}]}]}, 3),
        ({"content": [{"type": "text", "text": "abc"}]}, 3),
    ],
)
def test_any_kind_of_content_is_the_first_token(delta: object, length: int) -> None:
    """Text, reasoning, refusal, tools and sound end the wait for the first token; a role does not."""
    response = stream(says({"role": "assistant", "content": ""}), says({"content": None}), says(delta), says(delta))
    assert response.times is not None
    assert response.times.first_token_ns == 2
    assert response.output_length == 2 * length


def test_tool_calls_of_a_stream_are_put_together() -> None:
    """Names and ids always; arguments, joined from their pieces, only when content is asked for."""
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a"'}}
    more = {"index": 0, "function": {"arguments": ":1}"}}
    chunks = [says({"tool_calls": [call]}), says({"tool_calls": [more]}), says({}, "tool_calls")]
    assert stream(*chunks).tool_calls == (ToolCall("look", "call_1", None),)
    response = stream(*chunks, content=True)
    assert response.tool_calls == (ToolCall("look", "call_1", '{"a":1}'),)
    assert json.loads(response.output_messages or "") == [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "name": "look", "id": "call_1", "arguments": {"a": 1}}],
            "finish_reason": "tool_calls",
        }
    ]


def test_hosts_that_number_every_call_nought_keep_their_calls_apart() -> None:
    """Whole calls that share an index but not an id are different calls."""
    calls = [{"index": 0, "id": f"call_{n}", "function": {"name": f"f{n}", "arguments": "{}"}} for n in range(3)]
    response = stream(*[says({"tool_calls": [call]}) for call in calls])
    assert [tool.name for tool in response.tool_calls] == ["f0", "f1", "f2"]


def test_hostile_numbers_of_choices_and_tools_are_bounded() -> None:
    """A stranger's index or count cannot make a list of its size."""
    calls = [{"index": n, "id": f"{n}", "function": {"name": "f"}} for n in range(1_000)]
    response = stream(says({"content": "a"}, index=10**9), says({"tool_calls": calls}))
    assert response.finish_reasons == ("error",)
    assert len(response.tool_calls) == MAX_TOOL_CALLS


def test_messages_of_an_answer_are_written_in_the_conventions_schema() -> None:
    """Reasoning, text and refusal become parts, one message a choice."""
    message = {"role": "assistant", "reasoning_content": "hm", "content": "Hi \ud83d", "refusal": None}
    response = whole({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}, content=True)
    assert json.loads(response.output_messages or "") == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "Hi ?"}],
            "finish_reason": "stop",
        }
    ]


def test_kept_text_is_bounded() -> None:
    """A text is cut at the bound and says so; its length is known all the same."""
    response = stream(*[says({"content": "x" * 10_000})] * 10, content=True)
    (message,) = json.loads(response.output_messages or "")
    assert len(message["parts"][0]["content"]) == MAX_TEXT + 1
    assert message["parts"][0]["content"].endswith("x…")
    assert response.output_length == 100_000


@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [
        (
            {"error": {"message": "slow", "type": "requests", "code": "rate_limit_exceeded"}},
            "rate_limit_exceeded",
            "slow",
        ),
        ({"error": {"message": "bad", "type": "invalid_request_error", "code": None}}, "invalid_request_error", "bad"),
        ({"error": {"message": "no", "code": 429}}, "429", "no"),
        ({"error": {"message": "no", "code": 401, "type": "auth"}}, "auth", "no"),
        ([{"error": {"code": 400, "message": "key", "status": "INVALID_ARGUMENT"}}], "INVALID_ARGUMENT", "key"),
        ({"object": "error", "message": "no", "type": "invalid_model", "code": "1500"}, "invalid_model", "no"),
        ({"error": "model not found"}, "error", "model not found"),
        ({"error": "full", "error_type": "overloaded"}, "overloaded", "full"),
        ({"error": {"code": "a sentence that is no code", "message": "m"}}, "error", "m"),
        ({"error": {"code": "x" * 65, "message": ["m"]}}, "error", None),
        ({"error": {}}, None, None),
        ({"detail": "Not Found"}, None, "Not Found"),
        ({"error": {"code": "c", "message": "x" * 5_000}}, "c", "x" * 1_024),
    ],
)
def test_an_error_body_has_a_type_for_labels(document: object, kind: str | None, message: str | None) -> None:
    """The provider's code, else its type; never a sentence, never unbounded."""
    response = whole(document, status=400)
    assert (response.error_type, response.error_message) == (kind, message)


def test_an_error_in_mid_stream_is_kept_beside_what_came() -> None:
    """OpenRouter and others send the error as a chunk; the text before it still counts."""
    response = stream(says({"content": "Hel"}), {"error": {"code": 502, "message": "upstream"}}, done=False)
    assert (response.error_type, response.error_message) == ("502", "upstream")
    assert (response.output_length, response.complete) == (3, False)


def test_a_request_is_read() -> None:
    """Every fact the conventions name, by the provider's own words."""
    body = {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "x"}}],
            },
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "n": 2,
        "max_completion_tokens": 9,
        "temperature": 0,
        "top_p": 0.5,
        "frequency_penalty": 1,
        "presence_penalty": -1.5,
        "seed": -3,
        "stop": "END",
        "response_format": {"type": "json_schema"},
        "reasoning_effort": "low",
        "service_tier": "flex",
    }
    assert CALL.request(json.dumps(body).encode()) == Request(
        provider="openai",
        operation="chat",
        api="chat_completions",
        model="gpt-4o",
        stream=True,
        stream_usage=True,
        choice_count=2,
        max_tokens=9,
        temperature=0.0,
        top_p=0.5,
        frequency_penalty=1.0,
        presence_penalty=-1.5,
        seed=-3,
        stop_sequences=("END",),
        output_type="json",
        reasoning_level="low",
        service_tier="flex",
        input_length=10,
    )


def test_messages_of_a_request_are_written_in_the_conventions_schema() -> None:
    """Roles stay, tools become parts, and the bytes of images and sound are named but never kept."""
    image = "data:image/png;base64,AAAA"
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q":1}'}}
    body = {
        "model": "m",
        "messages": [
            {"role": "user", "name": "ann", "content": "Hi"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": image}},
                    {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
                    {"type": "input_audio", "input_audio": {"data": "BBB", "format": "mp3"}},
                    {"type": "file", "file": {"file_id": "f1"}},
                    {"type": "novel"},
                ],
            },
        ],
        "tools": [
            {"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}
        ],
    }
    request = CALL.request(json.dumps(body).encode(), content=True)
    assert request is not None
    assert json.loads(request.input_messages or "") == [
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}], "name": "ann"},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "look", "id": "c1", "arguments": {"q": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "rain", "id": "c1"}]},
        {
            "role": "user",
            "parts": [
                {"type": "blob", "modality": "image", "content": "", "mime_type": "image/png", "omitted_length": 4},
                {"type": "uri", "modality": "image", "uri": "https://a/b.png"},
                {"type": "blob", "modality": "audio", "content": "", "mime_type": "audio/mp3", "omitted_length": 3},
                {"type": "file", "modality": "document", "file_id": "f1"},
                {"type": "novel"},
            ],
        },
    ]
    assert json.loads(request.tool_definitions or "") == [
        {"type": "function", "name": "look", "description": "d", "parameters": {"type": "object"}}
    ]


def test_the_newest_messages_are_kept_where_not_all_may_be() -> None:
    """A long history is cut from its beginning."""
    messages = [{"role": "user", "content": f"{number:02}" + "x" * 50_000} for number in range(20)]
    request = CALL.request(json.dumps({"model": "m", "messages": messages}).encode(), content=True)
    assert request is not None
    kept = [message["parts"][0]["content"] for message in json.loads(request.input_messages or "")]
    assert kept[-1].startswith("19x")
    assert kept[0] == "…"
    assert sum(map(len, kept)) < 300_000
    assert request.input_length == 20 * 50_002


def test_kept_texts_are_bounded_together() -> None:
    """A thousand long tool calls keep no more than one field may."""
    calls = [
        says(
            {"tool_calls": [{"index": n, "id": f"{n}", "function": {"name": "f", "arguments": "x" * 30_000}}]}, index=c
        )
        for c in range(4)
        for n in range(10)
    ]
    response = stream(*calls, content=True)
    assert sum(len(tool.arguments or "") for tool in response.tool_calls) < MAX_ALL + 100
    assert response.output_length == 40 * 30_000
