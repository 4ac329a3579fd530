import json
import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spanglass.call import Response, StreamTimes
from spanglass.wire.framing import MAX_EVENT
from spanglass.wire.meter import MAX_DOCUMENT, Meter
from spanglass.wire.recognise import Recognised, recognise
from wire_reader import Told, read_chat, read_responses

STARTED = 1_000
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "",
        " the",
        '"',
        "\\",
        "\n\n",
        "caf\u00e9",
        "\U0001f600",
        '"usage": {',
        "[DONE]",
        "data: ",
        '"finish_reason":"stop"',
    ]
)


def recognised(path: str) -> Recognised:
    found = recognise("POST", "api.openai.com", path)
    assert found is not None
    return found


CHAT = recognised("/v1/chat/completions")
RESPONSES = recognised("/v1/responses")
EMBEDDINGS = recognised("/v1/embeddings")


def meter(call: Recognised = CHAT, *, content: bool = False, kind: str | None = "text/event-stream") -> Meter:
    return Meter(call, started_ns=STARTED, status=200, content_type=kind, content_encoding=None, content=content)


@dataclass
class Wire:
    """How a server writes its stream."""

    ascii_only: bool
    spaced: bool
    line_end: str
    named: bool

    def event(self, document: object, name: str = "") -> bytes:
        """Write one event."""
        separators = (", ", ": ") if self.spaced else (",", ":")
        data = json.dumps(document, ensure_ascii=self.ascii_only, separators=separators)
        head = f"event: {name}{self.line_end}" if name else ""
        return f"{head}data: {data}{self.line_end * 2}".encode()


WIRES = st.builds(Wire, st.booleans(), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
NOISE = st.sampled_from(
    [b": OPENROUTER PROCESSING\n\n", b": ping\r\n\r\n", b"data: {nonsense\n\n", b"\n", b"retry: 3\n\n"]
)


@st.composite
def chat_chunks(draw: st.DrawFn) -> list[dict[str, object]]:
    """Chunks of one chat stream: runs of the same kind, choices interleaved, facts in between."""
    fixed: dict[str, object] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": draw(st.sampled_from(["m", ""])),
    }
    if draw(st.booleans()):
        fixed["usage"] = None
    filler, width = draw(st.booleans()), draw(st.integers(1, 3))
    chunks: list[dict[str, object]] = []

    def add(delta: dict[str, object], reason: str | None = None, index: int | None = None, **more: object) -> None:
        place = draw(st.integers(0, width - 1)) if index is None else index
        choice = {"index": place, "delta": delta, "logprobs": None, "finish_reason": reason}
        more = {"obfuscation": draw(st.text("abcXYZ09", max_size=6)), **more} if filler else more
        chunks.append({**fixed, "choices": [choice], **more})

    add({"role": "assistant", "content": ""}, index=0)
    for number in range(draw(st.integers(0, 4))):
        key = draw(st.sampled_from(["content", "reasoning_content", "refusal", "tool", "running"]))
        index = draw(st.integers(0, width - 1))
        if key == "tool":
            call = {
                "index": number,
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": "look", "arguments": ""},
            }
            add({"tool_calls": [call]}, index=index)
        for count in range(draw(st.integers(1, 5))):
            said = draw(TEXT)
            if key == "tool":
                add({"tool_calls": [{"index": number, "function": {"arguments": said}}]}, index=index)
            elif key == "running":
                add({"content": said}, usage={"prompt_tokens": 9, "completion_tokens": number * 5 + count})
            else:
                add({key: said}, index=draw(st.sampled_from([None, index])))
    if draw(st.booleans()):
        chunks.append({"error": {"message": "overloaded", "type": "server_error", "code": "busy"}})
    for index in range(draw(st.integers(0, width))):
        add({}, "stop", index)
    if draw(st.booleans()):
        chunks.append(
            {**fixed, "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}}
        )
    return chunks


@st.composite
def chat_streams(draw: st.DrawFn) -> bytes:
    """The bytes of one chat stream, with noise between its events."""
    wire = draw(WIRES)
    parts = [draw(st.just(b"") | NOISE) + wire.event(chunk) for chunk in draw(chat_chunks())]
    ends = [b"", b"data: [DONE]\n\n", b"data: [DONE]\r\n\r\n", b"data: [DONE]", b"data: [DONE]\n"]
    return b"".join(parts) + draw(st.sampled_from(ends))


@st.composite
def responses_streams(draw: st.DrawFn) -> bytes:
    """The bytes of one responses stream."""
    wire = draw(WIRES)
    head = {"id": "resp_1", "model": "m"}
    parts = [wire.event({"response": {**head, "status": "in_progress", "usage": None}}, "response.created")]
    for index in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["output_text", "function_call_arguments", "reasoning_summary_text", "refusal"]))
        item: dict[str, object] = {"type": "message", "id": f"item_{index}", "content": []}
        if kind == "function_call_arguments":
            item = {"type": "function_call", "call_id": f"call_{index}", "name": "look", "arguments": ""}
        parts.append(wire.event({"output_index": index, "item": item}, "response.output_item.added"))
        for number in range(draw(st.integers(0, 5))):
            delta = {"sequence_number": number, "item_id": f"item_that_is_long_{index}", "output_index": index}
            said = {"delta": draw(TEXT), "obfuscation": draw(st.text("abc", max_size=5))}
            parts.append(wire.event({**delta, **said}, f"response.{kind}.delta"))
        parts.append(wire.event({"text": "whatever"}, f"response.{kind}.done"))
    last = draw(st.sampled_from([None, "completed", "incomplete", "failed"]))
    if last is not None:
        error = {"code": "server_error", "message": "no"} if last == "failed" else None
        usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
        parts.append(
            wire.event({"response": {**head, "status": last, "error": error, "usage": usage}}, f"response.{last}")
        )
    return b"".join(parts)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def agrees(response: Response, told: Told) -> None:
    """Hold a response against what the slow reader says."""
    assert (response.id, response.model or None) == (told.id, told.model or None)
    assert response.complete is told.complete
    usage = response.usage
    assert (None if usage is None else (usage.input_tokens, usage.output_tokens)) == told.usage
    assert sorted((tool.id, tool.name) for tool in response.tool_calls) == sorted(told.tools)
    assert (response.output_length or 0) == told.length
    assert response.error_type == told.error
    assert response.times is not None
    assert response.times.chunks == told.chunks


def one_by_one(data: bytes) -> list[bytes]:
    """Cut after every event, as most servers flush."""
    return re.split(rb"(?<=\n\n)|(?<=\r\r)|(?<=\n\r\n)", data)


PLACES = st.lists(st.integers(0, 5_000), max_size=12)


@given(chat_streams(), PLACES)
def test_a_chat_stream_says_at_every_split_what_its_bytes_say(data: bytes, places: list[int]) -> None:
    """After each piece, however cut, the meter and a reader that decodes everything agree."""
    streamed, so_far = meter(), b""
    for piece in cut(data, places):
        streamed.feed(piece, STARTED + 1)
        so_far += piece
        told = read_chat(so_far)
        response = streamed.response()
        if response.times is None:
            assert not so_far.strip()
            continue
        agrees(response, told)
        width = max(told.finish, default=-1) + 1
        assert response.finish_reasons == tuple(told.finish.get(index) or "error" for index in range(width))
        assert streamed.complete is told.complete


@given(chat_streams())
def test_every_event_alone_in_its_piece_agrees(data: bytes) -> None:
    """The usual split, one event a piece, which is skimmed where it can be, gives the same as decoding."""
    streamed, content, so_far = meter(), meter(content=True), b""
    for piece in one_by_one(data):
        streamed.feed(piece, STARTED + 1)
        content.feed(piece, STARTED + 1)
        so_far += piece
    told = read_chat(so_far)
    agrees(streamed.response(), told)
    agrees(content.response(), told)
    for index, text in told.texts.items():
        said = json.loads(content.response().output_messages or "[]")[index]["parts"]
        if not any(key in data for key in (b"refusal", b"tool_calls")):
            assert "".join(part["content"] for part in said if part["type"] == "text") == text


@given(responses_streams())
def test_every_responses_event_alone_in_its_piece_agrees(data: bytes) -> None:
    """The usual split of a responses stream gives the same as decoding it."""
    streamed = meter(RESPONSES)
    for piece in one_by_one(data):
        streamed.feed(piece, STARTED + 1)
    agrees(streamed.response(), read_responses(data))


@given(responses_streams(), PLACES)
def test_a_responses_stream_says_at_every_split_what_its_bytes_say(data: bytes, places: list[int]) -> None:
    """After each piece, however cut, the meter and a reader that decodes everything agree."""
    streamed, so_far = meter(RESPONSES), b""
    for piece in cut(data, places):
        streamed.feed(piece, STARTED + 1)
        so_far += piece
        agrees(streamed.response(), read_responses(so_far))


@settings(deadline=None, max_examples=40)
@given(chat_streams())
def test_first_token_is_the_arrival_of_the_first_content(data: bytes) -> None:
    """Fed a byte at a time, each time is that of the byte that ended the event."""
    streamed = meter()
    ends: list[int] = []
    content_at = None
    for place in range(len(data)):
        streamed.feed(data[place : place + 1], STARTED + place)
        if data[place] not in b"\r\n":
            continue
        told = read_chat(data[: place + 1])
        if told.chunks > len(ends):
            ends.append(place)
        content_at = told.content_at
    times = streamed.response().times
    assert times is not None
    assert times.first_chunk_ns == (ends[0] if ends else None)
    assert times.first_token_ns == (None if content_at is None else ends[content_at])
    gaps = [later - earlier for earlier, later in pairwise(ends)]
    assert times.gap_max_ns == max(gaps, default=None)
    assert times.gap_mean_ns == (sum(gaps) // len(gaps) if gaps else None)


@given(st.binary(max_size=300) | st.text('data:{}[]"\\,0\r\n\x00 ').map(str.encode), PLACES, st.booleans())
@example(b"data: \xff\xfe\n\n", [], False)
@example(b'data: {"choices":[{"index":1e99,"delta":{"content":[[]]}}]}\n\n', [], True)
@example(b"data: " + b"[" * 5_000 + b"\n\n", [], True)
@example(b'data: {"usage":{"prompt_tokens":' + b"9" * 5_000 + b"}}\n\n", [], False)
@example(b'data: {"id":"\\ud800","choices":[{"index":0,"delta":{"content":"\\ud800"}}]}\n\n', [], True)
@example(b'\xef\xbb\xbfdata: {"id":1,"model":{},"choices":{},"usage":[],"error":[]}\n\n', [], True)
def test_garbage_is_never_raised(data: bytes, places: list[int], content: bool) -> None:  # noqa: FBT001 - hypothesis passes by position
    """Whatever the bytes, every interface answers, and what it says can be encoded."""
    for call in (CHAT, RESPONSES, EMBEDDINGS):
        for kind in ("text/event-stream", "application/json", None):
            fed = meter(call, content=content, kind=kind)
            for piece in cut(data, places):
                fed.feed(piece, STARTED)
            repr(fed.response()).encode()
            assert fed.complete in (True, False)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = st.sampled_from(
    (
        *("id", "model", "usage", "choices", "index", "delta", "message", "content", "tool_calls", "function", "name"),
        *("arguments", "error", "code", "type", "audio", "data", "response", "output", "item", "output_index", "text"),
        *("summary", "prompt_tokens", "prompt_tokens_details", "cost", "finish_reason"),
    )
)
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)


@given(st.lists(ANY_JSON, max_size=4), st.booleans())
def test_documents_of_any_shape_are_never_raised(documents: list[object], content: bool) -> None:  # noqa: FBT001 - hypothesis passes by position
    """JSON with the right keys and the wrong values says something or nothing, and never raises."""
    names = ["", "response.completed", "response.output_item.done", "response.output_text.delta", "error"]
    for call in (CHAT, RESPONSES, EMBEDDINGS):
        streamed = meter(call, content=content)
        for document in documents:
            written = json.dumps(document).encode()
            whole = meter(call, content=content, kind="application/json")
            whole.feed(written, STARTED)
            repr(whole.response()).encode()
            for name in names:
                streamed.feed(b"event: " + name.encode() + b"\ndata: " + written + b"\n\n", STARTED)
                repr(streamed.response()).encode()
            call.request(written, content=content)


BODY = b"""{ "id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "message": {"content": "Hi }"},
 "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5} }\n"""


@given(st.integers(0, len(BODY)), PLACES)
def test_half_a_document_says_nothing_and_a_whole_one_all(end: int, places: list[int]) -> None:
    """A body that is no stream is complete exactly when its last brace has come."""
    whole = meter(kind="application/json")
    for piece in cut(BODY[:end], places):
        whole.feed(piece, STARTED)
        whole.response()
    response = whole.response()
    closed = end >= len(BODY) - 1
    assert response.complete is whole.complete is closed
    assert (response.usage is not None) is closed
    assert response.finish_reasons == (("stop",) if closed else ())
    assert response.times is None


def chunk(said: str) -> bytes:
    delta = {"index": 0, "delta": {"content": said}, "finish_reason": None}
    return b"data: " + json.dumps({"id": "c", "choices": [delta]}).encode() + b"\n\n"


def test_chunks_of_one_piece_have_no_gap() -> None:
    """A gap lies between two arrivals; chunks that came together have none among them."""
    streamed = meter()
    for now, pieces in ((10, 1), (20, 3), (50, 2)):
        streamed.feed(chunk("a") * pieces, STARTED + now)
    assert streamed.response().times == StreamTimes(
        first_chunk_ns=10, first_token_ns=10, chunks=6, gap_mean_ns=20, gap_max_ns=30
    )


def test_a_long_stream_holds_no_more_than_a_short_one() -> None:
    """Texts of skimmed chunks are measured and dropped as the stream goes on."""
    streamed = meter()
    for _ in range(5_000):
        streamed.feed(chunk("four"), STARTED)
        assert len(streamed._said) <= 513
    response = streamed.response()
    assert response.output_length == 20_000
    assert response.times is not None
    assert response.times.chunks == 5_000


def test_an_error_document_under_a_stream_content_type_is_read() -> None:
    """A server that refuses a stream may answer plain JSON and forget the content type."""
    refused = meter()
    refused.feed(b'{"error": {"code": "rate_limit_exceeded", "message": "slow down"}}', STARTED)
    assert refused.response().error_type == "rate_limit_exceeded"
    assert refused.complete


def test_a_stream_without_a_content_type_is_read() -> None:
    """The first bytes tell a stream from a document."""
    streamed = meter(kind=None)
    streamed.feed(b"\n: hello\n\n" + chunk("a"), STARTED)
    assert streamed.response().output_length == 1


def test_an_event_too_large_to_hold_is_named_and_passed_over() -> None:
    """An image in a terminal event may exceed the bound: the end is seen, the memory is not spent."""
    streamed = meter(RESPONSES)
    streamed.feed(b'event: response.completed\ndata: {"response":{"x":"', STARTED)
    for _ in range(MAX_EVENT // 1_000_000 + 2):
        streamed.feed(b"A" * 1_000_000, STARTED)
    streamed.feed(b'"}}\n\n', STARTED)
    assert streamed.complete
    assert streamed.response().usage is None
    streamed.feed(b'event: response.output_text.delta\ndata: {"delta":"hi"}\n\n', STARTED)
    assert streamed.response().output_length == 2


def test_a_document_too_large_to_hold_is_unreadable() -> None:
    """The bound on a body is said, not raised, and the memory is given back."""
    whole = meter(kind="application/json")
    whole.feed(b'{"x": "' + b"A" * MAX_DOCUMENT, STARTED)
    whole.feed(b'"}', STARTED)
    assert whole.unreadable == "it is larger than 16 MiB"
    assert not whole.complete
    assert whole.response() == Response()


def test_an_unknown_encoding_is_unreadable() -> None:
    """A body in an encoding nobody knows says nothing and says why."""
    unread = Meter(CHAT, started_ns=0, status=200, content_type=None, content_encoding="rot13")
    unread.feed(b"whatever", 1)
    assert unread.unreadable == "content-encoding rot13 is not known"
    assert unread.response() == Response()


@pytest.mark.parametrize(("status", "message"), [(502, "no upstream"), (200, None)])
def test_a_bare_message_is_an_error_only_under_an_error_status(status: int, message: str | None) -> None:
    """Gateways answer a `message` alone; in a good answer it means nothing."""
    whole = Meter(CHAT, started_ns=0, status=status, content_type="application/json", content_encoding=None)
    whole.feed(b'{"message": "no upstream"}', 1)
    assert whole.response().error_message == message
