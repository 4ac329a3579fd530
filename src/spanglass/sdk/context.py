"""For whom and what the work is done: user, session, feature, prompt, carried in the OpenTelemetry context.

It follows whatever the OpenTelemetry context follows: `await`, asyncio tasks, `copy_context()`. Threads and executors
start with an empty one, as in OpenTelemetry itself.
"""

from __future__ import annotations

from contextvars import Token
from types import TracebackType
from typing import NamedTuple, Self

from opentelemetry.context import Context, attach, create_key, detach, get_value, set_value
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

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


class context:  # noqa: N801 - it is used as a word: `with spanglass.context(user_id=...):`
    """Say for whom and what the work inside is done; sync (`with`) and async (`async with`).

    What is not given is inherited from the context around, except that a new prompt name starts without a version.
    Every span started inside carries the values; metrics carry feature and prompt only, in bounded number.
    Make a new one for each use: an instance must not be entered twice at once.

    Args:
        user_id: The user on whose behalf the work is done. Never a metric label.
        session_id: The session the work belongs to. Never a metric label.
        feature: The feature of the application that asks.
        prompt_name: Name of the prompt template.
        prompt_version: Version of the prompt template.
    """

    __slots__ = ("_given", "_token")

    def __init__(
        self,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        feature: str | None = None,
        prompt_name: str | None = None,
        prompt_version: str | None = None,
    ) -> None:
        self._given = (user_id, session_id, feature, prompt_name, prompt_version)
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        with _guard:
            self._token = attach(set_value(_KEY, _merged(current(), self._given)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with _guard:
            token, self._token = self._token, None
            if token is not None:
                detach(token)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


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
