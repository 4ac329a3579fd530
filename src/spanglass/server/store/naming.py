"""How telemetry names a user, a session or a trace in JSON text, for erasing what has no column for it."""

from __future__ import annotations

import re
from typing import Final

from spanglass.errors import QueryError
from spanglass.server.store.keeping import MOST_ID, By, Subject
from spanglass.server.store.rows import json_text

_NAMES: Final = {
    By.USER: ("user.id", "enduser.id", "user_id", "langfuse.user.id"),
    By.SESSION: (
        *("session.id", "gen_ai.conversation.id", "session_id", "conversation_id", "thread_id"),
        *("langfuse.session.id", "langsmith.trace.session_id"),
    ),
    By.TRACE: ("trace_id",),
}
TRACE_IN_EXEMPLAR: Final = '"traceId":"([0-9a-f]{32})"'
"""How an exemplar names its trace, a regular expression of both engines."""
EXEMPLARS: Final = r',?"exemplars":\[.*$'
"""The exemplars of a point: they are last in its details."""
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
"""Ids that senders may have as numbers; JSON then has no quotes around them."""


def spellings(subject: Subject) -> tuple[str, ...]:
    """Return how attributes, as JSON text, name a subject; each is looked for as it stands.

    Raises:
        QueryError: The id is empty or too long, or no trace has such an id.
    """
    if not 0 < len(subject.id) <= MOST_ID:
        raise QueryError(f"The {subject.by} to erase has {len(subject.id)} characters; use 1 to {MOST_ID}.")
    if subject.by is By.TRACE and not _is_trace_id(subject.id):
        raise QueryError(f"The trace to erase is {subject.id!r:.80}; a trace id is 32 hex digits, in lower case.")
    names = _NAMES[subject.by]
    spelled = tuple(json_text({name: subject.id})[1:-1] for name in names)
    if not _WHOLE.fullmatch(subject.id):
        return spelled
    return spelled + tuple(f"{json_text(name)}:{subject.id}{end}" for name in names for end in ",}")


def _is_trace_id(text: str) -> bool:
    return len(text) == 32 and all(digit in "0123456789abcdef" for digit in text)
