"""What `init` was asked for, where it was asked in words."""

import logging
from typing import Any

import pytest

from spanglass.sdk.content import VARIABLE, ContentMode
from spanglass.sdk.options import Options
from spanglass.settings import Sources


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        (None, ContentMode.EVENT_ONLY),
        (True, ContentMode.SPAN_ONLY),
        (False, ContentMode.NO_CONTENT),
        (ContentMode.SPAN_AND_EVENT, ContentMode.SPAN_AND_EVENT),
        ("NO_CONTENT", ContentMode.NO_CONTENT),
        ("false", ContentMode.NO_CONTENT),
        ("event_only", ContentMode.EVENT_ONLY),
        ("SPAN_AND_EVENT", ContentMode.SPAN_AND_EVENT),
    ],
)
def test_content_is_asked_for_by_argument_before_variable(
    *, given: ContentMode | bool | str | None, mode: ContentMode
) -> None:
    """A word means what it says: NO_CONTENT as text records nothing, though a text is true."""
    assert Options(given_content=given, sources=Sources({VARIABLE: "EVENT_ONLY"})).content() is mode


def test_a_word_that_is_no_mode_records_nothing_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The line names the argument and the words there are."""
    with caplog.at_level(logging.WARNING, logger="spanglass"):
        mode = Options(given_content="yes please", sources=Sources({VARIABLE: "SPAN_ONLY"})).content()
    assert mode is ContentMode.NO_CONTENT
    (said,) = caplog.messages
    assert said.startswith("The argument capture_content cannot be used: use one of NO_CONTENT, SPAN_ONLY")


@pytest.mark.parametrize(
    ("given", "asked", "said"),
    [
        (None, False, False),
        (True, True, False),
        ("true", True, False),
        ("false", False, False),
        ("perhaps", False, True),
    ],
)
def test_stream_usage_is_read_by_its_words(
    given: Any,  # noqa: ANN401 - what people write
    asked: bool,  # noqa: FBT001 - a column
    said: bool,  # noqa: FBT001 - a column
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A text that says no is no, though it is true to Python; what says neither is left out with a warning."""
    assert Options(given_stream_usage=given, sources=Sources({})).stream_usage() is asked
    assert bool(caplog.records) is said


def test_a_list_that_is_none_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """A number where names belong is a warning that names the argument, and the default stands."""
    wrong: Any = 5
    options = Options(given_destinations=wrong, given_frameworks=wrong, sources=Sources({}))
    assert options.destinations() == Options(sources=Sources({})).destinations()
    assert options.frameworks() == Options(sources=Sources({})).frameworks()
    assert [record.message.split(" cannot")[0] for record in caplog.records] == [
        "The argument destinations",
        "The argument frameworks",
    ]
