import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, Tracer, set_span_in_context

from spanglass.sdk.context import NOTHING, CallContext, context, current, told
from spanglass.sdk.propagation.baggage import ContextBaggagePropagator, leaving
from spanglass.sdk.propagation.destination import Allowed

RECORDED = TracerProvider(shutdown_on_exit=False).get_tracer("test")
UNSAMPLED = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False).get_tracer("test")
OURS = ContextBaggagePropagator(Allowed(["internal"]))
EVERYTHING = "user.id=u,session.id=s,spanglass.feature=f,gen_ai.prompt.name=p,gen_ai.prompt.version=2,app=1"
IMPERSONAL = "spanglass.feature=f,gen_ai.prompt.name=p,gen_ai.prompt.version=2,app=1"


def sent(kind: SpanKind, url: str, tracer: Tracer = RECORDED) -> str | None:
    """What a request or message carries while everything is known and the application has baggage of its own."""
    carrier: dict[str, str] = {}
    known = CallContext("u", "s", "f", "p", "2")
    with context(**known._asdict()), tracer.start_as_current_span("x", kind=kind, attributes={"url.full": url}):
        OURS.inject(carrier, baggage.set_baggage("app", "1"))
    return carrier.get("baggage")


@pytest.mark.parametrize(
    ("kind", "url", "tracer", "carried"),
    [
        (SpanKind.CLIENT, "http://shop/x", RECORDED, EVERYTHING),
        (SpanKind.CLIENT, "http://10.0.0.1/x", RECORDED, EVERYTHING),
        (SpanKind.PRODUCER, "", RECORDED, EVERYTHING),
        (SpanKind.CLIENT, "https://api.example.com/x", RECORDED, "app=1"),
        (SpanKind.CLIENT, "http://shop/x", UNSAMPLED, IMPERSONAL),
        (SpanKind.INTERNAL, "", RECORDED, IMPERSONAL),
    ],
)
def test_who_it_is_for_goes_to_places_of_ones_own(kind: SpanKind, url: str, tracer: Tracer, carried: str) -> None:
    """Inside the house everything travels, to others nothing of it, to who knows whom no person."""
    assert sent(kind, url, tracer) == carried


def test_what_came_in_is_not_passed_on_to_others() -> None:
    """A user that arrived as baggage leaves to foreign hosts no more than one that was set here."""
    arrived = OURS.extract({"baggage": "user.id=u,app=1"}, Context())
    carrier: dict[str, str] = {}
    attributes = {"url.full": "https://api.example.com/"}
    span = RECORDED.start_span("x", arrived, kind=SpanKind.CLIENT, attributes=attributes)
    OURS.inject(carrier, set_span_in_context(span, arrived))
    assert carrier == {"baggage": "app=1"}


def test_what_the_application_sets_as_baggage_itself_is_sent_as_ever() -> None:
    """An entry of one of our names that spanglass does not know is the application's, and goes where it always went."""
    carrier: dict[str, str] = {}
    attributes = {"url.full": "https://api.example.com/"}
    with context(feature="f"), RECORDED.start_as_current_span("x", kind=SpanKind.CLIENT, attributes=attributes):
        OURS.inject(carrier, baggage.set_baggage("user.id", "theirs"))
    assert carrier == {"baggage": "user.id=theirs"}


def test_what_arrives_is_known_and_the_application_s_own_baggage_stays() -> None:
    """Our keys become the context of the work; the others are OpenTelemetry's as before."""
    found = OURS.extract({"baggage": "user.id=%C3%BC%20x,app=1,session.id=" + "s" * 300}, Context())
    assert current(found) == CallContext("ü x")
    assert baggage.get_baggage("app", found) == "1"


def test_what_cannot_be_an_id_is_not_believed() -> None:
    """Unprintable, empty and overlong values change nothing."""
    found = OURS.extract({"baggage": f"user.id=a%0Ab,session.id=,spanglass.feature={'x' * 257}"}, Context())
    assert current(found) is NOTHING


_entries = st.dictionaries(
    st.text("abcdefghijk", min_size=1, max_size=3),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).filter(
        lambda text: text.strip() == text
    ),
    max_size=5,
)


@given(_entries)
def test_opentelemetry_reads_what_we_write(entries: dict[str, str]) -> None:
    """The application's own baggage arrives at a service without spanglass as it was set."""
    source = Context()
    for name, value in entries.items():
        source = baggage.set_baggage(name, value, source)
    carrier: dict[str, str] = {}
    OURS.inject(carrier, source)
    assert dict(baggage.get_all(W3CBaggagePropagator().extract(carrier, Context()))) == entries


def test_the_header_stays_within_the_limits_of_the_standard() -> None:
    """Entries of more than 4,096 bytes, beyond 180 in number or 8,192 bytes in all are left out."""
    source = Context()
    for number in range(300):
        source = baggage.set_baggage(f"k{number}", "v" * 20, source)
    source = baggage.set_baggage("long", "v" * 5_000, source)
    carrier: dict[str, str] = {}
    OURS.inject(carrier, source)
    assert len(carrier["baggage"]) <= 8_192
    assert carrier["baggage"].count(",") == 179
    assert "long" not in carrier["baggage"]


def test_a_deliberate_injection_carries_everything() -> None:
    """With `leaving` the destination is the caller's choice; the application's own entries do not crowd ours out."""
    carrier: dict[str, str] = {}
    attributes = {"url.full": "https://api.example.com/"}
    own = Context()
    for number in range(3):
        own = baggage.set_baggage(f"k{number}", "v" * 3_000, own)
    with context(user_id="u"), RECORDED.start_as_current_span("x", kind=SpanKind.CLIENT, attributes=attributes):
        OURS.inject(carrier, leaving(told(current(), own)))
    assert carrier["baggage"].startswith("user.id=u,k0=")
    assert len(carrier["baggage"]) <= 8_192


def test_what_was_replaced_since_is_not_passed_on() -> None:
    """A prompt that came in with a version, and was replaced by one without, leaves without a version."""
    arrived = OURS.extract({"baggage": "gen_ai.prompt.name=old,gen_ai.prompt.version=1,app=1"}, Context())
    known = told(CallContext(prompt_name="new"), arrived)
    for header in ({}, {"baggage": "left=over"}):
        OURS.inject(header, leaving(known))
        assert header == {"baggage": "gen_ai.prompt.name=new,app=1"}
    undecided: dict[str, str] = {}
    OURS.inject(undecided, known)
    assert undecided == {"baggage": "gen_ai.prompt.name=new,app=1"}
