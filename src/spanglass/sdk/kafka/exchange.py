"""What the spans of one exchange with Kafka have in common: names, attributes, labels; which exchange, others say."""

from __future__ import annotations

from opentelemetry.context import Context

from spanglass.sdk import active
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.written import written
from spanglass.semconv import attributes as attr
from spanglass.semconv.metrics import Metric

SYSTEM = "kafka"
_LONGEST_KEY = 256


class ExchangeRun(Run):
    """A run that sends, or processes, messages of a topic; its name is the topic.

    Args:
        topic: The topic; None where there are several.
    """

    measured: Metric

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        attributes: Attributes = {
            attr.MESSAGING_SYSTEM: SYSTEM,
            attr.MESSAGING_OPERATION: self.operation,
            attr.MESSAGING_OPERATION_TYPE: self.operation,
        }
        if self.name is not None:
            attributes[attr.MESSAGING_DESTINATION] = self.name
        return attributes

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        ledger.record(self.measured, seconds, {**self._labels(), attr.ERROR_TYPE: error_type}, context)

    def _labels(self) -> dict[str, str | None]:
        return {
            attr.MESSAGING_SYSTEM: SYSTEM,
            attr.MESSAGING_OPERATION: self.operation,
            attr.MESSAGING_DESTINATION: self.name,
        }


def key_shown(key: object) -> str | None:
    """Return a message's key as text, where content is recorded on spans; keys are often ids of people."""
    on = active.current()
    if key is None or on is None or not on.content.on_spans:
        return None
    if isinstance(key, bytes | bytearray | memoryview):
        key = bytes(key[:_LONGEST_KEY]).decode("utf-8", "replace")
    return (key if isinstance(key, str) else written(key))[:_LONGEST_KEY]
