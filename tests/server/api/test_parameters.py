"""Parameters of the API: what is read, and what is said about what cannot be."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.errors import QueryError
from spanglass.server.api.parameters import FILTERS, FROM, LIMIT, STEP, TO, Asked, read_time
from spanglass.server.api.table import ENDPOINTS
from spanglass.server.query.filters import Filters

ALL = (FROM, TO, LIMIT, STEP, *FILTERS)
SECOND = 1_000_000_000


def test_nothing_asked_is_the_last_hour() -> None:
    """The defaults are an hour until now, no filter, a page of 50."""
    asked = Asked({}, ALL)

    assert asked.end_ns - asked.start_ns == pytest.approx(3600 * SECOND, abs=SECOND)
    assert asked.end_ns == pytest.approx(time.time_ns(), abs=5 * SECOND)
    assert asked.filters == Filters()
    assert (asked.whole(LIMIT), asked.whole(STEP)) == (50, None)


def test_everything_asked_is_passed_on() -> None:
    """Each filter lands under its own name; an empty one counts as not set."""
    query = {row.name: f"a {row.name}" for row in FILTERS if row.name != "status"}
    asked = Asked({**query, "status": "error", "from": "10", "to": "20.5", "limit": "7", "step": "60"}, ALL)

    assert (asked.start_ns, asked.end_ns, asked.whole(LIMIT), asked.whole(STEP)) == (
        10 * SECOND,
        20_500_000_000,
        7,
        60,
    )
    assert asked.filters == Filters(
        service="a service",
        environment="a environment",
        model="a model",
        status="error",
        user_id="a user",
        session_id="a session",
        feature="a feature",
        text="a text",
        q="a q",
    )
    assert Asked({"service": ""}, ALL).filters == Filters()


@pytest.mark.parametrize(
    ("text", "ago"), [("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600), ("now", 0)]
)
def test_a_relative_time_is_before_now(text: str, ago: int) -> None:
    """The unit follows the number."""
    assert read_time(text) == pytest.approx(time.time() - ago, abs=2)


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("from", "yesterday", "Unix seconds, or a time before now such as 30m, 24h or 7d"),
        ("from", "-5", "Unix seconds"),
        ("to", "nan", "Unix seconds"),
        ("to", "1e30", "Unix seconds"),
        ("limit", "0", "1 to 500"),
        ("limit", "501", "1 to 500"),
        ("limit", "many", "1 to 500"),
        ("step", "-1", "whole number"),
        ("status", "bad", "ok or error"),
        ("service", "x" * 600, "at most 512 characters"),
    ],
)
def test_a_wrong_value_is_answered_with_what_is_right(name: str, value: str, right: str) -> None:
    """The message names the parameter and the form it takes."""
    with pytest.raises(QueryError) as caught:
        Asked({name: value}, ALL)

    assert name in str(caught.value)
    assert right in str(caught.value)


def test_an_unknown_parameter_is_answered_with_those_there_are() -> None:
    """A misspelt filter is an error, not a list of everything."""
    with pytest.raises(QueryError, match="there are from, to"):
        Asked({"modle": "gpt"}, ALL)


def test_an_empty_range_is_refused() -> None:
    """`from` after `to` cannot be meant."""
    with pytest.raises(QueryError, match="`from` must be before `to`"):
        Asked({"from": "20", "to": "10"}, ALL)


@given(st.dictionaries(st.sampled_from([row.name for row in ALL]), st.text(max_size=20), max_size=4))
def test_any_text_is_read_or_refused(query: dict[str, str]) -> None:
    """Whatever a query string holds, it is a question or a QueryError."""
    try:
        asked = Asked(query, ALL)
    except QueryError:
        return
    assert asked.start_ns < asked.end_ns


def test_every_endpoint_has_its_range_or_its_part() -> None:
    """What shows no single thing takes a range."""
    for endpoint in ENDPOINTS:
        names = {parameter.name for parameter in endpoint.parameters}
        assert {"from", "to"} <= names or "{" in endpoint.path
