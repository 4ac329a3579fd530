import json
from itertools import pairwise
from typing import Any

import pytest

from spanglass.call import Request, Response, ToolCall, Usage
from spanglass.wire.gemini import GENERATE_CONTENT, MAX_CANDIDATES, MAX_PARTS, STREAM_GENERATE_CONTENT
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised

WHOLE = Recognised("gcp.gemini", GENERATE_CONTENT, known=True, model="gemini-2.5-flash")
STREAM = Recognised("gcp.gemini", STREAM_GENERATE_CONTENT, known=True, model="gemini-2.5-flash")


def read(call: Recognised, *pieces: bytes, kind: str, content: bool = False, status: int = 200) -> Response:
    meter = Meter(call, started_ns=0, status=status, content_type=kind, content_encoding=None, content=content)
    for number, piece in enumerate(pieces, 1):
        meter.feed(piece, number)
    return meter.response()


def whole(document: object, *, content: bool = False, status: int = 200) -> Response:
    return read(WHOLE, json.dumps(document, indent=2).encode(), kind="application/json", content=content, status=status)


def stream(*chunks: object, content: bool = False) -> Response:
    pieces = [b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks]
    return read(STREAM, *pieces, kind="text/event-stream", content=content)


def says(*parts: object, reason: str | None = None, **more: object) -> dict[str, Any]:
    candidate: dict[str, object] = {"content": {"role": "model", "parts": list(parts)}}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "modelVersion": "gemini-2.5-flash", "responseId": "r1", **more}


def asked(body: object, *, content: bool = False, call: Recognised = WHOLE) -> Request:
    request = call.request(json.dumps(body).encode(), content=content)
    assert request is not None
    return request


def test_all_counts_are_read() -> None:
    """Tools' prompts are input, thoughts are output, cached content is within the prompt, modalities stand apart."""
    usage = {
        "promptTokenCount": 1000,
        "cachedContentTokenCount": 400,
        "toolUsePromptTokenCount": 50,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 70,
        "totalTokenCount": 1150,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 600}, {"modality": "AUDIO", "tokenCount": 300}],
        "toolUsePromptTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}, {"modality": "IMAGE", "tokenCount": 7}],
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 20}, {"modality": "AUDIO", "tokenCount": 10}],
    }
    assert whole(says({"text": "x"}, reason="STOP", usageMetadata=usage)).usage == Usage(
        input_tokens=1050,
        output_tokens=100,
        cache_read_tokens=400,
        reasoning_tokens=70,
        input_audio_tokens=305,
        output_audio_tokens=10,
        cache_read_audio_tokens=100,
        input_image_tokens=7,
        output_image_tokens=20,
    )


@pytest.mark.parametrize(
    ("usage", "said", "expected"),
    [
        ({"promptTokenCount": 9, "totalTokenCount": 9}, "", (9, 0)),
        ({"promptTokenCount": 9, "thoughtsTokenCount": 5, "totalTokenCount": 14}, "", (9, 5)),
        ({"promptTokenCount": 9, "totalTokenCount": 9}, "said", (9, None)),
        ({"promptTokenCount": 9}, "", (9, None)),
        ({"candidatesTokenCount": 3}, "said", (None, 3)),
    ],
)
def test_count_that_is_left_out_is_zero_only_where_nothing_was_said(
    usage: dict[str, int], said: str, expected: tuple[int | None, int | None]
) -> None:
    """Counts of 0 are not sent; where there is text, its missing count is unknown."""
    found = whole(says({"text": said}, usageMetadata=usage)).usage
    assert found is not None
    assert (found.input_tokens, found.output_tokens) == expected


def test_usage_of_a_stream_is_that_of_the_last_chunk_that_has_it() -> None:
    """Counts are running totals: later ones replace, what the last chunk leaves out stays."""
    first = {"promptTokenCount": 8, "candidatesTokenCount": 2, "thoughtsTokenCount": 40, "cachedContentTokenCount": 4}
    told = stream(
        says({"text": "a"}, usageMetadata=first),
        says({"text": "b"}, reason="STOP", usageMetadata={"promptTokenCount": 8, "candidatesTokenCount": 6}),
        says(usageMetadata={"trafficType": "ON_DEMAND"}),
    )
    assert told.usage == Usage(8, 46, cache_read_tokens=4, reasoning_tokens=40)
    assert (told.complete, told.finish_reasons, told.service_tier) == (True, ("STOP",), None)


def test_skimmed_chunks_count_as_decoded_ones_do() -> None:
    """A hundred chunks of one shape give the last counts, every character and the times."""
    chunks = [
        says({"text": f"é{number}\n"}, usageMetadata={"promptTokenCount": 8, "totalTokenCount": 8 + number})
        for number in range(100)
    ]
    usage = {"promptTokenCount": 8, "candidatesTokenCount": 300, "totalTokenCount": 308}
    told = stream(*chunks, says({"text": ""}, reason="MAX_TOKENS", usageMetadata=usage))
    assert told.output_length == sum(len(f"é{number}\n") for number in range(100))
    assert told.usage == Usage(8, 300)
    assert told.times is not None
    assert (told.times.chunks, told.times.first_token_ns, told.times.gap_max_ns) == (101, 1, 1)
    cut = stream(*chunks[:50])
    assert (cut.complete, cut.finish_reasons, cut.usage) == (False, ("error",), Usage(8, None))


def test_stream_is_whole_when_every_candidate_has_finished() -> None:
    """One that goes on keeps it open; a prompt that was blocked will have none."""
    one = {"index": 0, "content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
    two = {"index": 1, "content": {"parts": [{"text": "b"}]}}
    assert not stream({"candidates": [one, two]}).complete
    told = stream({"candidates": [one, two]}, {"candidates": [{"index": 1, "finishReason": "SAFETY"}]})
    assert (told.complete, told.finish_reasons) == (True, ("STOP", "SAFETY"))
    usage = {"promptTokenCount": 9, "totalTokenCount": 9}
    blocked = stream({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage})
    assert (blocked.complete, blocked.finish_reasons, blocked.usage) == (True, ("PROHIBITED_CONTENT",), Usage(9, 0))
    assert not stream().complete


def test_numbers_of_enumerations_are_named() -> None:
    """Clients over protobuf ask for numbers: finish and block reasons and modalities are told by name all the same."""
    details = [{"modality": 1, "tokenCount": 3}, {"modality": 4, "tokenCount": 6}]
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 2, "promptTokensDetails": details}
    told = stream(says({"text": "a"}), {"candidates": [{"finishReason": 2, "index": 0}], "usageMetadata": usage})
    assert (told.complete, told.finish_reasons) == (True, ("MAX_TOKENS",))
    assert told.usage == Usage(9, 2, input_audio_tokens=6)
    assert stream({"promptFeedback": {"blockReason": 4}}).finish_reasons == ("PROHIBITED_CONTENT",)
    open_still = stream({"candidates": [{"finishReason": 0}]})
    assert (open_still.complete, open_still.finish_reasons) == (False, ("error",))
    assert stream({"candidates": [{"finishReason": 99}]}).finish_reasons == ("99",)


def test_array_of_chunks_is_a_stream() -> None:
    """Without `alt=sse` the chunks come as one array, pretty-printed, cut anywhere."""
    chunks = [says({"text": 'a]"}'}), says({"text": "b"}, reason="STOP", usageMetadata={"promptTokenCount": 1})]
    data = json.dumps(chunks, indent=2).encode()
    end_of_first = data.index(b"},\n  {") + 1
    for step in (1, 7, len(data)):
        cuts = [*range(0, len(data), step), len(data)]
        told = read(STREAM, *[data[a:b] for a, b in pairwise(cuts)], kind="application/json; charset=UTF-8")
        assert (told.complete, told.output_length, told.finish_reasons) == (True, 5, ("STOP",))
        assert told.times is not None
        assert told.times.chunks == 2
        assert told.times.first_token_ns == -(-end_of_first // step)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("call", [WHOLE, STREAM])
def test_error_has_googles_status_and_message(call: Recognised, wrapped: bool) -> None:  # noqa: FBT001 - a column
    """As an object or, as streams without `alt=sse` give it, in an array."""
    error: object = {"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}
    body = json.dumps([error] if wrapped else error, indent=2).encode()
    told = read(call, body, kind="application/json", status=429)
    assert (told.error_type, told.error_message) == ("RESOURCE_EXHAUSTED", "Quota exceeded")
    assert told.complete


def test_tools_are_asked_for() -> None:
    """Calls come whole or with their arguments in pieces; the empty piece at the end is no call."""
    told = stream(
        says({"functionCall": {"id": "f1", "name": "platform", "args": {"train": "é"}}, "thoughtSignature": "c2ln"}),
        says({"functionCall": {"name": "seat", "willContinue": True}}),
        says({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "win"}], "willContinue": True}}),
        says({"functionCall": {}}, reason="STOP"),
        content=True,
    )
    assert told.tool_calls == (ToolCall("platform", "f1", '{"train":"é"}'), ToolCall("seat"))
    assert told.output_length == len('{"train":"é"}') + 3
    assert json.loads(told.output_messages or "")[0]["parts"] == [
        {"type": "tool_call", "name": "platform", "id": "f1", "arguments": {"train": "é"}},
        {"type": "tool_call", "name": "seat", "arguments": {}},
    ]


def test_what_was_said_is_written_in_order() -> None:
    """Runs of thoughts and text, an image that is named only, and code that the provider ran."""
    told = stream(
        says({"text": "Hm", "thought": True}),
        says({"text": "mm", "thought": True}),
        says({"text": "Look: "}),
        says({"inlineData": {"mimeType": "image/png", "data": "QUJD"}}),
        says({"executableCode": {"code": "1+1", "language": "PYTHON"}}),
        says({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}),
        says({"thoughtSignature": "c2ln"}, {"text": "2", "extra": 1}, {}, reason="STOP"),
        content=True,
    )
    assert json.loads(told.output_messages or "") == [
        {
            "role": "assistant",
            "finish_reason": "STOP",
            "parts": [
                {"type": "reasoning", "content": "Hmmm"},
                {"type": "text", "content": "Look: "},
                {"type": "blob", "modality": "image", "content": "", "mime_type": "image/png", "omitted_length": 4},
                {
                    "type": "server_tool_call",
                    "name": "code_execution",
                    "id": None,
                    "server_tool_call": {"type": "code_execution", "code": "1+1"},
                },
                {
                    "type": "server_tool_call_response",
                    "id": None,
                    "server_tool_call_response": {"type": "code_execution", "outcome": "OUTCOME_OK", "output": "2"},
                },
                {"type": "text", "content": "2"},
            ],
        }
    ]
    assert told.tool_calls == ()


@pytest.mark.parametrize(
    ("model", "queries", "billed"),
    [
        ("gemini-2.5-flash", ["a", "b"], 1),
        ("gemini-3-pro-preview", ["a", "", "b", "a"], 2),
        ("gemini-3-pro-preview", ["", 3], None),
        ("gemini-3-pro-preview", [], None),
    ],
)
def test_searches_are_counted_as_they_are_billed(model: str, queries: list[object], billed: int | None) -> None:
    """From Gemini 3 on each query that differs, before that each prompt."""
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1}
    chunk = says({"text": "x"}, reason="STOP", usageMetadata=usage)
    chunk["candidates"][0]["groundingMetadata"] = {"webSearchQueries": queries}
    found = stream(chunk | {"modelVersion": model}, chunk | {"modelVersion": model}).usage
    assert found is not None
    assert found.web_searches == billed


@pytest.mark.parametrize(
    ("usage", "tier"),
    [
        ({"trafficType": "ON_DEMAND"}, None),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
        ({"serviceTier": "FLEX"}, "flex"),
    ],
)
def test_tier_that_served_the_call(usage: dict[str, str], tier: str | None) -> None:
    """By the names that prices have."""
    assert whole(says({"text": "x"}, usageMetadata=usage)).service_tier == tier


def test_request_in_either_spelling() -> None:
    """What the application asked for, in the JSON names or the snake-case ones that Google takes too."""
    config = {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40.0,
        "maxOutputTokens": 100,
        "stopSequences": ["a", "b"],
        "candidateCount": 2,
        "seed": -7,
        "frequencyPenalty": 0.1,
        "presencePenalty": 0.2,
        "responseMimeType": "application/json",
        "thinkingConfig": {"thinkingLevel": "low"},
    }
    body = {"contents": [{"parts": [{"text": "Hello"}]}], "generationConfig": config, "serviceTier": "flex"}
    snake = {
        "contents": body["contents"],
        "service_tier": "flex",
        "generation_config": {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "max_output_tokens": 100,
            "stop_sequences": ["a", "b"],
            "candidate_count": 2,
            "seed": -7,
            "frequency_penalty": 0.1,
            "presence_penalty": 0.2,
            "response_mime_type": "application/json",
            "thinking_config": {"thinking_level": "low"},
        },
    }
    expected = Request(
        provider="gcp.gemini",
        operation="generate_content",
        api="generate_content",
        model="gemini-2.5-flash",
        choice_count=2,
        max_tokens=100,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        seed=-7,
        stop_sequences=("a", "b"),
        output_type="json",
        reasoning_level="low",
        service_tier="flex",
        input_length=5,
    )
    assert asked(body) == asked(snake) == expected
    assert asked(body, call=STREAM) == expected._replace(stream=True)


@pytest.mark.parametrize(
    ("config", "output_type"),
    [
        ({"responseModalities": ["TEXT", "IMAGE"]}, "image"),
        ({"responseModalities": ["AUDIO"]}, "speech"),
        ({"responseModalities": ["TEXT"], "responseMimeType": "text/plain"}, "text"),
        ({}, None),
    ],
)
def test_output_type(config: dict[str, object], output_type: str | None) -> None:
    """An image or speech is asked for by modality, JSON or text by media type."""
    body = {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": config}
    assert asked(body).output_type == output_type


@pytest.mark.parametrize("body", [{}, {"contents": "hello"}, {"contents": ["x"]}, {"contents": [{"role": "user"}]}, 3])
def test_other_bodies_are_no_calls_on_an_unknown_host(body: object) -> None:
    """Contents with parts confirm the call."""
    unknown = Recognised("gcp.gemini", GENERATE_CONTENT, known=False, model="m")
    assert unknown.request(json.dumps(body).encode()) is None


def test_messages_are_written_in_the_conventions_schema() -> None:
    """Roles, tools' answers, files, what is inline, the system instruction and the tools offered."""
    body = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "Where?"}, {"inline_data": {"mime_type": "audio/wav", "data": "Q="}}],
            },
            {"role": "model", "parts": [{"functionCall": {"name": "find", "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "find", "response": {"at": 3}}}]},
            {"role": "user", "parts": [{"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/f"}}]},
        ],
        "tools": [
            {"functionDeclarations": [{"name": "find", "description": "Finds.", "parameters": {"type": "OBJECT"}}]},
            {"googleSearch": {}},
        ],
    }
    request = asked(body, content=True, call=STREAM)
    assert json.loads(request.system_instructions or "") == [{"type": "text", "content": "Be brief."}]
    assert json.loads(request.input_messages or "") == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "Where?"},
                {"type": "blob", "modality": "audio", "content": "", "mime_type": "audio/wav", "omitted_length": 2},
            ],
        },
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "find", "arguments": {"a": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": {"at": 3}, "id": "find"}]},
        {
            "role": "user",
            "parts": [{"type": "uri", "modality": "document", "mime_type": "application/pdf", "uri": "gs://b/f"}],
        },
    ]
    assert json.loads(request.tool_definitions or "") == [
        {"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "OBJECT"}},
        {"type": "googleSearch", "name": "googleSearch"},
    ]
    said = len("Be brief.") + len("Where?") + len('{"a":1}') + len('{"at":3}')
    assert request.input_length == said + len(json.dumps(body["tools"], separators=(",", ":")))
    assert asked(body).input_length == said


def test_what_is_followed_is_bounded() -> None:
    """Candidates, calls and parts beyond the bounds are let go."""
    many = [{"index": number, "finishReason": "STOP"} for number in range(MAX_CANDIDATES + 5)]
    assert len(whole({"candidates": many}).finish_reasons) == MAX_CANDIDATES
    parts: list[object] = [{"functionCall": {"name": "f", "args": {}}}, {"text": "x"}] * (MAX_PARTS + 5)
    told = whole(says(*parts, reason="STOP"), content=True)
    assert len(told.tool_calls) == MAX_PARTS
    assert len(json.loads(told.output_messages or "")[0]["parts"]) == MAX_PARTS


def test_counts_that_are_not_known_are_not_kept() -> None:
    """A server cannot fill the memory with counts of ever new names."""
    answer = STREAM_GENERATE_CONTENT.answer(content=False)
    for number in range(1000):
        answer.event("", json.dumps({"usageMetadata": {f"count{number}": 1, "promptTokenCount": number}}).encode())
    assert answer._counts == {"promptTokenCount": 999}


@pytest.mark.parametrize(
    "chunk",
    [
        [],
        {"candidates": 3, "usageMetadata": [], "promptFeedback": 3, "modelVersion": 3},
        {"candidates": [{"content": 3, "groundingMetadata": 3}, {"content": {"parts": {}}}, 3]},
        says({"text": 3}, {"functionCall": 3}, {"executableCode": 3}, {"inlineData": 3}, {"functionCall": {"args": 3}}),
        {"usageMetadata": {"promptTokenCount": -1, "promptTokensDetails": [{"modality": [], "tokenCount": 1}]}},
    ],
)
def test_odd_chunks_are_borne(chunk: object) -> None:
    """Whatever the types, nothing raises and no count is made up."""
    assert stream(chunk, content=True).usage is None
    assert whole(chunk, content=True).usage is None
