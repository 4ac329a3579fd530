import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.call import Request, Response, Usage
from spanglass.wire.meter import Meter
from spanglass.wire.openai_embeddings import EMBEDDINGS
from spanglass.wire.recognise import Recognised

CALL = Recognised("openai", EMBEDDINGS, known=True)


def body(vectors: list[object], *, spaced: bool) -> bytes:
    rows = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    document = {"object": "list", "data": rows, "model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}}
    return json.dumps(document, indent=1 if spaced else None).encode()


@given(
    st.lists(st.lists(st.floats(-1, 1), max_size=4) | st.text("Aa+/=", max_size=8), max_size=4),
    st.booleans(),
    st.integers(1, 60),
)
def test_usage_is_read_whatever_the_vectors_and_the_split(vectors: list[object], spaced: bool, step: int) -> None:  # noqa: FBT001 - drawn
    """Vectors as numbers or base64 are cut away; half a body says nothing, the whole says the usage."""
    data = body(vectors, spaced=spaced)
    meter = Meter(CALL, started_ns=0, status=200, content_type="application/json", content_encoding=None)
    for place in range(0, len(data), step):
        assert meter.response() == Response()
        assert not meter.complete
        meter.feed(data[place : place + step], place)
    assert meter.response() == Response(model="m", usage=Usage(input_tokens=5), complete=True)


def test_vectors_are_not_held() -> None:
    """Of 20 MB of vectors only what surrounds them is kept."""
    data = body([[0.123456789] * 3_000] * 500, spaced=False)
    meter = Meter(CALL, started_ns=0, status=200, content_type="application/json", content_encoding=None)
    held = 0
    for place in range(0, len(data), 65_536):
        meter.feed(data[place : place + 65_536], place)
        held = max(held, len(meter._body or b""))
    assert len(data) > 18_000_000
    assert held < 300_000
    assert meter.response().usage == Usage(input_tokens=5)


@pytest.mark.parametrize(
    ("given_input", "length"),
    [("abcd", 4), (["ab", "cde"], 5), ([1, 2, 3], None), ([[1], [2]], None), ([], 0)],
)
def test_a_request_is_read(given_input: object, length: int | None) -> None:
    """Model, dimensions and encoding; token ids have no length in characters."""
    asked = {"model": "m", "input": given_input, "dimensions": 256, "encoding_format": "base64"}
    assert CALL.request(json.dumps(asked).encode()) == Request(
        provider="openai",
        operation="embeddings",
        api="embeddings",
        model="m",
        dimensions=256,
        encoding_formats=("base64",),
        input_length=length,
    )
