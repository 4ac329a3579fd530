import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, set_span_in_context

from spanglass.sdk.propagation.destination import QUEUE, Allowed, named_host

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


@pytest.mark.parametrize(
    ("kind", "attributes", "host"),
    [
        (SpanKind.CLIENT, {"url.full": "https://Api.Example.com:8443/x?y"}, "api.example.com"),
        (SpanKind.CLIENT, {"http.url": "http://[::1]:80/"}, "::1"),
        (SpanKind.CLIENT, {"server.address": "Shop"}, "shop"),
        (SpanKind.CLIENT, {"url.full": "http://[bad"}, None),
        (SpanKind.CLIENT, {}, None),
        (SpanKind.PRODUCER, {}, QUEUE),
        (SpanKind.SERVER, {"url.full": "http://here/"}, None),
    ],
)
def test_a_span_says_where_it_sends_to(kind: SpanKind, attributes: dict[str, str], host: str | None) -> None:
    """By the conventions' names, stable and before; a message goes to a queue; everything else is unknown."""
    span = TRACER.start_span("one", kind=kind, attributes=attributes)
    assert named_host(set_span_in_context(span)) == host


def test_an_unrecorded_span_says_nothing() -> None:
    """Where a trace is not sampled, the destination is unknown."""
    assert named_host(set_span_in_context(NonRecordingSpan(SpanContext(1, 1, is_remote=False)))) is None


@pytest.mark.parametrize(
    ("names", "inside", "outside"),
    [
        (
            ["internal"],
            ["localhost", "shop", "shop.svc", "a.b.internal", "10.1.2.3", "127.0.0.1", "::1", QUEUE],
            ["example.com", "8.8.8.8", "api.openai.com", "2001:4860:4860::8888", "1.2.3", "a:b"],
        ),
        (
            [".Example.com", "api.other.org"],
            ["a.example.com", "api.other.org", QUEUE],
            ["example.com", "localhost", "other.org"],
        ),
        (["all"], ["example.com", "localhost"], []),
        (["none"], [QUEUE], ["none", "localhost"]),
        ([], [QUEUE], ["localhost"]),
    ],
)
def test_hosts_are_allowed_as_listed(names: list[str], inside: list[str], outside: list[str]) -> None:
    """Each form of a name allows what it says and nothing else."""
    allowed = Allowed(names)
    assert [host for host in inside if not allowed.has(host)] == []
    assert [host for host in outside if allowed.has(host)] == []
