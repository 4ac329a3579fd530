"""Answers in the words of OpenAI's embeddings; vectors are drawn from the text, so equal texts are equal vectors."""

from __future__ import annotations

import base64
import math
from array import array
from collections.abc import Mapping
from random import Random

from spanglass.standin import tokens
from spanglass.standin.ask import BadRequest, model_of

_DIMENSIONS = {"text-embedding-3-large": 3072}
_DEFAULT_DIMENSIONS = 1536


def whole(body: Mapping[str, object]) -> dict[str, object]:
    """Return the answer to a request to /v1/embeddings.

    Raises:
        BadRequest: The model or the input is missing.
    """
    model = model_of(body)
    texts = _texts(body.get("input"))
    wanted = body.get("dimensions")
    dimensions = wanted if isinstance(wanted, int) and wanted > 0 else _DIMENSIONS.get(model, _DEFAULT_DIMENSIONS)
    encode = _base64 if body.get("encoding_format") == "base64" else list
    used = sum(tokens.count(text) for text in texts)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": encode(_vector(text, dimensions))}
            for index, text in enumerate(texts)
        ],
        "model": model,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def _texts(given: object) -> list[str]:
    """Read the input: a text, texts, token numbers, or lists of them; a token number counts as one short word."""
    if isinstance(given, str) and given:
        return [given]
    if isinstance(given, list) and given:
        if all(isinstance(item, int) for item in given):
            return [" a" * len(given)]
        return [item if isinstance(item, str) else " a" * len(item) for item in given if isinstance(item, str | list)]
    raise BadRequest("Missing required parameter: 'input'.", param="input")


def _vector(text: str, dimensions: int) -> array[float]:
    raw = array("h", Random(text.encode(errors="replace")).randbytes(2 * dimensions))  # noqa: S311 - chance, not secrets
    length = math.sqrt(sum(value * value for value in raw)) or 1.0
    return array("f", (value / length for value in raw))


def _base64(vector: array[float]) -> str:
    return base64.b64encode(vector.tobytes()).decode()
