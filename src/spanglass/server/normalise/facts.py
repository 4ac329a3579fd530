"""A span becomes facts: an ordered list of readings over its attributes under current names. Pure."""

from __future__ import annotations

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.calls import read_call
from spanglass.server.normalise.reading import as_text
from spanglass.server.normalise.translation import translate
from spanglass.server.normalise.work import work_of
from spanglass.server.record import Facts, Span

_EXCEPTION_TYPE = "exception.type"


def normalise(span: Span) -> Facts:
    """Return what a span says, whoever made it; never raises, whatever was sent."""
    attributes = translate(span)
    call = read_call(attributes)
    get = attributes.get
    return Facts(
        work_of(span, attributes, call),
        call,
        as_text(get(attr.ERROR_TYPE)) or _exception(span),
        as_text(get(attr.USER_ID)),
        as_text(get(attr.CONVERSATION_ID)) or as_text(get(attr.SESSION_ID)),
        as_text(get(attr.FEATURE)),
        as_text(get(attr.PROMPT_NAME)),
        as_text(get(attr.PROMPT_VERSION)),
    )


def _exception(span: Span) -> str | None:
    """Return the type of the last exception recorded on a span that failed."""
    if span.status == "error":
        for event in reversed(span.events):
            if _EXCEPTION_TYPE in event.attributes:
                return as_text(event.attributes[_EXCEPTION_TYPE])
    return None
