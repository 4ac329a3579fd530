import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.wire import json_array
from spanglass.wire.framing import read_event
from spanglass.wire.json_array import JsonArray

TEXTS = st.text('"\\{}[]\n,é😀a', max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def told(data: bytes, step: int) -> list[bytes]:
    stream = JsonArray()
    blocks = [block for at in range(0, len(data), step) for block in stream.feed(data[at : at + step])]
    assert all(block.endswith(b"\n\n") and b"\n" not in block[:-2] for block in blocks)
    return [event[1] for block in blocks if (event := read_event(block)) is not None]


@given(st.lists(OBJECTS, max_size=4), st.sampled_from([None, 2]), st.booleans(), st.integers(1, 60))
def test_any_split_gives_every_object(sent: list[Any], indent: int | None, escaped: bool, step: int) -> None:  # noqa: FBT001 - drawn
    """Objects come out whole, whatever brackets, quotes and escapes their texts hold and however they were cut."""
    data = json.dumps(sent, indent=indent, ensure_ascii=escaped).replace("\n", "\r\n").encode()
    assert [json.loads(one) for one in told(data, step)] == sent


@given(st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b'"', b"\\", b"\n", b"data: {}\n\n", b"\xff", b",1"])))
def test_garbage_never_raises(pieces: list[bytes]) -> None:
    """Whatever follows the opening bracket is borne, and pieces of any size say the same."""
    data = b"[" + b"".join(pieces)
    assert told(data, 1) == told(data, 1000)


def test_object_arrives_with_its_last_byte() -> None:
    """A chunk is there as soon as its closing bracket is, before the comma that follows it."""
    stream = JsonArray()
    assert stream.feed(b'[{"a": 1') == []
    assert stream.feed(b"}") == [b'data: {"a": 1}\n\n']
    assert stream.feed(b',\r\n{"a": [{}]}\r\n]') == [b'data: {"a": [{}]}\n\n']
    assert stream.feed(b'{"a": 2}') == []  # the array is over
    assert not stream.idle
    assert stream.rest(64) == b""


def test_object_too_large_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty event stands for it, and the next object is read again."""
    monkeypatch.setattr(json_array, "MAX_EVENT", 20)
    stream = JsonArray()
    assert stream.feed(b'[{"a": "' + b"x" * 15) == []
    assert stream.feed(b"x" * 100) == []
    assert len(stream._element) == 0
    assert stream.feed(b'"}, {"b": 2}') == [b"data: \n\n", b'data: {"b": 2}\n\n']


def test_backslashes_without_end_are_read_in_linear_time() -> None:
    """A megabyte of backslashes, quotes among them, ends no text and costs no more than its length."""
    assert told(b'[{"a":"' + b'\\"' * 500_000 + b"\\" * 500_000 + b'"}]', 65_536) != []
