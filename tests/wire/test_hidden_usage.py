"""Whatever the pieces a stream comes in, what is shown is the stream without the event of its usage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.wire.hidden_usage import HiddenUsage

ROLE = b'data: {"choices":[{"delta":{"content":"[]"}}],"usage":null}'
FILTERED = b'data: {"choices": [], "prompt_filter_results": [{"usage": 1}]}'
TOGETHER = b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}'
QUOTED = rb'data: {"choices":[{"delta":{"content":"\"choices\":[],\"usage\":{}"}}]}'
COMMENT = b": ping"
DONE = b"data: [DONE]"
USAGE = b'data: {"id":"c","choices": [ ],"usage":{"prompt_tokens":20,"completion_tokens":4}}'
NAMED = b'event: chunk\ndata: {"choices":[],\ndata: "usage":{}}'
LINES = st.sampled_from([b"\n", b"\r\n", b"\r"])


def shown(stream: bytes, cuts: list[int]) -> bytes:
    """Return what is shown of a stream that is cut at these places."""
    hidden = HiddenUsage()
    ends = [0, *sorted(cuts), len(stream)]
    pieces = [hidden.feed(stream[start:end]) for start, end in pairwise(ends)]
    return b"".join(pieces) + hidden.rest()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("usage", [USAGE, NAMED])
def test_at_every_cut(usage: bytes, end: bytes) -> None:
    """Cut once anywhere, and byte by byte, the one event is gone and every other byte is there."""
    before = [event.replace(b"\n", end) + end + end for event in (ROLE, FILTERED, TOGETHER, QUOTED, COMMENT)]
    stream = b"".join([*before, usage.replace(b"\n", end) + end + end, DONE + end + end])
    expected = b"".join([*before, DONE + end + end])
    for cut in range(len(stream) + 1):
        assert shown(stream, [cut]) == expected, cut
    assert shown(stream, list(range(len(stream)))) == expected


EVENTS = st.lists(st.sampled_from([ROLE, FILTERED, TOGETHER, QUOTED, COMMENT, DONE, USAGE]), max_size=8)


@given(EVENTS, LINES, st.data())
def test_any_events_in_any_pieces(events: list[bytes], end: bytes, data: st.DataObject) -> None:
    """Any order of events, in any pieces, shows all but those of usage."""
    stream = b"".join(event + end + end for event in events)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    assert shown(stream, cuts) == b"".join(event + end + end for event in events if event is not USAGE)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_other_bytes_pass(stream: bytes, cuts: list[int]) -> None:
    """What is no such stream passes as it is."""
    assert shown(stream, [min(cut, len(stream)) for cut in cuts]) == stream


def test_whole_events_are_not_held() -> None:
    """An event is shown with the piece that completes it."""
    hidden = HiddenUsage()
    assert hidden.feed(ROLE + b"\n\n") == ROLE + b"\n\n"
    assert hidden.feed(ROLE) == b""
    assert hidden.feed(b"\n\n" + USAGE) == ROLE + b"\n\n"
    assert hidden.rest() == b""


def test_large_event_is_not_held_in_memory() -> None:
    """An event far larger than any usage passes in pieces, and one of usage after it is still hidden."""
    hidden = HiddenUsage()
    large = b'data: {"choices":[],"usage":{},"x":"' + b"y" * 300_000 + b'"}\n\n'
    given_back = [hidden.feed(large[at : at + 1000]) for at in range(0, len(large), 1000)]
    assert b"".join(given_back) == large
    assert len(hidden._pending) == 0
    assert hidden.feed(USAGE + b"\n\n" + DONE + b"\n\n") == DONE + b"\n\n"


def test_stream_that_ends_in_an_event() -> None:
    """What came after the last empty line is shown at the end, unless it is usage."""
    assert shown(ROLE, []) == ROLE
    assert shown(USAGE + b"\n", []) == b""
