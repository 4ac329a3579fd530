"""Turns of a conversation over a connection that stays open: each is a trace of its own; the connection is none."""

from __future__ import annotations

from typing import overload
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, SpanContext, SpanKind, get_current_span, set_span_in_context

from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.context import CallContext, told
from spanglass.sdk.guard import safely
from spanglass.sdk.propagation.message import extract
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_guard = safely("turn")


class TurnRun(Run):
    """One turn: a question that came over a connection, and all that is done for its answer.

    Its span is of kind SERVER, for the other side asks and waits; CONSUMER is for messages that nobody waits for.

    Args:
        name: What kind of turn it is.
        known: For whom it is.
        conversation_id: Which conversation it belongs to.
        connection: Headers of the connection.
    """

    operation = "turn"
    kind = SpanKind.SERVER

    def __init__(
        self, name: str | None, known: CallContext, conversation_id: str | None = None, connection: object = None
    ) -> None:
        super().__init__(name)
        self._known = known
        self._conversation_id = conversation_id
        self._connection = connection

    @_guard
    def start(self, began: Moment | None = None) -> None:
        """Begin a trace, linked to that of the connection where there is one."""
        began = Moment.now() if began is None else began
        around = began.context
        context = told(self._known, set_span_in_context(INVALID_SPAN, around))
        super().start(began._replace(context=context))
        for connected in _connected(around, self._connection):
            self.span.add_link(connected)

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        attributes: Attributes = {}
        if self.name is not None:
            attributes[attr.TURN_NAME] = self.name
        if self._conversation_id:
            attributes[attr.CONVERSATION_ID] = str(self._conversation_id)
        return attributes

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        ledger.record(metrics.TURN, seconds, {attr.TURN_NAME: self.name, attr.ERROR_TYPE: error_type}, context)


def _connected(around: Context, connection: object) -> list[SpanContext]:
    """Return the span that stands for the connection, here or at the other side."""
    found = [get_current_span(around).get_span_context()]
    if connection is not None:
        found.append(get_current_span(extract(connection).context).get_span_context())
    return list({span.span_id: span for span in found if span.is_valid}.values())


@overload
def turn(name: Decorated, /) -> Decorated: ...
@overload
def turn(
    name: str | None = None,
    *,
    session_id: str | None = None,
    user_id: str | None = None,
    feature: str | None = None,
    conversation_id: str | None = None,
    connection: object = None,
) -> Unit[TurnRun]: ...
def turn(
    name: Decorated | str | None = None,
    *,
    session_id: str | None = None,
    user_id: str | None = None,
    feature: str | None = None,
    conversation_id: str | None = None,
    connection: object = None,
) -> Decorated | Unit[TurnRun]:
    """Record one turn over a WebSocket or another connection that stays open; a context manager, and a decorator.

    Each turn is a new trace: a connection that is open for hours is no single one. Its span is `turn {name}`, of kind
    SERVER, and its metric `spanglass.turn.duration`. Where a span is current, or the connection's headers name one,
    it is linked.

    Args:
        name: What kind of turn it is, in few different words; the function's name by default.
        session_id: The session, for everything inside.
        user_id: The user, for everything inside.
        feature: The feature, for everything inside.
        conversation_id: The conversation, where it is truly known.
        connection: What the connection came with: an ASGI scope, or headers in any form that `extract` takes.
    """
    known = CallContext(user_id, session_id, feature)
    return unit(name, lambda called, _: TurnRun(called, known, conversation_id, connection))


class Turns:
    """Makes each message that a consumer of Django Channels receives a turn, sync and async consumers alike.

        class Chat(spanglass.Turns, AsyncJsonWebsocketConsumer): ...

    Override `turn` to say more than the defaults: the class's name, and a session id of the connection's own. Not the
    key of Django's session, for it is what the browser logs in with.

    Attributes:
        scope: The connection's scope, as Channels sets it.
    """

    scope: dict[str, object]
    _spanglass_session_id: str | None = None  # a name that no consumer has itself

    def turn(self, text: str | None) -> Unit[TurnRun]:  # noqa: ARG002 - for who overrides it
        """Return the turn that a message begins.

        Args:
            text: The message, None where it is binary.
        """
        if self._spanglass_session_id is None:
            self._spanglass_session_id = uuid4().hex
        return turn(type(self).__name__, session_id=self._spanglass_session_id, connection=self.scope)

    def websocket_receive(self, message: dict[str, object]) -> object:
        """Called by Channels for each message."""
        receive = super().websocket_receive  # type: ignore[misc] # of the consumer that this is mixed into
        text = message.get("text")
        begun = _guard(self.turn)(text if isinstance(text, str) else None)
        return (receive if begun is None else begun(receive))(message)
