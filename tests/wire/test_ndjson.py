import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.wire import ndjson
from spanglass.wire.framing import read_event
from spanglass.wire.ndjson import Lines, json_lines


@given(st.lists(st.text(max_size=9), max_size=6), st.sampled_from([b"\n", b"\r\n", b"\n\n"]), st.integers(1, 40))
def test_any_split_gives_the_same_lines(texts: list[str], end: bytes, step: int) -> None:
    """Each line is one block, whatever the line end, the empty lines and the pieces it came in."""
    documents = [{"a": text} for text in texts]
    data = b"".join(json.dumps(document).encode() + end for document in documents)
    lines = Lines()
    blocks = [block for at in range(0, len(data), step) for block in lines.feed(data[at : at + step])]
    assert lines.idle
    events = [read_event(block) for block in blocks]
    assert [json.loads(event[1]) for event in events if event is not None] == documents
    assert all(event is not None and event[0] == "" for event in events)


def test_line_that_has_not_ended() -> None:
    """It is the rest, as a block, as long as it is short."""
    lines = Lines()
    assert lines.feed(b'{"a":1}\n {"b"') == [b'data: {"a":1}\n\n']
    assert not lines.idle
    assert lines.rest(64) == b'data: {"b"\n\n'
    assert lines.rest(2) == b""
    assert lines.feed(b":2}\n") == [b'data: {"b":2}\n\n']
    assert lines.rest(64) == b""


def test_endless_line_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a line that is too long only an empty event is left, and the next line is read again."""
    monkeypatch.setattr(ndjson, "MAX_EVENT", 20)
    lines = Lines()
    assert lines.feed(b"x" * 21) == []
    assert not lines.idle
    assert len(lines._pending) == 0
    assert lines.feed(b"x" * 21) == []
    assert lines.feed(b"x\n{}\n") == [b"data: \n\n", b"data: {}\n\n"]
    assert lines.rest(64) == b""


@pytest.mark.parametrize(
    ("content_type", "stream"),
    [
        ("application/x-ndjson", True),
        ("application/x-ndjson; charset=utf-8", True),
        ("application/jsonl", True),
        ("application/json", False),
        ("text/event-stream", False),
        ("", False),
    ],
)
def test_stream_is_told_by_its_type(content_type: str, stream: bool) -> None:  # noqa: FBT001 - a column
    """A document begins like a line, so only the type tells them apart."""
    assert (json_lines(content_type) is not None) is stream
