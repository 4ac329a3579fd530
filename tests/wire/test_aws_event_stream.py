import json
import struct
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped] # it has no types
from hypothesis import given
from hypothesis import strategies as st

from event_streams import event, exception, header, message
from spanglass.wire import aws_event_stream
from spanglass.wire.aws_event_stream import AwsEventStream
from spanglass.wire.framing import read_event

DOCUMENTS = st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC", min_size=1, max_size=20)


def told(stream: AwsEventStream, data: bytes, step: int) -> list[tuple[str, bytes]]:
    blocks = [block for at in range(0, len(data), step) for block in stream.feed(data[at : at + step])]
    assert all(block.endswith(b"\n\n") and b"\n\n" not in block[:-2] for block in blocks)
    return [read for block in blocks if (read := read_event(block)) is not None]


@given(st.lists(st.tuples(NAMES, DOCUMENTS), max_size=5), st.integers(1, 200))
def test_any_split_gives_what_botocore_reads(sent: list[tuple[str, dict[str, str]]], step: int) -> None:
    """Names and payloads are those that botocore's own parser finds, whatever the pieces they came in."""
    data = b"".join(event(name, document) for name, document in sent)
    oracle = EventStreamBuffer()
    oracle.add_data(data)
    expected = [(str(one.headers[":event-type"]), one.payload) for one in oracle]
    assert told(AwsEventStream(), data, step) == expected == [(n, json.dumps(d).encode()) for n, d in sent]


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 50))
def test_garbage_never_raises(before: bytes, headers: bytes, step: int) -> None:
    """Bytes that are no event stream, and headers that are none under right checksums, are borne."""
    told(AwsEventStream(), before + event("a", {}), step)
    (found,) = told(AwsEventStream(), message(headers, b"{}"), step)
    assert found[1] == b"{}" or found[0].startswith("exception:")


@pytest.mark.parametrize("place", range(len(event("first", {"a": 1}))))
def test_flipped_bit_ends_the_stream_and_says_so(place: int) -> None:
    """Whichever byte is wrong, what came before stands, nothing after is trusted, and the last block says why."""
    good, bad = event("zero", {}), bytearray(event("first", {"a": 1}))
    bad[place] ^= 1
    events = told(AwsEventStream(), good + bytes(bad) + event("second", {}), 7)
    assert events[0] == ("zero", b"{}")
    assert [name for name, _ in events[1:]] == ["exception:EventStreamError"]
    assert "event stream" in json.loads(events[1][1])["message"]


def test_exceptions_and_errors_are_told_from_events() -> None:
    """An exception keeps its type and payload; an error's message stands in a header."""
    error = header(":message-type", "error") + header(":error-code", "Inter nal\n") + header(":error-message", 'so "x"')
    events = told(AwsEventStream(), exception("throttlingException", {"message": "slow"}) + message(error, b""), 1000)
    assert events == [
        ("exception:throttlingException", b'{"message": "slow"}'),
        ("exception:Inter nal", b'{"message":"so \\"x\\""}'),
    ]


def test_headers_of_every_type_are_passed_over() -> None:
    """The strings behind a flag, numbers, bytes, a time and an id are found."""
    others = [(0, b""), (1, b""), (2, b"1"), (3, b"12"), (4, b"1234"), (5, b"12345678"), (6, b"\x00\x02ab")]
    others += [(8, b"12345678"), (9, b"0123456789abcdef")]
    headers = b"".join(b"\x01h" + bytes([kind]) + value for kind, value in others)
    events = told(AwsEventStream(), message(headers + header(":event-type", "late"), b'{"a":\r\n1}'), 1000)
    assert events == [("late", b'{"a":1}')]


def test_message_too_large_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not held, an empty event stands for it, and the next message is read again."""
    monkeypatch.setattr(aws_event_stream, "MAX_EVENT", 200)
    stream = AwsEventStream()
    data = event("large", {"a": "x" * 1000})
    assert stream.feed(data[:300]) == [b"data:\n\n"]
    assert len(stream._pending) == 0
    assert told(stream, data[300:] + event("next", {}), 50) == [("next", b"{}")]


@pytest.mark.parametrize(("length", "headers"), [(15, 0), (20, 5), (200_000, 131_073), (2**32 - 1, 2**32 - 1)])
def test_impossible_lengths_end_the_stream(length: int, headers: int) -> None:
    """A prelude whose checksum is right may still say nonsense."""
    prelude = struct.pack(">II", length, headers)
    events = told(AwsEventStream(), prelude + struct.pack(">I", crc32(prelude)) + b"x" * 100, 1)
    assert [name for name, _ in events] == ["exception:EventStreamError"]


def test_different_headers_without_end_are_not_all_remembered() -> None:
    """What is learnt of headers is bounded."""
    stream = AwsEventStream()
    for number in range(500):
        stream.feed(event(f"e{number}", {}))
    assert len(stream._heads) <= 64
    assert not stream.idle
    assert stream.rest(64) == b""
