from hypothesis import given
from hypothesis import strategies as st

from spanglass.call import Request, Response, Usage
from spanglass.wire.estimate import estimate

CHAT = Request("openai", "chat", "chat_completions")
EMBEDDINGS = Request("openai", "embeddings", "embeddings")
LENGTHS = st.none() | st.integers(0, 10_000)


def test_missing_counts_come_from_lengths_and_are_flagged() -> None:
    """Four characters a token, rounded up."""
    usage = estimate(CHAT._replace(input_length=9), Response(output_length=4))
    assert usage == Usage(input_tokens=3, output_tokens=1, estimated=True)


def test_known_counts_are_kept() -> None:
    """Only what is missing is filled in; with nothing missing nothing is flagged."""
    known = Usage(input_tokens=5, output_tokens=6, cache_read_tokens=2)
    assert estimate(CHAT._replace(input_length=9), Response(usage=known, output_length=4)) == known
    half = Usage(input_tokens=5, cache_read_tokens=2)
    filled = Usage(input_tokens=5, output_tokens=1, cache_read_tokens=2, estimated=True)
    assert estimate(CHAT, Response(usage=half, output_length=4)) == filled


def test_vectors_have_no_output_to_estimate() -> None:
    """An embeddings call without output tokens lacks nothing."""
    known = Usage(input_tokens=5)
    assert estimate(EMBEDDINGS, Response(usage=known, output_length=4)) == known


def test_a_refused_call_is_not_estimated() -> None:
    """A provider bills nothing for a call it refused before it said a word."""
    refused = Response(error_type="rate_limit_exceeded")
    assert estimate(CHAT._replace(input_length=9), refused) == Usage()


@given(LENGTHS, LENGTHS)
def test_what_has_no_length_stays_unknown(sent: int | None, received: int | None) -> None:
    """Unknown is None, never 0, and the flag tells whether anything was filled in."""
    usage = estimate(CHAT._replace(input_length=sent), Response(output_length=received))
    assert (usage.input_tokens is None) is (sent is None)
    assert (usage.output_tokens is None) is (received is None)
    assert usage.estimated is (sent is not None or received is not None)
