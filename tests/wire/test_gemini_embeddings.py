import json

import pytest

from spanglass.call import Request, Response, Usage
from spanglass.wire.gemini_embeddings import BATCH_EMBED_CONTENTS, EMBED_CONTENT, PREDICT, EmbedContent
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised


def asked(codec: EmbedContent, body: object) -> Request | None:
    return Recognised("gcp.gemini", codec, known=False, model="m").request(json.dumps(body).encode())


def answered(codec: EmbedContent, document: object, *, step: int = 1 << 20, status: int = 200) -> Response:
    call = Recognised("gcp.gemini", codec, known=True, model="m")
    meter = Meter(call, started_ns=0, status=status, content_type="application/json", content_encoding=None)
    body = json.dumps(document, indent=2).encode()
    for at in range(0, len(body), step):
        meter.feed(body[at : at + step], at)
    assert meter.complete
    return meter.response()


CONTENT = {"parts": [{"text": "Hello"}, {"text": "!"}]}


@pytest.mark.parametrize(
    ("codec", "body", "dimensions", "length"),
    [
        (EMBED_CONTENT, {"content": CONTENT, "outputDimensionality": 768}, 768, 6),
        (EMBED_CONTENT, {"content": CONTENT, "embedContentConfig": {"outputDimensionality": 64}}, 64, 6),
        (
            BATCH_EMBED_CONTENTS,
            {"requests": [{"content": CONTENT, "output_dimensionality": 8}, {"content": CONTENT}]},
            8,
            12,
        ),
        (PREDICT, {"instances": [{"content": "Hello"}], "parameters": {"outputDimensionality": 9}}, 9, 5),
    ],
)
def test_what_is_to_be_embedded(codec: EmbedContent, body: object, dimensions: int, length: int) -> None:
    """Texts are measured wherever the interface has them."""
    request = asked(codec, body)
    assert request is not None
    assert (request.operation, request.api, request.model) == ("embeddings", codec.api, "m")
    assert (request.dimensions, request.input_length) == (dimensions, length)


@pytest.mark.parametrize("codec", [EMBED_CONTENT, BATCH_EMBED_CONTENTS, PREDICT])
@pytest.mark.parametrize("body", [{}, 3, {"content": 3}, {"requests": [{}]}, {"instances": [{"prompt": "a cat"}]}])
def test_other_bodies_are_no_embeddings(codec: EmbedContent, body: object) -> None:
    """Nothing to embed, no call."""
    assert asked(codec, body) is None


@pytest.mark.parametrize("step", [1 << 20, 5000])
def test_usage_where_it_is_said(step: int) -> None:
    """In usage metadata or, by `predict`, beside each vector; the vectors are not held."""
    vector = [0.001234] * 20_000
    said = {"embedding": {"values": vector}, "usageMetadata": {"promptTokenCount": 7}}
    assert answered(EMBED_CONTENT, said, step=step).usage == Usage(7)
    predictions = [
        {"embeddings": {"values": vector, "statistics": {"truncated": False, "token_count": tokens}}}
        for tokens in (4, 5)
    ]
    assert answered(PREDICT, {"predictions": predictions}, step=step).usage == Usage(9)
    silent = answered(BATCH_EMBED_CONTENTS, {"embeddings": [{"values": vector}]}, step=step)
    assert (silent.usage, silent.complete, silent.finish_reasons) == (None, True, ())
    del predictions[0]["embeddings"]["statistics"]
    assert answered(PREDICT, {"predictions": predictions}).usage is None


def test_vectors_are_cut_away() -> None:
    """Of a body only what says something stays."""
    body = bytearray(json.dumps({"embeddings": [{"values": [0.5, -1e-3]}, {"values": []}], "a": 1}, indent=1).encode())
    EMBED_CONTENT.condense(body)
    assert json.loads(body) == {"embeddings": [{"values": 0}, {"values": 0}], "a": 1}


def test_error() -> None:
    """Google's status and message."""
    error = {"error": {"code": 400, "message": "No content", "status": "INVALID_ARGUMENT"}}
    told = answered(EMBED_CONTENT, error, status=400)
    assert (told.error_type, told.error_message, told.usage) == ("INVALID_ARGUMENT", "No content", None)
