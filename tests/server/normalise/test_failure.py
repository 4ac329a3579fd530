"""What went wrong is said in one line, and failures of one cause share a group whatever differs between them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from records import T0, span
from spanglass.semconv import attributes as attr
from spanglass.server.normalise.facts import normalise
from spanglass.server.normalise.failure import MOST, grouped, plain
from spanglass.server.record import Attributes, Event, Span, Status, StoredSpan

PROVIDER_SAID = "Rate limit reached for gpt-4o in organization org-a1 on tokens per min (TPM): Limit 30000, Used 29999."
CLIENT_SAID = (
    "Error code: 429 - {'error': {'message': '" + PROVIDER_SAID + "', 'type': 'tokens', 'param': None, 'code': 'x'}}"
)


def of(attributes: Attributes, **more: Any) -> Span:  # noqa: ANN401 - fields of a span
    """Return a span that says no more than it is told to."""
    made: Span = replace(span(attributes=attributes).span, **more)
    return made


def failing(message: str | None, attributes: Attributes | None = None, **more: Any) -> Span:  # noqa: ANN401 - fields of a span
    return of(attributes or {}, status=Status.ERROR, status_message=message, **more)


def group(message: str | None, attributes: Attributes | None = None) -> str | None:
    return normalise(failing(message, attributes)).error_group


def test_a_span_that_worked_has_no_failure() -> None:
    """Neither a name of an error on a plain span nor a message of a status that is no error tells of a failure."""
    worked = of({"error.message": "no"}, status=Status.OK, status_message="fine")

    assert (normalise(worked).error_message, normalise(worked).error_group) == (None, None)
    assert normalise(of({"error.type": "404"})).error_group is None


@pytest.mark.parametrize("operation", ["chat", "execute_tool", "invoke_agent", "retrieval"])
def test_work_that_names_its_error_failed(operation: str) -> None:
    """Some producers leave the status of a call, a tool, an agent or a retrieval unset where they name an error."""
    facts = normalise(of({"gen_ai.operation.name": operation, "error.type": "tool_error", "error.message": "no"}))

    assert facts.error_message == "no"
    assert facts.error_group is not None


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (failing("status", {attr.ERROR_MESSAGE: "the provider's"}), "the provider's"),
        (failing("\n  first \nsecond"), "first"),
        (failing(None, events=(Event("exception", T0, {"exception.message": "boom\nat x"}),)), "boom"),
        (failing("", {"error.message": "of an attribute"}), "of an attribute"),
        (failing(None, {"langfuse.observation.status_message": "too long"}), "too long"),
        (failing(None), None),
        (failing("x" * 9000), "x" * MOST),
        (failing("\n" * 9000 + "late"), None),
        (failing(None, {attr.ERROR_MESSAGE: 7}), None),
    ],
)
def test_the_message_is_the_first_line_of_who_knows_best(sent: Span, message: str | None) -> None:
    """The provider's words come before the status's, those before the exception's; long ones are cut."""
    assert normalise(sent).error_message == message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Timeout after 30.5 s", "Timeout after 7 s"),
        ("Request req_01AbC failed", "Request req_9Zz failed"),
        ("no user 123e4567-e89b-12d3-a456-426614174000", "no user 00000000-e89b-12d3-a456-426614174001"),
        ("object at 0x7f3a21bc", "object at 0x10"),
        ("cannot open /var/lib/a/b.txt", "cannot open /tmp/c.csv"),
        ("cannot open C:\\data\\b.txt", "cannot open D:\\x\\y\\c.csv"),
        ("GET https://a.example/v1?x=1 failed", "GET http://b.example:80/ failed"),
        ("no such column 'price'", "no such column 'name of it'"),
        ('unknown tool "a"', 'unknown tool "it\'s b"'),
        ("unknown tool `a`", "unknown tool `b c`"),
        ("mail to ann@example.com bounced", "mail to bob.b@mail.example.org bounced"),
        ("ValueError: boom", "boom"),
        ("httpx2.ConnectError: [Errno 111] refused", "ConnectError: [Errno 104] refused"),
        ("It  is\tLATE", "it is late"),
        (CLIENT_SAID, PROVIDER_SAID),
        (f"RateLimitError: {CLIENT_SAID}", PROVIDER_SAID.replace("29999", "30001").replace("org-a1", "org-b22")),
        ('400 {"error": {"message": "too \\"long\\" by 5"}}', '400 {"error": {"message": "too \\"short\\" by 6"}}'),
    ],
)
def test_what_differs_each_time_makes_no_group(one: str, other: str) -> None:
    """Numbers, ids, paths, addresses, quoted text and the class before a message say nothing of the cause."""
    assert group(one) == group(other)


def test_what_tells_causes_apart_makes_groups() -> None:
    """Another type, another provider or scope, other words are another cause."""
    said = [
        group("it broke"),
        group("it failed"),
        group("it broke", {"error.type": "ValueError"}),
        group("it broke", {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}),
        group("it broke", {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic"}),
        group("can't find the user's 'thing'"),
        group("can't find the team's 'thing'"),
    ]

    assert len(set(said)) == len(said)


def test_a_failure_that_says_nothing_goes_by_its_span() -> None:
    """Spans that only have the status of an error are grouped by what they do."""
    assert normalise(failing(None, name="read 7")).error_group == normalise(failing(None, name="read 8")).error_group
    assert normalise(failing(None, name="read")).error_group != normalise(failing(None, name="write")).error_group


_variables = [
    st.integers(0).map(str),
    st.uuids().map(str),
    st.integers(2**40).map(hex),
    st.from_regex(r"'[a-z ,.]{0,20}'", fullmatch=True),
    st.from_regex(r"https?://[a-z]{1,9}\.example(/[a-z]{1,5}){0,3}", fullmatch=True),
    st.from_regex(r"(/[a-z_]{1,9}){2,5}", fullmatch=True),
    st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.example", fullmatch=True),
]
_words = st.lists(
    st.sampled_from(
        ["cannot", "find", "the", "user", "of", "a", "shop,", "don't", "try:", "it", "(still)", "fails;", "why"]
    ),
    min_size=1,
)


@given(_words, _words, st.data())
def test_groups_do_not_depend_on_what_varies(before: list[str], after: list[str], data: st.DataObject) -> None:
    """Whatever number, id, path, address or quoted text stands in a message, its group is the same for the kind."""
    kind = data.draw(st.sampled_from(_variables))
    one, other = data.draw(kind), data.draw(kind)

    assert group(" ".join([*before, one, *after])) == group(" ".join([*before, other, *after]))


@given(st.text(max_size=2000), st.sampled_from(["'", '"', "/", "a@", "1", "-", "\\", "'message': '", "x.", "://"]))
def test_any_message_is_borne(text: str, repeated: str) -> None:
    """Whatever comes as a message, also many times over, there is one line of at most 500 characters and a group."""
    for said in (text, repeated * 700):
        facts = normalise(failing(said, {"error.type": said}))
        assert facts.error_group is not None
        assert len(facts.error_group) == 16
        assert set(facts.error_group) <= set("0123456789abcdef")
        assert facts.error_message is None or (len(facts.error_message) <= MOST and "\n" not in facts.error_message)


def told(number: int, parent: int | None, message: str, error_type: str | None = None, *, trace: int = 1) -> StoredSpan:
    said = {attr.ERROR_MESSAGE: message, attr.ERROR_TYPE: error_type}
    made = span(trace, number, parent, status=Status.ERROR, attributes=said)
    return StoredSpan(made.span, normalise(made.span))


def test_a_parent_that_repeats_its_child_shares_its_group() -> None:
    """An error that comes up through tool, agent and request is one cause: the one of the deepest span."""
    call = told(4, 3, PROVIDER_SAID, "rate_limit_exceeded")
    tool = told(3, 2, CLIENT_SAID, "RateLimitError")
    agent = told(2, 1, f"openai.RateLimitError: {CLIENT_SAID}", "AgentError")
    request = told(1, None, f"the answer failed: {PROVIDER_SAID}", "500")
    worked = span(1, 9, 1)

    found = grouped([request, agent, worked, tool, call])

    assert [one.facts.error_group for one in found] == [
        *(call.facts.error_group, call.facts.error_group, None, call.facts.error_group, call.facts.error_group)
    ]
    assert found[0].facts.error_message == request.facts.error_message


def test_errors_of_their_own_keep_their_group() -> None:
    """A parent that says something else, a message too short to be known again, another trace: no repetition."""
    child = told(2, 1, "out of memory")

    assert grouped([told(1, None, "the answer failed"), child])[0].facts.error_group != child.facts.error_group
    assert grouped([told(1, None, "we said no"), short := told(2, 1, "no")])[0].facts.error_group != (
        short.facts.error_group
    )
    one = told(1, None, "out of memory", "E")
    assert grouped([one, told(2, 1, "out of memory", trace=2)])[0] is one


def test_failures_in_a_circle_come_to_an_end() -> None:
    """Parents are what strangers send."""
    spans = [told(1, 2, "out of memory", "E"), told(2, 1, "out of memory"), told(3, 3, "out of memory")]

    assert len(grouped(spans)) == 3


def test_a_message_is_plain_once() -> None:
    """What is compared has nothing left that varies."""
    assert plain(CLIENT_SAID) == (
        "rate limit reached for <id> in organization <id> on tokens per min (tpm): limit <id>, used <id>."
    )
