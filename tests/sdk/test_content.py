import pytest

from spanglass.sdk.content import ContentMode, content_mode


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", ContentMode.NO_CONTENT),
        ("false", ContentMode.NO_CONTENT),
        ("NO_CONTENT", ContentMode.NO_CONTENT),
        ("true", ContentMode.SPAN_ONLY),
        (" span_only ", ContentMode.SPAN_ONLY),
        ("EVENT_ONLY", ContentMode.EVENT_ONLY),
        ("Span_And_Event", ContentMode.SPAN_AND_EVENT),
    ],
)
def test_the_standard_words_are_understood(text: str, mode: ContentMode) -> None:
    """Every word of the standard variable, in any case, and true and false."""
    assert content_mode({"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": text}) is mode


def test_content_is_off_unless_asked_for() -> None:
    """Without the variable nothing is recorded, anywhere."""
    mode = content_mode({})
    assert (mode.any, mode.on_spans, mode.on_events) == (False, False, False)


def test_where_content_goes() -> None:
    """Each mode names its places."""
    assert [(mode.on_spans, mode.on_events, mode.any) for mode in ContentMode] == [
        (False, False, False),
        (True, False, True),
        (False, True, True),
        (True, True, True),
    ]


def test_a_word_that_is_none_names_those_that_are() -> None:
    """The error says what would be right."""
    with pytest.raises(ValueError, match="SPAN_AND_EVENT"):
        ContentMode.parse("yes please")
