import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.call import Request, Response, ServerTimes, ToolCall, Usage
from spanglass.wire.estimate import estimate
from spanglass.wire.meter import Meter
from spanglass.wire.ollama import CHAT, GENERATE, MAX_TOOL_CALLS
from spanglass.wire.recognise import Recognised, recognise

CALL = Recognised("ollama", CHAT, known=True)
COMPLETION = Recognised("ollama", GENERATE, known=True)
DONE: dict[str, Any] = {
    "model": "llama3.2",
    "created_at": "2026-11-21T12:00:01.5Z",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "total_duration": 5_000,
    "load_duration": 1_000,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 2_000,
    "eval_count": 298,
    "eval_duration": 1_500,
}
TIMES = ServerTimes(total_ns=5_000, load_ns=1_000, input_ns=2_000, output_ns=1_500)


def meter(kind: str, *, content: bool = False, status: int = 200) -> Meter:
    return Meter(CALL, started_ns=0, status=status, content_type=kind, content_encoding=None, content=content)


def whole(document: object, *, content: bool = False, status: int = 200) -> Response:
    one = meter("application/json; charset=utf-8", content=content, status=status)
    one.feed(json.dumps(document).encode(), 1)
    return one.response()


def stream(*documents: object, content: bool = False) -> Response:
    one = meter("application/x-ndjson", content=content)
    for number, document in enumerate(documents):
        one.feed(json.dumps(document).encode() + b"\n", number)
    return one.response()


def says(number: int = 0, **message: object) -> dict[str, Any]:
    stamp = f"2026-11-21T12:00:00.{number:03}Z"
    return {"model": "llama3.2", "created_at": stamp, "message": {"role": "assistant", **message}, "done": False}


def test_stream_comes_out_like_a_document() -> None:
    """Thinking, text and tools: the same facts and the same message from lines as from one document."""
    call = {"id": "call_1", "function": {"index": 0, "name": "platform", "arguments": {"train": "NJ 401"}}}
    message = {"role": "assistant", "content": "On 3.", "thinking": "Hm, let me see.", "tool_calls": [call]}
    document = whole({**DONE, "message": message}, content=True)
    lines = [
        says(content="", thinking="Hm, "),
        says(content="", thinking="let me see."),
        says(content="On "),
        says(content="3."),
        says(content="", tool_calls=[call]),
        DONE,
    ]
    streamed = stream(*lines, content=True)
    assert streamed.times is not None
    assert (streamed.times.first_token_ns, streamed.times.chunks) == (0, 6)
    assert streamed._replace(times=None) == document
    assert document == Response(
        model="llama3.2",
        finish_reasons=("stop",),
        usage=Usage(26, 298),
        tool_calls=(ToolCall("platform", "call_1", '{"train":"NJ 401"}'),),
        output_messages=document.output_messages,
        output_length=len('Hm, let me see.On 3.{"train":"NJ 401"}'),
        complete=True,
        server_times=TIMES,
    )
    assert json.loads(document.output_messages or "") == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Hm, let me see."},
                {"type": "text", "content": "On 3."},
                {"type": "tool_call", "name": "platform", "arguments": {"train": "NJ 401"}, "id": "call_1"},
            ],
            "finish_reason": "stop",
        }
    ]
    plain = stream(*lines)
    assert plain == streamed._replace(output_messages=None, tool_calls=(ToolCall("platform", "call_1"),))


def test_completion_is_read_like_a_chat() -> None:
    """Its text stands at the top of each object."""
    line = {"model": "llama3.2", "created_at": "x", "response": "Hello", "done": False}
    response = stream(line, {**DONE, "message": None, "response": "", "context": [1, 2, 3]})
    assert (response.output_length, response.usage, response.complete) == (5, Usage(26, 298), True)


def test_most_lines_are_skimmed() -> None:
    """Lines of one kind are decoded once, however many there are."""
    one = meter("application/x-ndjson")
    decoded = 0
    event = one._answer.event

    def counted(name: str, data: bytes) -> Any:  # noqa: ANN401 - as the seam has it
        nonlocal decoded
        decoded += 1
        return event(name, data)

    one._answer.event = counted  # type: ignore[method-assign] # counts what is decoded
    for number in range(100):
        one.feed(json.dumps(says(number, content=f"wörd {number:02}")).encode() + b"\n", number)
    assert decoded == 1
    response = one.response()
    assert response.output_length == 700
    assert response.times is not None
    assert response.times.chunks == 100


@pytest.mark.parametrize(
    ("left_out", "usage", "estimated"),
    [
        (["prompt_eval_count"], Usage(None, 298), Usage(3, 298, estimated=True)),
        (["eval_count"], Usage(26, None), Usage(26, 1, estimated=True)),
        (["prompt_eval_count", "eval_count"], None, Usage(3, 1, estimated=True)),
        ([], Usage(26, 298), Usage(26, 298)),
    ],
)
def test_count_that_is_left_out_is_unknown(left_out: list[str], usage: Usage | None, estimated: Usage) -> None:
    """Ollama leaves `prompt_eval_count` out when the prompt was cached: it is estimated and flagged, never 0."""
    last = {key: value for key, value in DONE.items() if key not in left_out}
    for response in (stream(says(content="abc"), last), whole({**last, "message": {"content": "abc"}})):
        assert response.usage == usage
        asked = Request("ollama", "chat", "chat", input_length=12)
        assert estimate(asked, response) == estimated


def test_cut_stream_has_no_usage() -> None:
    """Counts come with the last object alone; without it the stream never finished."""
    response = stream(says(content="abcd"), says(content="efgh"))
    assert (response.usage, response.complete, response.finish_reasons) == (None, False, ("error",))
    assert response.output_length == 8


@pytest.mark.parametrize(
    ("last", "reasons"),
    [({"done_reason": "length"}, ("length",)), ({"done_reason": "load"}, ("load",)), ({"done_reason": None}, ())],
)
def test_done_reason_is_the_finish_reason(last: dict[str, object], reasons: tuple[str, ...]) -> None:
    """In the provider's words; old servers give none."""
    assert stream({**DONE, **last}).finish_reasons == reasons
    assert whole({**DONE, **last}).finish_reasons == reasons


def test_error_in_a_stream() -> None:
    """An error object ends the stream; what came before it stays."""
    response = stream(says(content="Hi"), {"error": "model runner has unexpectedly stopped"})
    assert (response.error_type, response.error_message) == ("error", "model runner has unexpectedly stopped")
    assert (response.complete, response.output_length) == (False, 2)


def test_error_document_leaves_the_type_to_the_status() -> None:
    """Ollama's errors are a message without a type."""
    response = whole({"error": "model 'x' not found"}, status=404)
    assert (response.error_type, response.error_message) == (None, "model 'x' not found")
    assert response.output_length is None


def test_many_tool_calls_are_bounded() -> None:
    """Calls beyond the limit are not kept."""
    call = {"function": {"name": "f", "arguments": {}}}
    assert len(whole({**DONE, "message": {"tool_calls": [call] * 200}}).tool_calls) == MAX_TOOL_CALLS


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "model",
                    "message",
                    "messages",
                    "content",
                    "tool_calls",
                    "function",
                    "arguments",
                    "done",
                    "error",
                    "role",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4))
def test_no_answer_and_no_request_raises(documents: list[Any]) -> None:
    """Whatever JSON a stranger sends, it is read as far as it makes sense."""
    stream(*documents, content=True)
    for document in documents:
        whole(document, content=True)
        body = json.dumps(document).encode()
        CALL.request(body, content=True)
        COMPLETION.request(body, content=True)


def test_request_is_read() -> None:
    """Options, format and thinking; what says nothing of streaming is streamed."""
    asked = {
        "model": "llama3.2",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        "format": {"type": "object"},
        "think": "high",
        "options": {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "seed": -3,
            "num_predict": 128,
            "stop": ["END"],
            "frequency_penalty": 0.1,
            "presence_penalty": 0.2,
        },
    }
    assert CALL.request(json.dumps(asked).encode()) == Request(
        provider="ollama",
        operation="chat",
        api="chat",
        model="llama3.2",
        stream=True,
        max_tokens=128,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        seed=-3,
        stop_sequences=("END",),
        output_type="json",
        reasoning_level="high",
        input_length=14,
    )


@pytest.mark.parametrize(("said", "stream"), [({}, True), ({"stream": None}, True), ({"stream": False}, False)])
def test_streaming_is_the_default(said: dict[str, object], stream: bool) -> None:  # noqa: FBT001 - a column
    """Only `"stream": false` asks for one document."""
    for call, more in ((CALL, {"messages": []}), (COMPLETION, {"prompt": "Hi"})):
        request = call.request(json.dumps({"model": "m", **more, **said}).encode())
        assert request is not None
        assert request.stream is stream


def test_num_predict_without_a_limit() -> None:
    """-1 and -2 are no limit."""
    request = CALL.request(b'{"model": "m", "messages": [], "options": {"num_predict": -1}, "think": true}')
    assert request is not None
    assert (request.max_tokens, request.reasoning_level) == (None, None)


def test_content_of_a_chat() -> None:
    """Images named and not kept, tools asked for and answered, thinking as reasoning."""
    asked = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "What is this?", "images": ["AAAA"]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "Hm.",
                "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
            },
            {"role": "tool", "content": "42", "tool_name": "f"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "Does f.", "parameters": {"a": 1}}}],
    }
    request = CALL.request(json.dumps(asked).encode(), content=True)
    assert request is not None
    assert json.loads(request.input_messages or "") == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "What is this?"},
                {"type": "blob", "modality": "image", "content": "", "omitted_length": 4},
            ],
        },
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Hm."},
                {"type": "tool_call", "name": "f", "arguments": {"a": 1}},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "42", "name": "f"}]},
    ]
    assert json.loads(request.tool_definitions or "") == [
        {"type": "function", "name": "f", "description": "Does f.", "parameters": {"a": 1}}
    ]


def test_content_of_a_completion() -> None:
    """The system prompt is given apart; prompt and images are one message."""
    asked = {"model": "m", "system": "Be brief.", "prompt": "What is this?", "images": ["AAAA"]}
    request = COMPLETION.request(json.dumps(asked).encode(), content=True)
    assert request is not None
    assert (request.operation, request.input_length) == ("text_completion", 22)
    assert json.loads(request.system_instructions or "") == [{"type": "text", "content": "Be brief."}]
    (message,) = json.loads(request.input_messages or "")
    assert message["role"] == "user"
    assert [part["type"] for part in message["parts"]] == ["text", "blob"]


@pytest.mark.parametrize(
    ("path", "asked", "ours"),
    [
        ("/api/chat", {"model": "m", "messages": [{"role": "user", "content": "x"}]}, True),
        ("/api/chat", {"model": "m", "messages": [{"role": "user"}], "options": {}, "new": 1}, True),
        ("/api/chat", {"messages": [{"role": "user", "content": "x"}]}, False),
        ("/api/chat", {"model": "", "messages": []}, False),
        ("/api/chat", {"model": "m"}, False),
        ("/api/chat", {"model": "m", "messages": ["x"]}, False),
        ("/api/chat", {"model": "m", "messages": [{"role": "bot", "content": "x"}]}, False),
        # What chat applications send to themselves.
        ("/api/chat", {"model": "m", "id": "c-1", "messages": [{"role": "user", "content": "x"}]}, False),
        ("/api/chat", {"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]}, False),
        ("/api/generate", {"model": "m", "prompt": "x"}, True),
        ("/api/generate", {"model": "m", "prompt": "x", "size": "large"}, False),
        ("/api/generate", {"model": "m"}, False),
        ("/api/generate", {"prompt": "x"}, False),
        ("/api/embed", {"model": "m", "input": ["x"]}, True),
        ("/api/embed", {"model": "m", "input": 3}, False),
        ("/api/embeddings", {"model": "m", "prompt": "x"}, True),
        ("/api/embeddings", {"model": "m", "prompt": "x", "user": "u"}, False),
    ],
)
def test_on_an_unknown_host_the_body_must_convince(path: str, asked: object, ours: bool) -> None:  # noqa: FBT001 - a column
    """Anybody may have a path such as `/api/chat`; what Ollama would not take is no call to it."""
    found = recognise("POST", "box.internal:8080", path)
    assert found is not None
    assert not found.known
    request = found.request(json.dumps(asked).encode())
    assert (request is not None) is ours
    if request is not None:
        assert (request.provider, request.model) == ("ollama", "m")
