"""User, session, feature and prompt as W3C baggage: what of them leaves, what is believed; handles no messages itself.

Keys are the attributes' names. Values that cannot be ids or names are left out on both sides: longer than
256 characters, unprintable, or no text.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from opentelemetry.baggage import clear, get_all, set_baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, create_key, get_current, get_value, set_value
from opentelemetry.propagators.textmap import CarrierT, Getter, Setter, default_getter, default_setter

from spanglass.sdk.context import NOTHING, SPAN_ATTRIBUTES, CallContext, current, told
from spanglass.sdk.guard import safely
from spanglass.sdk.propagation.destination import Allowed, named_host
from spanglass.semconv import attributes as attr

PERSONAL = frozenset({attr.USER_ID, attr.SESSION_ID})
"""Never sent to where it is not known who receives it."""

_LONGEST_VALUE = 256
_LONGEST_ENTRY = 4_096  # this and the next two are the limits of W3C Baggage
_LONGEST_HEADER = 8_192
_MOST_ENTRIES = 180
_DELIBERATE = create_key("spanglass.baggage.deliberate")
_injecting = safely("baggage.inject")
_extracting = safely("baggage.extract")


def leaving(context: Context | None = None) -> Context:
    """Return a context whose baggage holds what is known, for a receiver that the application has chosen.

    Args:
        context: The OpenTelemetry context to start from; the current one by default.
    """
    source = get_current() if context is None else context
    found = set_value(_DELIBERATE, True, source)
    known = _known(source)
    if not known:
        return found
    found = clear(found)
    for name, value in {**known, **_own(source, known)}.items():  # ours first: the rest may be too much for a header
        found = set_baggage(name, value, found)
    return found


def arrived(context: Context) -> Context:
    """Return a context in which what its baggage tells is known."""
    entries = get_all(context)
    given = CallContext(*(_usable(entries.get(name)) for name in SPAN_ATTRIBUTES))
    return context if given == NOTHING else told(given, context)


class ContextBaggagePropagator(W3CBaggagePropagator):
    """Does what OpenTelemetry's W3C baggage propagator does, and lets what spanglass knows travel in the same header.

    It stands in the global propagator, so instrumentations call it: for each HTTP request and message that they see.
    An HTTP request says by its span where it goes; user, session, feature and prompt go to allowed hosts only, also
    those that came in as baggage. Where the span is not recorded, or is no HTTP request's, feature and prompt go along;
    user and session do so with a message (a PRODUCER's span), for a queue is the application's own.

    Args:
        allowed: The hosts.
    """

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """Take the header over into the context; the application's own baggage stays in OpenTelemetry's."""
        found = super().extract(carrier, context, getter)
        with _extracting:
            return arrived(found)
        return found

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """Write the header."""
        with _injecting:
            source = get_current() if context is None else context
            header = _header(self._allowed_entries(source))
            if header:
                setter.set(carrier, self._BAGGAGE_HEADER_NAME, header)

    def _allowed_entries(self, context: Context) -> Mapping[str, object]:
        if get_value(_DELIBERATE, context):
            return get_all(context)
        known = _known(context)
        own = _own(context, known)
        if not known:
            return own
        withheld = self._withheld(context)
        return {**{name: value for name, value in known.items() if name not in withheld}, **own}

    def _withheld(self, context: Context) -> frozenset[str]:
        host = named_host(context)
        if host is None:
            return PERSONAL
        return frozenset() if self._allowed.has(host) else frozenset(SPAN_ATTRIBUTES)


def _known(context: Context) -> dict[str, str]:
    pairs = zip(SPAN_ATTRIBUTES, current(context), strict=True)
    return {name: usable for name, value in pairs if (usable := _usable(value)) is not None}


def _own(context: Context, known: Mapping[str, str]) -> Mapping[str, object]:
    """Return the application's own baggage: without what came in and is known since, or was replaced."""
    entries = get_all(context)
    if not known or not entries:
        return entries
    without_version = attr.PROMPT_NAME in known
    return {
        name: value
        for name, value in entries.items()
        if name not in known and not (without_version and name == attr.PROMPT_VERSION)
    }


def _usable(value: object) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_VALUE or not value.isprintable():
        return None
    return value


def _header(entries: Mapping[str, object]) -> str:
    """Encode a space as %20, which every reader understands; OpenTelemetry writes a plus, which only some do."""
    parts: list[str] = []
    length = -1
    for name, value in entries.items():
        part = f"{quote(str(name), safe='')}={quote(str(value), safe='', errors='replace')}"
        if len(part) > _LONGEST_ENTRY or length + 1 + len(part) > _LONGEST_HEADER or len(parts) == _MOST_ENTRIES:
            continue
        parts.append(part)
        length += 1 + len(part)
    return ",".join(parts)
