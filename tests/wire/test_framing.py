import pytest

from spanglass.wire.framing import EventStream, read_event


@pytest.mark.parametrize(
    ("block", "event"),
    [
        (b"data: x\n\n", ("", b"x")),
        (b"data:x\n\n", ("", b"x")),
        (b"data:  x\n\n", ("", b" x")),
        (b"event: a\ndata: x\n\n", ("a", b"x")),
        (b"data: x\ndata: y\nid: 3\n\n", ("", b"x\ny")),
        (b"\xef\xbb\xbfdata: x\n\n", ("", b"x")),
        (b": comment\n\n", None),
        (b"event: a\n\n", None),
        (b"data\n\n", ("", b"")),
        (b"\n", None),
    ],
)
def test_the_fields_of_an_event_are_read_as_the_standard_says(block: bytes, event: tuple[str, bytes] | None) -> None:
    """One space after the colon belongs to the syntax, data lines join, comments are nothing."""
    assert read_event(block) == event


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_any_line_end_at_any_cut_gives_the_same_blocks(end: bytes) -> None:
    """LF, CRLF and CR end a line, and a cut between CR and LF makes no empty line."""
    data = end.join([b"event: a", b"data: 1", b"", b"data: 2", b"", b""])
    for place in range(len(data) + 1):
        stream = EventStream()
        blocks = stream.feed(data[:place]) + stream.feed(data[place:])
        assert [read_event(block) for block in blocks] == [("a", b"1"), ("", b"2")]
