"""Codecs of every provider, given good documents of which one part is anything else."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_streams import CONTENT_TYPE, event
from spanglass.wire import ollama
from spanglass.wire.anthropic_messages import MESSAGES
from spanglass.wire.bedrock_converse import CONVERSE, CONVERSE_STREAM
from spanglass.wire.bedrock_invoke import INVOKE, INVOKE_STREAM
from spanglass.wire.codec import Codec
from spanglass.wire.gemini import GENERATE_CONTENT, STREAM_GENERATE_CONTENT
from spanglass.wire.gemini_embeddings import BATCH_EMBED_CONTENTS, EMBED_CONTENT, PREDICT
from spanglass.wire.meter import Meter
from spanglass.wire.ollama_embeddings import EMBED
from spanglass.wire.openai_chat import CHAT_COMPLETIONS
from spanglass.wire.openai_responses import RESPONSES
from spanglass.wire.recognise import Recognised

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 0, 7, -1, 1.5, 2**70, "", "x", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
PARTS: list[Any] = [
    {"text": "a", "thought": True},
    {"functionCall": {"name": "f", "id": "1", "args": {"a": 1}, "partialArgs": [{"stringValue": "x"}]}},
    {"functionResponse": {"name": "f", "id": "1", "response": {"a": 1}}},
    {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
    {"fileData": {"mimeType": "image/png", "fileUri": "gs://a/b"}},
    {"executableCode": {"id": "1", "code": "1"}},
    {"codeExecutionResult": {"id": "1", "outcome": "OK", "output": "1"}},
]
BLOCKS: list[Any] = [
    {"text": "a"},
    {"toolUse": {"toolUseId": "1", "name": "f", "type": "tool_use", "input": {"a": 1}}},
    {"toolResult": {"toolUseId": "1", "content": [{"text": "a"}, {"json": {"a": 1}}]}},
    {"reasoningContent": {"reasoningText": {"text": "a", "signature": "x"}}},
    {"citationsContent": {"content": [{"text": "a"}]}},
    {"image": {"format": "png", "source": {"bytes": "QQ=="}}},
]
CONVERSE_USAGE = {
    "inputTokens": 1,
    "outputTokens": 2,
    "totalTokens": 3,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 1}],
}
DETAILS = [{"modality": "AUDIO", "tokenCount": 1}]
CLAUDE: Any = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
                {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "a"}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
            ],
        }
    ],
    "system": [{"type": "text", "text": "a"}],
    "tools": [{"name": "f", "description": "d", "input_schema": {}}],
}
CHAT: Any = [
    {
        "role": "user",
        "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:a,b"}}],
    },
    {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "1", "content": "a"},
]
ITEMS: Any = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]},
    {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "1", "output": "a"},
    {"type": "reasoning", "summary": [{"text": "a"}]},
    {"type": "web_search_call", "action": {"type": "search"}},
]
REQUESTS: list[tuple[Codec, Any]] = [
    (
        STREAM_GENERATE_CONTENT,
        {
            "contents": [{"role": "user", "parts": PARTS}],
            "systemInstruction": {"parts": PARTS[:1]},
            "tools": [
                {"functionDeclarations": [{"name": "f", "description": "d", "parameters": {}}]},
                {"googleSearch": {}},
            ],
            "generationConfig": {
                "topK": 1,
                "stopSequences": ["a"],
                "responseModalities": ["TEXT"],
                "responseMimeType": "text/plain",
                "thinkingConfig": {"thinkingLevel": "low"},
            },
        },
    ),
    (EMBED_CONTENT, {"content": {"parts": PARTS}, "embedContentConfig": {"outputDimensionality": 1}}),
    (BATCH_EMBED_CONTENTS, {"requests": [{"content": {"parts": PARTS}, "outputDimensionality": 1}]}),
    (PREDICT, {"instances": [{"content": "a"}], "parameters": {"outputDimensionality": 1}}),
    (
        CONVERSE_STREAM,
        {
            "messages": [{"role": "user", "content": BLOCKS}],
            "system": [{"text": "a"}],
            "inferenceConfig": {"maxTokens": 1, "stopSequences": ["a"]},
            "additionalModelRequestFields": {"top_k": 1},
            "outputConfig": {"effort": "low", "textFormat": {"type": "json_schema"}},
            "serviceTier": {"type": "flex"},
            "toolConfig": {"tools": [{"toolSpec": {"name": "f", "description": "d", "inputSchema": {"json": {}}}}]},
        },
    ),
    (INVOKE, {"anthropic_version": "x", **CLAUDE}),
    (ollama.CHAT, {"model": "m", "messages": CHAT, "options": {"stop": ["a"], "top_k": 1}, "format": "json"}),
    (ollama.GENERATE, {"model": "m", "prompt": "a", "options": {"stop": ["a"]}}),
    (EMBED, {"model": "m", "input": ["a"], "dimensions": 1}),
    (CHAT_COMPLETIONS, {"model": "m", "messages": CHAT, "response_format": {"type": "json_object"}, "stop": ["a"]}),
    (RESPONSES, {"model": "m", "input": ITEMS, "tools": [{"type": "function", "name": "f", "parameters": {}}]}),
]
GEMINI: Any = {
    "candidates": [
        {
            "index": 0,
            "content": {"role": "model", "parts": PARTS},
            "finishReason": "STOP",
            "groundingMetadata": {"webSearchQueries": ["a"]},
        }
    ],
    "promptFeedback": {"blockReason": "SAFETY"},
    "usageMetadata": {
        "promptTokenCount": 1,
        "totalTokenCount": 2,
        "promptTokensDetails": DETAILS,
        "cacheTokensDetails": DETAILS,
        "candidatesTokensDetails": DETAILS,
        "trafficType": "ON_DEMAND",
    },
    "modelVersion": "gemini-3",
    "error": {"code": 1, "message": "a", "status": "A"},
}
ANSWERS: list[tuple[Codec, Any]] = [
    (GENERATE_CONTENT, GEMINI),
    (PREDICT, {"predictions": [{"embeddings": {"statistics": {"token_count": 1}}}]}),
    (EMBED_CONTENT, {"usageMetadata": {"promptTokenCount": 1}, "error": {"message": "a"}}),
    (
        CONVERSE,
        {
            "output": {"message": {"role": "assistant", "content": BLOCKS}},
            "usage": CONVERSE_USAGE,
            "metrics": {"latencyMs": 1},
            "serviceTier": {"type": "flex"},
        },
    ),
    (CONVERSE, {"__type": "a#B", "message": "a"}),
    (
        INVOKE,
        {**CLAUDE["messages"][0], "id": "1", "stop_reason": "a", "usage": {"input_tokens": 1, "output_tokens": 1}},
    ),
    (ollama.CHAT, {"model": "m", "message": CHAT[1], "done": True, "done_reason": "stop", "eval_count": 1}),
    (CHAT_COMPLETIONS, {"id": "1", "model": "m", "choices": [{"index": 0, "message": CHAT[1], "finish_reason": "a"}]}),
    (RESPONSES, {"id": "1", "model": "m", "status": "completed", "output": ITEMS, "usage": {"input_tokens": 1}}),
]
EVENTS: list[tuple[str, Any]] = [
    ("contentBlockStart", {"contentBlockIndex": 0, "start": BLOCKS[1]}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"reasoningContent": {"text": "a"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": BLOCKS[5]}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": CONVERSE_USAGE, "metrics": {"latencyMs": 1}, "serviceTier": {"type": "flex"}}),
    ("message", {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "name": "f"}}),
    ("message", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}),
    ("message", {"type": "message_start", "message": {"id": "1", "usage": {"input_tokens": 1}}}),
    ("message", {"type": "message_delta", "delta": {"stop_reason": "a"}, "usage": {"output_tokens": 1}}),
    ("response.output_item.added", {"output_index": 0, "item": ITEMS[1]}),
    ("response.completed", {"response": {"id": "1", "status": "completed", "output": ITEMS}}),
    ("chunk", {"bytes": "eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0="}),
    ("exception:", {"message": "a"}),
]


def places(document: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON value
    """Yield each container of a document with each of its keys."""
    keys = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in keys:
        yield document, key
        yield from places(document[key])


@st.composite
def odd(draw: st.DrawFn, document: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Draw a document with one part replaced, or taken away."""
    copy = deepcopy(document)
    container, key = draw(st.sampled_from(list(places(copy))))
    container[key] = draw(ANYTHING)
    return copy


def meter(codec: Codec, kind: str) -> Meter:
    call = Recognised("p", codec, known=True, model="m")
    return Meter(call, started_ns=0, status=200, content_type=kind, content_encoding=None, content=True)


def held(reader: Meter) -> None:
    """Hold what was read to what every response promises: it can be written, and no count is below 0."""
    response = reader.response()
    assert all(count is None or count >= 0 for count in response.usage or ())
    for written in (response.output_messages, response.error_message, *response.finish_reasons):
        assert (written or "").encode() is not None


@pytest.mark.parametrize(("codec", "document"), REQUESTS)
@given(data=st.data())
def test_requests(codec: Codec, document: Any, data: st.DataObject) -> None:  # noqa: ANN401 - any JSON value
    """No request raises, and what is kept of it can be written."""
    body = json.dumps(data.draw(odd(document))).encode()
    request = Recognised("p", codec, known=True, model="m").request(body, content=True)
    assert request is not None
    for written in (request.input_messages, request.system_instructions, request.tool_definitions):
        assert (written or "").encode() is not None


@pytest.mark.parametrize(("codec", "document"), ANSWERS)
@given(data=st.data())
def test_answers(codec: Codec, document: Any, data: st.DataObject) -> None:  # noqa: ANN401 - any JSON value
    """No whole answer raises."""
    reader = meter(codec, "application/json")
    reader.feed(json.dumps(data.draw(odd(document))).encode(), 1)
    held(reader)


@given(st.lists(odd(GEMINI), min_size=1, max_size=3))
def test_streams_of_gemini(chunks: list[Any]) -> None:
    """No stream raises, and both framings say the same."""
    lines, array = meter(STREAM_GENERATE_CONTENT, "text/event-stream"), meter(STREAM_GENERATE_CONTENT, "")
    for chunk in chunks:
        lines.feed(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n", 1)
    array.feed(json.dumps(chunks, indent=1).encode(), 1)
    held(lines)
    assert array.response()._replace(times=None) == lines.response()._replace(times=None)


@given(st.data())
def test_streams_of_events(data: st.DataObject) -> None:
    """No stream raises, by Amazon's framing or by server-sent events."""
    events = data.draw(st.lists(st.sampled_from(EVENTS), max_size=6))
    said = [(name, data.draw(odd(document))) for name, document in events]
    for codec in (CONVERSE_STREAM, INVOKE_STREAM, MESSAGES, RESPONSES):
        framed = codec in (CONVERSE_STREAM, INVOKE_STREAM)
        reader = meter(codec, CONTENT_TYPE if framed else "text/event-stream")
        for name, document in said:
            reader.feed(event(name, document) if framed else sent(name, document), 1)
        held(reader)


def sent(name: str, document: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(document)}\n\n".encode()
