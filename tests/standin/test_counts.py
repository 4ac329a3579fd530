from random import Random

from hypothesis import given
from hypothesis import strategies as st

from spanglass.standin.ask import from_chat
from spanglass.standin.counts import counted
from spanglass.standin.reply import decide
from spanglass.standin.scenario import Scenario

CONTENT = st.one_of(
    st.text(max_size=400),
    st.lists(
        st.one_of(
            st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=50)),
            st.just({"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}}),
            st.builds(lambda data: {"type": "input_audio", "input_audio": {"data": data}}, st.text(max_size=5_000)),
        ),
        max_size=3,
    ),
)


@given(CONTENT, st.sets(st.sampled_from(Scenario)), st.integers(1, 4), st.one_of(st.none(), st.text(max_size=60)))
def test_no_sub_count_exceeds_its_total(
    content: object, chosen: set[Scenario], choices: int, prediction: str | None
) -> None:
    """Whatever is asked, sub-counts fit into their totals, and what was read and written to the cache fit together."""
    body: dict[str, object] = {"model": "gpt-5.2", "messages": [{"role": "user", "content": content}], "n": choices}
    if prediction is not None:
        body["prediction"] = {"type": "content", "content": prediction}
    ask, scenarios = from_chat(body), dict.fromkeys(chosen)
    replies = tuple(decide(ask, scenarios, replies=None, random=Random(1)) for _ in range(choices))

    counts = counted(ask, replies, scenarios)

    assert counts.cached + counts.cache_write <= counts.prompt
    assert counts.audio_in + counts.image_in <= counts.prompt
    assert counts.reasoning + counts.audio_out + counts.rejected <= counts.completion
    assert min(counts.cached, counts.cache_write, counts.accepted, counts.rejected) >= 0
    assert counts.total == counts.prompt + counts.completion
