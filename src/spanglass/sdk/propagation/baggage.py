"""User, session, feature and prompt as W3C baggage: what of them leaves, what is believed; reads no carrier itself.

Keys are the attributes' names. Values that cannot be ids or names are left out on both sides: longer than
256 characters, unprintable, or no text.
"""

from __future__ import annotations


from opentelemetry.baggage import get_all, set_baggage
from opentelemetry.context import Context, create_key, get_current, set_value

from spanglass.sdk.context import NOTHING, SPAN_ATTRIBUTES, CallContext, current, told

_LONGEST_VALUE = 256
_LONGEST_HEADER = 8_192
_MOST_ENTRIES = 180
_DELIBERATE = create_key("spanglass.baggage.deliberate")


def leaving(context: Context | None = None) -> Context:
    """Return a context whose baggage holds what is known, for a receiver that the application has chosen.

    Args:
        context: The OpenTelemetry context to start from; the current one by default.
    """
    found = get_current() if context is None else context
    for name, value in known_entries(found).items():
        found = set_baggage(name, value, found)
    return set_value(_DELIBERATE, True, found)


def arrived(context: Context) -> Context:
    """Return a context in which what its baggage tells is known."""
    entries = get_all(context)
    given = CallContext(*(_usable(entries.get(name)) for name in SPAN_ATTRIBUTES))
    return context if given == NOTHING else told(given, context)


def known_entries(context: Context) -> dict[str, str]:
    """Return what is known in a context as baggage entries."""
    pairs = zip(SPAN_ATTRIBUTES, current(context), strict=True)
    return {name: usable for name, value in pairs if (usable := _usable(value)) is not None}


def _usable(value: object) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_VALUE or not value.isprintable():
        return None
    return value
