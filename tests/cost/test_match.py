import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost import peer
from spanglass.cost.match import is_match, model_names, table_provider
from spanglass.cost.table import PriceTable


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("aws.bedrock", "aws"),
        ("azure.ai.inference", "azure"),
        ("azure.ai.openai", "azure"),
        ("az.ai.openai", "azure"),
        ("cohere", "cohere"),
        ("deepseek", "deepseek"),
        ("gcp.gemini", "google"),
        ("gcp.gen_ai", "google"),
        ("gcp.vertex_ai", "google"),
        ("groq", "groq"),
        ("mistral_ai", "mistral"),
        ("moonshot_ai", "moonshotai"),
        ("perplexity", "perplexity"),
        ("x_ai", "x-ai"),
        ("xai", "x-ai"),
        ("vertex-ai", "google"),
        (" OpenAI ", "openai"),
    ],
)
def test_each_known_provider_has_its_part_of_the_table(name: str, provider: str) -> None:
    """A provider, as the conventions or another dialect name it, is found in the table."""
    assert table_provider(name) == provider
    assert provider in PriceTable.builtin().providers()


@pytest.mark.parametrize("name", ["ollama", "ibm.watsonx.ai", "_OTHER", "my-openai-proxy"])
def test_no_provider_is_taken_for_another(name: str) -> None:
    """A name that merely contains a provider's is not that provider."""
    assert table_provider(name) not in PriceTable.builtin().providers()


@pytest.mark.parametrize(
    ("provider", "model", "row"),
    [
        ("openai", "openai/gpt-4o", "openai/gpt-4o"),
        ("openai", "GPT-4o", "openai/gpt-4o"),
        ("openai", "gpt-5.2-20251211", "openai/gpt-5.2"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", "openai/ft:gpt-4o-mini"),
        ("gcp.gemini", "models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("gcp.gemini", "gemini/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("gcp.vertex_ai", "projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("gcp.vertex_ai", "claude-sonnet-4-6@20260218", "google/claude-sonnet-4-6"),
        ("azure.ai.openai", "gpt-4o", "openai/gpt-4o"),
        ("azure.ai.openai", "azure/gpt-4o", "openai/gpt-4o"),
        ("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o"),
        ("openrouter", "openrouter/openai/gpt-4o", "openrouter/openai/gpt-4o"),
        ("groq", "groq/openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ("openai", "anthropic/claude-haiku-4-5", None),
        ("anthropic", "openai/gpt-4o", None),
        (
            "aws.bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "aws/regional.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            "aws.bedrock",
            "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0",
            "aws/regional.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        ("aws.bedrock", "global.anthropic.claude-sonnet-4-6-v1:0", "aws/global.anthropic.claude-sonnet-4-6-v1:0"),
    ],
)
def test_names_find_their_row(provider: str, model: str, row: str | None) -> None:
    """Prefixes that name the seller are taken off; regions and fine-tuning stay; another's model is nobody's."""
    found = PriceTable.builtin().find(provider, [model])

    assert (found and found.price_id) == row


@pytest.mark.parametrize("prefix", ["models/", "publishers/google/models/", "gemini/", "vertex_ai/", "google/"])
def test_a_google_prefix_changes_no_model(prefix: str) -> None:
    """Every Gemini is the same model with a prefix as without."""
    table = PriceTable.builtin()
    for model in peer.PROVIDERS["google"].models:
        for name in peer.spellings(model):
            bare, prefixed = table.find("google", [name]), table.find("google", [prefix + name])
            assert (bare and bare.id) == (prefixed and prefixed.id)


@given(st.text(), st.sets(st.sampled_from(["openai", "google", ""])))
def test_any_text_is_a_name(model: str, sellers: set[str]) -> None:
    """Names are lower case, never empty and all made from the text that was given."""
    for name in model_names(model, sellers):
        assert name
        assert name == name.lower()


def test_patterns_match_as_documented() -> None:
    """A text is a whole name, a star an open end; objects hold what texts cannot say."""
    assert is_match("gpt-4o", "gpt-4o")
    assert not is_match("gpt-4o", "gpt-4o-mini")
    assert is_match("gpt-4o*", "gpt-4o-mini")
    assert is_match("*-mini", "gpt-4o-mini")
    assert is_match("*4o*", "gpt-4o-mini")
    assert not is_match("*4o", "gpt-4o-mini")
    assert is_match({"regex": r"^gpt-\d"}, "gpt-4o")
    assert is_match({"all": ["gpt-*", {"regex": "o$"}]}, "gpt-4o")
    assert not is_match({"all": ["gpt-*", "o1*"]}, "gpt-4o")
    assert is_match(["o1", "gpt-4o"], "gpt-4o")
    assert not is_match([], "gpt-4o")
