from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.cli import events as module
from spanglass.cli.events import Event, events
from spanglass.errors import ServerUnavailable

STREAM = (
    b"\xef\xbb\xbf: hello\n\ndata: one\n\nid: 7\r\nevent: span\r\ndata:two\r\ndata:  three\r\n\r\n"
    b":\rretry: 5\rdata\r\revent: x\n\ndata: cut"
)
READ = [Event("message", "one", None), Event("span", "two\n three", "7"), Event("message", "", "7")]


def test_events_are_read_as_the_standard_says() -> None:
    """Comments, ids, names, several lines of data and all ends of lines are read; an event that is cut is none."""
    assert list(events([STREAM])) == READ


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_wherever_the_stream_is_cut_it_says_the_same(places: list[int]) -> None:
    """The pieces in which a stream comes change nothing."""
    edges = [0, *sorted(places), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert list(events(pieces)) == READ


@pytest.mark.parametrize("endless", [b"x" * 1000, b"data: x\n" * 100])
def test_an_event_without_end_is_given_up(endless: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line, or an event of many lines, that does not end is refused before it fills memory."""
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    with pytest.raises(ServerUnavailable, match="over 4 MiB"):
        list(events(endless for _ in range(100)))
