"""What goes with a message to another thread, process or service: `inject` puts it in, `extract` takes it out."""

from __future__ import annotations

from types import TracebackType
from typing import Self, overload

from opentelemetry import propagate
from opentelemetry.context import Context, get_current
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from spanglass.sdk.attachment import Attachment
from spanglass.sdk.block import Block
from spanglass.sdk.guard import safely
from spanglass.sdk.propagation.baggage import arrived, leaving
from spanglass.sdk.propagation.carrier import C, HeaderGetter, HeaderSetter, Written, read

_injecting = safely("inject")
_extracting = safely("extract")
_getter = HeaderGetter()
_setter = HeaderSetter()


@overload
def inject() -> dict[str, str]: ...
@overload
def inject(carrier: C, *, context: Context | None = None) -> C: ...
@overload
def inject(carrier: None = None, *, context: Context | None = None) -> dict[str, str]: ...
def inject(carrier: Written | None = None, *, context: Context | None = None) -> Written:
    """Write the trace context and the context of the work into headers, for whoever works on the message.

    In the form of the global propagator: W3C `traceparent` and `baggage`, or what OTEL_PROPAGATORS names. It never
    raises. User, session, feature and prompt always go along: to call it is to choose the receiver.

    Args:
        carrier: The headers: a dictionary, or a list of (str, bytes) as in Kafka or of (bytes, bytes) as in ASGI; it is
            changed in place. A new dictionary by default.
        context: The OpenTelemetry context to write; the current one by default.

    Returns:
        The carrier.
    """
    target: Written = {} if carrier is None else carrier
    with _injecting:
        propagate.inject(target, leaving(context), setter=_setter)
    return target


class extract(Block["extract"]):  # noqa: N801 - it is used as a word: `with spanglass.extract(headers):`
    """Read the headers of a message; `with` makes their contexts current, so that what is done inside belongs there.

    Spans started inside are children of the span that was current at `inject`; without a trace context in the headers
    they start a new trace. User, session, feature and prompt are as the sender knew them; what it did not say is
    inherited. It never raises, and reads no more than 1,000 headers of at most 8 KiB. Make a new one for each use.

    Args:
        carrier: The headers, as `inject` takes them; also any mapping, a WSGI environ, an ASGI scope, or None.

    Attributes:
        context: The OpenTelemetry context, for `context=` arguments.
    """

    __slots__ = ("_attachment", "context")

    def __init__(self, carrier: object) -> None:
        self._attachment: Attachment | None = None
        self.context: Context = set_span_in_context(INVALID_SPAN, get_current())
        with _extracting:
            self.context = arrived(propagate.extract(read(carrier), self.context, getter=_getter))

    def __enter__(self) -> Self:
        with _extracting:
            self._attachment = Attachment(self.context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with _extracting:
            attachment, self._attachment = self._attachment, None
            if attachment is not None:
                attachment.undo(abandoned=kind is GeneratorExit)
