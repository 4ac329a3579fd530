import asyncio
import uuid

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace import TracerProvider

from spanglass.sdk.context import NOTHING, CallContext, ContextSpanProcessor, context, current

_text = st.none() | st.text(min_size=1, max_size=3)


def test_inner_contexts_inherit_what_they_do_not_say() -> None:
    """What is given holds inside, the rest is inherited, and everything is as before after."""
    with context(user_id="u", feature="search"):
        with context(session_id="s", feature="chat"):
            assert current() == CallContext("u", "s", "chat")
        assert current() == CallContext("u", None, "search")
    assert current() is NOTHING


def test_a_new_prompt_does_not_take_the_version_of_another() -> None:
    """A version belongs to the prompt it was given with; a version alone is of the prompt around."""
    with context(prompt_name="one", prompt_version="1"):
        with context(prompt_name="two"):
            assert current()[3:] == ("two", None)
        with context(prompt_version="2"):
            assert current()[3:] == ("one", "2")


@given(st.tuples(_text, _text, _text, _text, _text), st.tuples(_text, _text, _text, _text, _text))
def test_nesting_is_the_inner_over_the_outer(outer: tuple[str | None, ...], inner: tuple[str | None, ...]) -> None:
    """For any two contexts the inner wins where it says something; leaving restores exactly."""
    with context(**CallContext(*outer)._asdict()):
        before = current()
        with context(**CallContext(*inner)._asdict()):
            found = current()
            assert found[:4] == tuple(new or old for new, old in zip(inner[:4], outer[:4], strict=True))
        assert current() == before


def test_ids_that_are_no_text_become_text_and_empty_ones_are_unknown() -> None:
    """A number or a UUID is accepted where a text is asked for; an empty text says nothing."""
    number = uuid.UUID(int=7)
    with context(user_id=number, session_id=5, feature=""):  # type: ignore[arg-type] # what applications do
        assert current() == CallContext(str(number), "5")


def test_an_id_that_cannot_be_text_harms_nobody() -> None:
    """A value whose own conversion fails is a fault of telemetry, not of the application."""

    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    with context(user_id=Odd()):  # type: ignore[arg-type] # on purpose
        assert current() is NOTHING


def test_tasks_keep_their_own() -> None:
    """Concurrent tasks see the context they were started in, and their changes stay theirs."""

    async def answer(user: str) -> CallContext:
        async with context(user_id=user):
            await asyncio.sleep(0)
            return current()

    async def both() -> list[CallContext]:
        with context(feature="chat"):
            return list(await asyncio.gather(answer("a"), answer("b")))

    assert asyncio.run(both()) == [CallContext("a", None, "chat"), CallContext("b", None, "chat")]
    assert current() is NOTHING


def test_spans_carry_it_and_their_own_attributes_win() -> None:
    """Every span started inside has what is known; what it was started with stays."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(ContextSpanProcessor())
    tracer = provider.get_tracer("test")
    with context(user_id="u", prompt_name="p"):
        span = tracer.start_span("one", attributes={"user.id": "mine"})
        detached = tracer.start_span("two", context=baggage.clear())
    outside = tracer.start_span("three")
    found = [dict(each.attributes or {}) for each in (span, detached, outside) if hasattr(each, "attributes")]
    assert found == [
        {"user.id": "mine", "gen_ai.prompt.name": "p"},
        {"user.id": "u", "gen_ai.prompt.name": "p"},
        {},
    ]


def test_it_lives_in_the_opentelemetry_context() -> None:
    """Whatever carries an OpenTelemetry context carries it too."""
    with context(user_id="u"):
        carried = baggage.set_baggage("k", "v")
    token = attach(carried)
    assert current() == CallContext("u")
    detach(token)
