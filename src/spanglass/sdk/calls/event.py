"""The event `gen_ai.client.inference.operation.details`: a call with its messages, as a log record."""

from __future__ import annotations

import json
from collections.abc import Mapping

from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.util.types import AnyValue

from spanglass.semconv import attributes as attr

NAME = "gen_ai.client.inference.operation.details"
_CONTENT = (attr.SYSTEM_INSTRUCTIONS, attr.INPUT_MESSAGES, attr.OUTPUT_MESSAGES, attr.TOOL_DEFINITIONS)


def emit(logger: Logger, attributes: Mapping[str, AnyValue], *, at_ns: int, context: Context) -> None:
    """Emit the event of one call.

    Args:
        logger: Takes the record.
        attributes: All attributes of the call; content as JSON text becomes structured, as the conventions want it.
        at_ns: When the call ended, nanoseconds since the epoch.
        context: Holds the call's span.
    """
    structured = dict(attributes)
    for name in _CONTENT:
        text = structured.get(name)
        if isinstance(text, str):
            structured[name] = _structure(text)
    logger.emit(
        timestamp=at_ns,
        context=context,
        severity_number=SeverityNumber.DEBUG,
        attributes=structured,
        event_name=NAME,
    )


def _structure(text: str) -> AnyValue:
    try:
        structure: AnyValue = json.loads(text)
    except ValueError:
        return text
    return structure
