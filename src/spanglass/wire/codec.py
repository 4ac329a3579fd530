"""The seam between a provider's protocol and those who read it: what a codec offers; no codec is here.

Framing (which bytes are one event) is `wire.framing`; meaning (what an event says) is a codec; time is `wire.meter`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from spanglass.call import Request, Response, StreamTimes
from spanglass.wire.framing import Framing


class Seen(IntEnum):
    """What one event of a stream was."""

    MARK = 0
    """A mark of the protocol, such as `[DONE]`: no chunk of the answer."""
    CHUNK = 1
    """A chunk without content: a role, a finish reason, usage, an error."""
    CONTENT = 2
    """A chunk with content: text, reasoning, refusal, sound, or a tool's name or arguments."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Which JSON keys change from one chunk of a stream to the next without changing what kind of chunk it is.

    `wire.skim` learns the shape of a chunk from these and skips the decoding of later chunks of the same shape.

    Attributes:
        counted: Keys whose string value is content and counts towards `Response.output_length`.
        ignored: Keys whose string or integer value says nothing that is kept.
        cumulative: Keys whose integer value replaces the one before, such as running token counts.
    """

    counted: frozenset[bytes] = field(default_factory=frozenset)
    ignored: frozenset[bytes] = field(default_factory=frozenset)
    cumulative: frozenset[bytes] = field(default_factory=frozenset)


class Answer(Protocol):
    """What one answer said so far: it is given whole events, or a whole body, in order, and never raises.

    An answer belongs to one exchange and is not safe for two threads at once.
    """

    @property
    def complete(self) -> bool:
        """The terminal event, or a whole body, was seen."""

    @property
    def length(self) -> int:
        """Characters of content seen in events so far."""

    def event(self, name: str, data: bytes) -> Seen:
        """Take one event of a stream.

        Args:
            name: The event's name; empty where the framing has none.
            data: The event's data; empty where it was too large to keep.
        """

    def skimmed(self, characters: int, last: bytes | None) -> None:
        """Take a run of events that were skimmed, not decoded.

        Args:
            characters: Characters of content in the run.
            last: Data of the run's last event that carries running counts; None where none does.
        """

    def document(self, data: bytes) -> None:
        """Take a body that is not a stream; bytes that are not yet a whole document say nothing."""

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far.

        Args:
            times: When the pieces of a stream arrived; None where the answer is no stream.
            complete: The terminal event was seen beside the events given here.
        """


class Codec(Protocol):
    """One interface of one family of providers: how its bytes become call values.

    A codec is a value without state: one instance serves all calls of all threads. It reads no clock, opens no
    connection and raises nothing, whatever the bytes.
    """

    @property
    def api(self) -> str:
        """Which interface: chat_completions, responses, embeddings, ..."""

    @property
    def operation(self) -> str:
        """`gen_ai.operation.name`: chat, embeddings, ..."""

    @property
    def slots(self) -> Slots:
        """What changes between chunks of the same kind."""

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what the application asked for.

        Args:
            body: The request's body, as sent.
            provider: `gen_ai.provider.name`, copied into the result.
            content: Also keep messages and tool definitions.

        Returns:
            None where the body does not have the shape of this interface; `Recognised.request` decides what then.
        """

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Return what cuts an answer into events; None where it is no stream but one document.

        Args:
            content_type: In lower case; empty without one.
            first: The first byte that is no white space.
        """

    def answer(self, *, content: bool) -> Answer:
        """Begin to read one answer; `content` also keeps messages and tool arguments."""

    def condense(self, body: bytearray) -> None:
        """Cut from the body so far, in place, what is large and says nothing, such as vectors."""
