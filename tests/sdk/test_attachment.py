import contextvars
import logging

import pytest
from opentelemetry.context import Context, attach, detach, get_current

from spanglass.sdk.attachment import Attachment


def test_it_is_current_until_it_is_undone() -> None:
    """The context is current from the beginning to the end, and what was before is current again."""
    before, context = get_current(), Context({"k": "v"})
    attachment = Attachment(context)
    assert get_current() is context
    attachment.undo()
    assert get_current() is before
    attachment.undo()
    assert get_current() is before


def test_the_end_may_come_in_a_foreign_context(caplog: pytest.LogCaptureFixture) -> None:
    """Undone where it never was current, it changes nothing there, and nothing is logged."""
    mine, foreign = contextvars.copy_context(), contextvars.copy_context()
    attachment = mine.run(Attachment, Context({"k": "v"}))
    there = Context({"there": "1"})
    foreign.run(attach, there)
    with caplog.at_level(logging.DEBUG):
        foreign.run(attachment.undo)
    assert foreign.run(get_current) is there
    assert caplog.records == []


def test_an_abandoned_one_leaves_what_is_current_now() -> None:
    """Thrown away while another context is current, it does not take that one back; left as usual, it does."""
    before = get_current()
    abandoned, left = Attachment(Context({"k": "1"})), Context({"k": "2"})
    token = attach(left)
    abandoned.undo(abandoned=True)
    assert get_current() is left
    detach(token)
    proper = Attachment(Context({"k": "3"}))
    attach(left)  # by somebody who forgets it
    proper.undo()
    assert get_current() == {"k": "1"}
    attach(before)
