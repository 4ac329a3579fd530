"""What of a span is content: what people and models said, kept apart from the rest so that it can go sooner."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from spanglass.server.record import Attributes, Event, Value

LONG: Final = 1024
"""Characters; a longer text is content whatever its name, but for what tells of errors and of usage."""
_NEVER: Final = re.compile(
    r"""
    (^|\.)(error|exception)\.                # what went wrong, in words
    | (^|[._])(tokens?|token_count|usage|cost|server_time)\.                # counts that come as text
    | ^(db|url)\. | ^gen_ai\.(prompt\.(name|version)|agent\.tools)$ | ^langfuse\.observation\.model\.parameters$
    """,
    re.VERBOSE,
)
"""Names that would look as if they held it."""
_LONG: Final = re.compile("error|exception|status|usage|cost|invocation_parameters|providerMetadata|llm_metrics")
"""What stays at any length: what went wrong, and what facts are read from."""
_NAMES: Final = re.compile(
    r"""
    (^|[.:])(
        contents? | (all_|user_|new_)?messages? | all_messages_events | chat_ctx | (user_)?transcript
      | response | reasoning
      | inputs? | outputs? | input_text | user_input | spanInputs | spanOutputs | expected_output | final_result
      | (system_|user_)?prompt | prompts | completions? | template | template_variables | variables
      | query | question | answer | text | documents? | (system_)?instructions
      | arguments | args | parameters | results? | body | extra_body | request_data | response_data
      | llm_request | llm_response | model_request_parameters
      | tool_(calls|call_args|arguments|response|input|output) | toolCalls | function_calls?
      | tools | definitions | json_schema
    )$
    | (^|\.)(prompts?|completions?|choices|(input_|output_)?messages|contents|documents|tools|functions)\.\d+\.
    | ^(input|output)\.value$ | ^ai\.(prompt\b|values?$|embeddings?$) | ^ai\.response\.object$ | \.message\.key$
    | ^gen_ai\.prompt\.variable\. | ^gcp\.vertex\.agent\.data$ | ^genkit:metadata:context
    """,
    re.VERBOSE,
)
"""Names that hold it, in all dialects that are understood: the last word of a name says what it is."""
_MOST_KNOWN: Final = 8192
_LONGEST_KNOWN: Final = 128
_plain: Final[set[str]] = set()
"""Names known to hold none, so that nearly all are told by one look; bounded, since strangers choose them."""
_telling: Final[set[str]] = set()
"""Names known to hold it; likewise."""


class Parted(NamedTuple):
    """A span's attributes and events, what is content apart from what is not."""

    attributes: Attributes
    events: Sequence[Event]
    content_attributes: Attributes
    content_events: Sequence[Event]


def is_content_name(name: str) -> bool:
    """Tell whether an attribute of this name holds what was said, whoever wrote it."""
    if name in _telling:
        return True
    if name in _plain:
        return False
    holds = _NAMES.search(name) is not None and _NEVER.search(name) is None
    known = _telling if holds else _plain
    if len(name) <= _LONGEST_KNOWN:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known.add(name)
    return holds


def part(attributes: Attributes, events: Sequence[Event]) -> Parted:
    """Return attributes and events in two parts; an event goes whole, since its name alone says nothing.

    Numbers and flags are never content. Errors stay at any length.
    """
    said = _held(attributes)
    if not events:
        return Parted(_without(attributes, said), events, said, ()) if said else Parted(attributes, events, said, ())
    apart: list[Event] = []
    kept: list[Event] = []
    for event in events:
        (apart if _held(event.attributes) else kept).append(event)
    return Parted(_without(attributes, said) if said else attributes, kept if apart else events, said, apart)


def _without(attributes: Attributes, said: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if name not in said}


def _held(attributes: Attributes) -> Attributes:
    """Return what is content among attributes."""
    # One look a name: nearly all are known to be plain, and nearly all values are short.
    suspects = [
        name for name, value in attributes.items() if name not in _plain or (type(value) is str and len(value) > LONG)
    ]
    return {name: attributes[name] for name in suspects if _is_content(name, attributes[name])} if suspects else {}


def _is_content(name: str, value: Value) -> bool:
    if is_content_name(name):
        return not isinstance(value, bool | int | float) and value is not None
    return isinstance(value, str) and len(value) > LONG and _LONG.search(name) is None
