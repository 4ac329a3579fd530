"""For whom and what the work is done: user, session, feature, prompt, carried in the OpenTelemetry context.

It follows whatever the OpenTelemetry context follows: `await`, asyncio tasks, `copy_context()`. `propagation` takes it
over the borders of threads and processes.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from types import TracebackType
from typing import NamedTuple, Self

from opentelemetry.context import Context, create_key, get_value, set_value
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from spanglass.sdk.attachment import Attachment
from spanglass.sdk.block import Block
from spanglass.sdk.guard import safely
from spanglass.semconv import attributes as attr

_KEY = create_key("spanglass.context")
_guard = safely("context")


class CallContext(NamedTuple):
    """What is known about the work in hand; unknown is None.

    Attributes:
        user_id: The user on whose behalf it is done.
        session_id: The session it belongs to.
        feature: The feature of the application that asked.
        prompt_name: Name of the prompt template.
        prompt_version: Version of the prompt template.
    """

    user_id: str | None = None
    session_id: str | None = None
    feature: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None


NOTHING = CallContext()
"""The context outside any `spanglass.context`."""

# In the order of CallContext. `gen_ai.conversation.id` is not among them: the conventions forbid to derive it, and a
# session of an application may hold several conversations; who has one sets the attribute on the span.
SPAN_ATTRIBUTES = (attr.USER_ID, attr.SESSION_ID, attr.FEATURE, attr.PROMPT_NAME, attr.PROMPT_VERSION)


def current(context: Context | None = None) -> CallContext:
    """Return what is known about the work in hand.

    Args:
        context: The OpenTelemetry context to look in; the current one by default.
    """
    found = get_value(_KEY, context)
    return found if isinstance(found, CallContext) else NOTHING


def told(given: CallContext, context: Context | None = None) -> Context:
    """Return an OpenTelemetry context in which `given` is known too; what it does not say stays as it is known.

    Args:
        given: What is said.
        context: The OpenTelemetry context to start from; the current one by default.
    """
    return set_value(_KEY, _merged(current(context), given), context)


class context(Block["context"]):  # noqa: N801 - it is used as a word: `with spanglass.context(user_id=...):`
    """Say for whom and what the work inside is done; sync (`with`) and async (`async with`).

    What is not given is inherited from the context around, except that a new prompt name starts without a version.
    Every span started and log record made inside carries the values; metrics carry feature and prompt only, in bounded
    number. Make a new one for each use: an instance must not be entered twice at once.

    Args:
        user_id: The user on whose behalf the work is done. Never a metric label.
        session_id: The session the work belongs to. Never a metric label.
        feature: The feature of the application that asks.
        prompt_name: Name of the prompt template.
        prompt_version: Version of the prompt template.
    """

    __slots__ = ("_attachment", "_given")

    def __init__(
        self,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        feature: str | None = None,
        prompt_name: str | None = None,
        prompt_version: str | None = None,
    ) -> None:
        self._given = CallContext(user_id, session_id, feature, prompt_name, prompt_version)
        self._attachment: Attachment | None = None

    def __enter__(self) -> Self:
        with _guard:
            self._attachment = Attachment(told(self._given))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with _guard:
            attachment, self._attachment = self._attachment, None
            if attachment is not None:
                attachment.undo(abandoned=kind is GeneratorExit)


def _merged(outer: CallContext, given: tuple[object, ...]) -> CallContext:
    # Empty means unknown, and ids that are numbers or UUIDs are written as text.
    inner = CallContext(*(str(value) if value is not None and value != "" else None for value in given))
    version = inner.prompt_version or (None if inner.prompt_name else outer.prompt_version)
    return CallContext(
        inner.user_id or outer.user_id,
        inner.session_id or outer.session_id,
        inner.feature or outer.feature,
        inner.prompt_name or outer.prompt_name,
        version,
    )


class ContextSpanProcessor(SpanProcessor):
    """Puts the context's values on every span that starts inside it; what the span was started with wins."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Add what is known and not yet set."""
        known = current(parent_context)
        if known is NOTHING:
            return
        with _guard:
            present = span.attributes or {}
            for name, value in zip(SPAN_ATTRIBUTES, known, strict=True):
                if value is not None and name not in present:
                    span.set_attribute(name, value)

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing to do."""

    def shutdown(self) -> None:
        """Nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the interface's
        """Nothing is held back."""
        return True


class ContextLogProcessor(LogRecordProcessor):
    """Puts the context's values on every log record emitted inside it; what the record came with wins."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Add what is known and not yet set."""
        record = log_record.log_record
        known = current(record.context)
        if known is NOTHING:
            return
        with _guard:
            present = record.attributes
            for name, value in zip(SPAN_ATTRIBUTES, known, strict=True):
                if value is not None and isinstance(present, MutableMapping) and name not in present:
                    present[name] = value

    def shutdown(self) -> None:
        """Nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the interface's
        """Nothing is held back."""
        return True
