import math

import openai
import pytest

from spanglass.standin import tokens


def test_vectors_are_unit_length_and_follow_the_text(client: openai.OpenAI) -> None:
    """Equal texts give equal vectors of length one; usage counts all texts."""
    texts = ["a window seat", "an aisle seat", "a window seat"]
    answer = client.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=64)
    first, second, third = (item.embedding for item in answer.data)
    assert first == third != second
    assert math.isclose(sum(value * value for value in first), 1.0, rel_tol=1e-3)
    assert answer.usage.prompt_tokens == sum(map(tokens.count, texts))


@pytest.mark.parametrize(("model", "size"), [("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072)])
def test_sizes_are_the_models(client: openai.OpenAI, model: str, size: int) -> None:
    """Without a wish the vector has the model's own size, whatever the encoding."""
    plain = client.embeddings.create(model=model, input="hello", encoding_format="float")
    packed = client.embeddings.create(model=model, input="hello")
    assert len(plain.data[0].embedding) == len(packed.data[0].embedding) == size


def test_token_numbers_are_counted(client: openai.OpenAI) -> None:
    """Input given as token numbers counts one token each."""
    answer = client.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3], [4]], dimensions=8)
    assert answer.usage.prompt_tokens == 4


def test_missing_input_is_named(client: openai.OpenAI) -> None:
    """Without input the provider names the parameter."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="text-embedding-3-small", input="")
    assert caught.value.param == "input"
