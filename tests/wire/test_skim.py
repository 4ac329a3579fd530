import json
import tracemalloc
from collections.abc import Callable

import pytest

from spanglass.call import Usage
from spanglass.wire.codec import Seen, Slots
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import recognise
from spanglass.wire.skim import Shapes, measure

HEAD = {"id": "chatcmpl-1234567890", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def chat(number: int, said: str, *, width: int = 1, **more: object) -> bytes:
    choice = {"index": number % width, "delta": {"content": said}, "finish_reason": None}
    return b"data: " + json.dumps({**HEAD, "choices": [choice], **more}).encode() + b"\n\n"


def delta(number: int, said: str) -> bytes:
    document = {
        "sequence_number": number,
        "item_id": "msg_0123456789abcdef",
        "delta": said,
        "obfuscation": "x" * (number % 7),
    }
    return b"event: response.output_text.delta\ndata: " + json.dumps(document).encode() + b"\n\n"


KINDS: dict[str, tuple[str, Callable[[int, str], bytes]]] = {
    "plain": ("/v1/chat/completions", chat),
    "filler": ("/v1/chat/completions", lambda number, said: chat(number, said, obfuscation="x" * (number % 7))),
    "two choices": ("/v1/chat/completions", lambda number, said: chat(number, said, width=2)),
    "running usage": (
        "/v1/chat/completions",
        lambda number, said: chat(number, said, usage={"prompt_tokens": 5, "completion_tokens": number}),
    ),
    "responses": ("/v1/responses", delta),
}


def test_line_ends_of_two_bytes_are_skimmed_as_they_are() -> None:
    """Google ends lines with CRLF: after the first chunk a piece needs no framing, and counts are the last ones."""
    call = recognise("POST", "api.openai.com", "/v1/chat/completions")
    assert call is not None
    meter = Meter(call, started_ns=0, status=200, content_type="text/event-stream", content_encoding=None)
    for number in range(50):
        usage = {"prompt_tokens": 5, "completion_tokens": number}
        meter.feed(chat(number, "é\n", usage=usage).replace(b"\n", b"\r\n"), number)
    assert meter._skimmed == 49
    meter.feed(b"data: [DONE]\r", 50)
    meter.feed(b"\n\r\n", 50)
    response = meter.response()
    assert (response.output_length, response.complete) == (100, True)
    assert response.usage == Usage(5, 49)


def test_padding_before_the_last_brace_changes_nothing() -> None:
    """Anthropic pads its chunks with spaces at random; a text that ends in spaces and a brace is still a text."""
    shapes = Shapes(Slots(counted=frozenset({b"text"})))
    block = b'event: delta\ndata: {"delta":{"text":"abc"}  }\n\n'
    shapes.learn(block, 3, hits=0)
    for padding in (b"", b" ", b" " * 15):
        padded = b'event: delta\ndata: {"delta":{"text":"x  }"}' + padding + b"}\n\n"
        assert shapes.find(padded, 0) == (len(padded), b"x  }")
    assert shapes.find(b'event: delta\ndata: {"delta":{"text":"x"} ,"more":1}\n\n', 0) is None


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_of_one_kind_are_decoded_at_most_a_few_times(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred chunks of every usual kind, all but the first of each shape are skimmed."""
    path, make = KINDS[kind]
    call = recognise("POST", "api.openai.com", path)
    assert call is not None
    meter = Meter(call, started_ns=0, status=200, content_type="text/event-stream", content_encoding=None)
    decoded: list[bytes] = []
    event = meter._answer.event

    def watched(name: str, data: bytes) -> Seen:
        decoded.append(data)
        return event(name, data)

    monkeypatch.setattr(meter._answer, "event", watched)
    for number in range(100):
        meter.feed(make(number, ["four", "\n", '"', "é", "\\"][number % 5]), number)
    response = meter.response()
    assert len(decoded) <= 3
    assert response.output_length == 20 * 8
    assert response.times is not None
    assert response.times.chunks == 100
    assert (response.usage is not None and response.usage.output_tokens == 99) is (kind == "running usage")


def test_another_long_constant_is_another_shape() -> None:
    """An id that stands behind the text is compared too: another item is not counted as the one learnt."""
    shapes = Shapes(Slots(counted=frozenset({b"delta"})))
    block = b'data: {"delta":"abc","item_id":"msg_0123456789abcdef"}\n\n'
    shapes.learn(block, 3, hits=0)
    assert shapes.find(block, 0) == (len(block), b"abc")
    assert shapes.find(block.replace(b"0123", b"9999"), 0) is None


@pytest.mark.parametrize(
    "block",
    [
        b'data: {"delta":"abc","delta":"de"}\n\n',  # two texts
        b'data: {"x":["delta","abc"]}\n\n',  # not a value of the key
        b'data: {"delta":\ndata: "abc"}\n\n',  # two lines of data
        b'data: {"delta":"abc","more":"' + b"x" * 20_000 + b'"}\n\n',  # large
        b"data: [DONE]\n\n",
    ],
)
def test_what_is_not_plain_is_not_learnt(block: bytes) -> None:
    """A block whose text cannot be pointed at is decoded each time."""
    shapes = Shapes(Slots(counted=frozenset({b"delta"})))
    shapes.learn(block, 3, hits=0)
    assert shapes.current is None


def test_a_shape_that_counts_otherwise_than_the_decoder_is_not_kept() -> None:
    """Where the decoder found other content than the slot holds, the shape would be wrong later as well."""
    shapes = Shapes(Slots(counted=frozenset({b"delta"})))
    shapes.learn(b'data: {"delta":"abc"}\n\n', 6, hits=0)
    assert shapes.current is None


def test_learning_stops_where_nothing_repeats() -> None:
    """A stream whose chunks all differ pays for a few lessons, not for one a chunk."""
    shapes = Shapes(Slots(counted=frozenset({b"delta"})))
    for number in range(50):
        shapes.learn(b'data: {"n":%d.5,"delta":"abc"}\n\n' % number, 3, hits=0)
    assert shapes._lessons <= 10


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ([], 0),
        ([b""], 0),
        ([b"ab", b"c"], 3),
        ([b"\\n", b"\\u00e9x"], 3),
        (["é".encode(), b"\\\\"], 2),
        ([b"\\q", b"ab"], 2),
    ],
)
def test_texts_are_measured_in_characters(said: list[bytes], length: int) -> None:
    """JSON escapes and UTF-8 count as the characters they stand for; what is no JSON text counts nothing."""
    assert measure(said) == length


def test_a_long_near_miss_costs_no_more_than_its_length() -> None:
    """A megabyte of escapes that then does not match is given up in one pass, without a stack of retries."""
    shapes = Shapes(Slots(counted=frozenset({b"delta"}), ignored=frozenset({b"filler"})))
    shapes.learn(b'data: {"delta":"abc","filler":"x","end":1}\n\n', 3, hits=0)
    said = b"\\n" * 500_000
    tracemalloc.start()
    assert shapes.find(b'data: {"delta":"' + said + b'","filler":"' + b"y" * 500_000 + b'","end":2}\n\n', 0) is None
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()
