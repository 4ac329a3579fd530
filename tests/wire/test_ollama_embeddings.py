import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.call import Request, Response, ServerTimes, Usage
from spanglass.wire.meter import Meter
from spanglass.wire.ollama_embeddings import EMBED
from spanglass.wire.recognise import Recognised

CALL = Recognised("ollama", EMBED, known=True)
VECTORS = st.lists(st.lists(st.floats(-1, 1), max_size=4), max_size=4)


def meter(*, status: int = 200) -> Meter:
    return Meter(CALL, started_ns=0, status=status, content_type="application/json", content_encoding=None)


@given(VECTORS, st.booleans(), st.integers(1, 60))
def test_usage_is_read_whatever_the_vectors_and_the_split(vectors: list[object], spaced: bool, step: int) -> None:  # noqa: FBT001 - drawn
    """Vectors are cut away; half a body says nothing, the whole says usage and times."""
    document = {"model": "m", "embeddings": vectors, "total_duration": 9, "load_duration": 4, "prompt_eval_count": 5}
    data = json.dumps(document, indent=1 if spaced else None).encode()
    one = meter()
    for place in range(0, len(data), step):
        assert one.response() == Response()
        one.feed(data[place : place + step], place)
    assert one.response() == Response(
        model="m", usage=Usage(input_tokens=5), complete=True, server_times=ServerTimes(total_ns=9, load_ns=4)
    )


def test_vectors_are_not_held() -> None:
    """Of 18 MB of vectors only what surrounds them is kept."""
    data = json.dumps({"embeddings": [[0.123456789] * 3_000] * 500, "prompt_eval_count": 5}).encode()
    one, held = meter(), 0
    for place in range(0, len(data), 65_536):
        one.feed(data[place : place + 65_536], place)
        held = max(held, len(one._body or b""))
    assert len(data) > 18_000_000
    assert held < 300_000
    assert one.response().usage == Usage(input_tokens=5)


def test_older_interface_counts_nothing() -> None:
    """`/api/embeddings` gives one vector and no usage: unknown, not 0."""
    one = meter()
    one.feed(b'{"embedding":[0.1,-2e-3]}', 1)
    assert one.response() == Response(complete=True)


def test_error_leaves_its_type_to_the_status() -> None:
    """Ollama's errors are a message without a type."""
    one = meter(status=400)
    one.feed(b'{"error":"input length exceeds the context length"}', 1)
    assert one.response() == Response(complete=True, error_message="input length exceeds the context length")


@pytest.mark.parametrize(
    ("asked", "length"),
    [({"input": "abcd"}, 4), ({"input": ["ab", "cde"]}, 5), ({"prompt": "abc"}, 3), ({"input": []}, 0)],
)
def test_a_request_is_read(asked: dict[str, object], length: int) -> None:
    """Model, dimensions and the length of what is embedded, by either interface."""
    assert CALL.request(json.dumps({"model": "m", "dimensions": 256, **asked}).encode()) == Request(
        provider="ollama", operation="embeddings", api="embed", model="m", dimensions=256, input_length=length
    )


@pytest.mark.parametrize("asked", [{}, {"input": 3}, {"input": [1]}, {"prompt": None}])
def test_other_bodies_are_no_request(asked: dict[str, object]) -> None:
    """Something to embed, in texts."""
    assert EMBED.request(json.dumps({"model": "m", **asked}).encode(), provider="ollama", content=False) is None
