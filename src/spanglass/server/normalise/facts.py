"""A span becomes facts: an ordered list of readings over its attributes under current names. Pure."""

from __future__ import annotations

from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.calls import read_call
from spanglass.server.normalise.failure import read_failure
from spanglass.server.normalise.reading import as_text, as_texts
from spanglass.server.normalise.translation import translate
from spanglass.server.normalise.work import work_of
from spanglass.server.record import Attributes, Facts, Span, Status, Value, Work

MOST_TAGS: Final = 20
LONGEST_TAG: Final = 100
"""Characters."""
_LONGEST_NAME: Final = 200
_EXCEPTION_TYPE: Final = "exception.type"
_TELLING: Final = frozenset({Work.LLM, Work.TOOL, Work.AGENT, Work.RETRIEVAL})
"""Work that failed where it names an error, also if its status says nothing."""
_NAMED: Final = ("invoke_agent ", "create_agent ", "execute_tool ", "tools/call ", "tool.")
"""What stands before the name of an agent or a tool in the name of a span."""
_UNNAMED: Final = ("ai.", "invoke_agent", "create_agent", "execute_tool")
"""How names of spans begin that say only what is done."""


def normalise(span: Span) -> Facts:
    """Return what a span says, whoever made it; never raises, whatever was sent."""
    attributes = translate(span)
    call = read_call(attributes)
    get = attributes.get
    work = work_of(span, attributes, call)
    error_type = as_text(get(attr.ERROR_TYPE)) or _exception(span)
    message, group = None, None
    if span.status is Status.ERROR or (error_type is not None and work in _TELLING):
        message, group = read_failure(span, attributes, error_type, None if call is None else call.provider)
    return Facts(
        work,
        call,
        error_type,
        as_text(get(attr.USER_ID)),
        as_text(get(attr.CONVERSATION_ID)) or as_text(get(attr.SESSION_ID)),
        as_text(get(attr.FEATURE)),
        as_text(get(attr.PROMPT_NAME)),
        as_text(get(attr.PROMPT_VERSION)),
        _name(get(attr.AGENT_NAME)) or _agent(span, attributes),
        _name(get(attr.TOOL_NAME)) or (_own_name(span) if get(attr.OPERATION) == "execute_tool" else None),
        _tags(attributes[attr.TAGS]) if attr.TAGS in attributes else (),
        message,
        group,
    )


def _exception(span: Span) -> str | None:
    """Return the type of the last exception recorded on a span that failed."""
    if span.status == "error":
        for event in reversed(span.events):
            if _EXCEPTION_TYPE in event.attributes:
                return as_text(event.attributes[_EXCEPTION_TYPE])
    return None


def _agent(span: Span, attributes: Attributes) -> str | None:
    """Return the node of a graph that worked, else the name of a span that is an agent's run."""
    node = _name(attributes.get(attr.AGENT_NODE))
    if node is None and attributes.get(attr.OPERATION) == "invoke_agent":
        return _own_name(span)
    return node


def _own_name(span: Span) -> str | None:
    """Return the name of a tool or an agent that only its span's name says."""
    name = span.name
    for before in _NAMED:
        name = name.removeprefix(before)
    return None if name.startswith(_UNNAMED) else _name(name.strip())


def _name(value: Value) -> str | None:
    if value is None:
        return None
    name = as_text(value)
    return None if name is None else name[:_LONGEST_NAME]


def _tags(value: Value) -> tuple[str, ...]:
    """Return the first 20 tags, each once and at most 100 characters long."""
    tags = (tag.strip()[:LONGEST_TAG] for tag in as_texts(value))
    return tuple(dict.fromkeys(filter(None, tags)))[:MOST_TAGS]
