"""What of a span is content: what people and models said, kept apart from the rest so that it can go sooner."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from spanglass.server.record import Attributes, Event, Value

LONG: Final = 1024
"""Characters; a longer text is content whatever its name, but for what tells of errors."""
_ERRORS: Final = re.compile("error|exception|status")
_NAMES: Final = re.compile(
    r"""
    (^|\.)(content|messages?|inputs?|outputs?|arguments|args|results?|prompts?|completions?|query|question|answer
          |text|documents|instructions|system_instructions|definitions|body|parameters|object|toolCalls
          |span(Inputs|Outputs)|(input|output)\.value|message\.key)$
    | (^|\.)(prompt|completion|prompts|completions|input_messages|output_messages|messages|contents)\.\d+\.
    | ^ai\.prompt\b
    """,
    re.VERBOSE,
)
"""Names that hold it, in all dialects that are understood: the last word of a name says what it is."""
_NEVER: Final = frozenset({"db.query.text", "gen_ai.prompt.name", "gen_ai.prompt.version"})


class Parted(NamedTuple):
    """A span's attributes and events, what is content apart from what is not."""

    attributes: Attributes
    events: Sequence[Event]
    content_attributes: Attributes
    content_events: Sequence[Event]


@lru_cache(maxsize=8192)  # bounded, since strangers choose the names
def is_content_name(name: str) -> bool:
    """Tell whether an attribute of this name holds what was said, whoever wrote it."""
    return name not in _NEVER and _NAMES.search(name) is not None


def part(attributes: Attributes, events: Sequence[Event]) -> Parted:
    """Return attributes and events in two parts; an event goes whole, since its name alone says nothing.

    Numbers and flags are never content. Errors stay at any length.
    """
    held = [name for name, value in attributes.items() if _is_content(name, value)]
    said = [event for event in events if any(_is_content(name, value) for name, value in event.attributes.items())]
    if not held and not said:
        return Parted(attributes, events, {}, ())
    return Parted(
        {name: value for name, value in attributes.items() if name not in held} if held else attributes,
        [event for event in events if event not in said] if said else events,
        {name: attributes[name] for name in held},
        said,
    )


def _is_content(name: str, value: Value) -> bool:
    if isinstance(value, bool | int | float) or value is None:
        return False
    if is_content_name(name):
        return True
    return isinstance(value, str) and len(value) > LONG and _ERRORS.search(name) is None
