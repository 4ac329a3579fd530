from hypothesis import given
from hypothesis import strategies as st

from spanglass.sdk.context import NOTHING, CallContext
from spanglass.sdk.labels import OTHER, Labels


@given(st.lists(st.text(min_size=1), max_size=30), st.integers(min_value=1, max_value=5))
def test_a_label_has_at_most_its_limit_of_values_and_one(features: list[str], limit: int) -> None:
    """The first values are kept for ever, all later ones are `other`."""
    labels = Labels(limit)
    for _ in range(2):
        seen = [labels.of(CallContext(feature=feature))["spanglass.feature"] for feature in features]
        kept = list(dict.fromkeys(features))[:limit]
        assert seen == [feature if feature in kept else OTHER for feature in features]


def test_only_what_may_be_a_label_becomes_one() -> None:
    """Feature, prompt name and version do; user and session never; what is unknown is absent."""
    assert dict(Labels(9).of(CallContext("u", "s", "f", "p", "1"))) == {
        "spanglass.feature": "f",
        "gen_ai.prompt.name": "p",
        "gen_ai.prompt.version": "1",
    }
    assert dict(Labels(9).of(CallContext("u", "s"))) == {}
    assert dict(Labels(9).of(NOTHING)) == {}


def test_labels_do_not_share_their_limit() -> None:
    """Many features leave room for prompts."""
    labels = Labels(1)
    labels.of(CallContext(feature="one"))
    assert dict(labels.of(CallContext(feature="two", prompt_name="p"))) == {
        "spanglass.feature": OTHER,
        "gen_ai.prompt.name": "p",
    }


def test_memory_stays_bounded() -> None:
    """Endlessly many values leave nothing behind but the limit and a bounded cache."""
    labels = Labels(10)
    for number in range(20_000):
        labels.of(CallContext(feature=str(number)))
    assert len(labels._values["spanglass.feature"]) == 10
    assert len(labels._sets) <= 1024
