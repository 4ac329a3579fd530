"""Amazon Bedrock's InvokeModel, streamed or not, with Claude's own bodies; those of other makers' models are not read.

Reference: docs.aws.amazon.com/bedrock/latest/APIReference, API_runtime_InvokeModel. What is sent and answered is what
`wire.anthropic_messages` reads; a stream has it wrapped, each event in base64 in an event of Amazon's, of which the
last also says what Bedrock measured.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

from spanglass.call import Request, Response, StreamTimes
from spanglass.wire.anthropic_messages import Messages, MessagesAnswer
from spanglass.wire.aws_event_stream import EXCEPTION, AwsEventStream
from spanglass.wire.bedrock_usage import read_error, read_metrics, read_times
from spanglass.wire.codec import Seen
from spanglass.wire.document import mapping, parse
from spanglass.wire.framing import Framing

_METRICS = "amazon-bedrock-invocationMetrics"
_METRICS_KEY = _METRICS.encode()
_VERSION = b'"anthropic_version"'  # Bedrock wants it; Amazon's own models too have messages with roles
_NOTHING = b"{}"


class InvokeAnswer(MessagesAnswer):
    """Reads the answer to one invocation of Claude."""

    def __init__(self, *, content: bool) -> None:
        super().__init__(content=content)
        self._measured: dict[str, object] = {}

    def event(self, name: str, data: bytes) -> Seen:
        """Take one event, unwrapped."""
        if name.startswith(EXCEPTION):
            self._error = read_error(parse(data) or {}, name.removeprefix(EXCEPTION) or "error")
            return Seen.CHUNK
        if _METRICS_KEY in data:
            self._measured = mapping((parse(data) or {}).get(_METRICS))
        return super().event(name, data)

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen so far.

        The answer's own name for the model is left out: it lacks the region, which the price depends on.
        """
        response = super().response(times=times, complete=complete)
        measured = self._measured
        return response._replace(
            model=None,
            usage=read_metrics(measured) if response.usage is None else response.usage,
            server_times=read_times(measured.get("invocationLatency")),
        )


class Invoke(Messages):
    """The codec of `/invoke` and `/invoke-with-response-stream` with Claude.

    Args:
        stream: Which of them; the body does not say it.
    """

    api = "invoke"

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:
        """Read what was asked; None where the body is not Claude's. The model stands in the path."""
        request = super().request(body, provider=provider, content=content) if _VERSION in body else None
        return None if request is None else request._replace(stream=self._stream)

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are Amazon event streams; a length comes first, so its first byte is 0. An error is a document."""
        return AwsEventStream(_unwrapped) if "eventstream" in content_type or first == 0 else None

    def answer(self, *, content: bool) -> InvokeAnswer:
        """Begin to read one answer."""
        return InvokeAnswer(content=content)


def _unwrapped(payload: bytes) -> bytes:
    """Return the event that a payload holds in base64; an empty one where it holds none."""
    wrapped = (parse(payload) or {}).get("bytes")
    if not isinstance(wrapped, str):
        return _NOTHING
    try:
        return b64decode(wrapped, validate=True)
    except (Error, ValueError):
        return _NOTHING


INVOKE = Invoke(stream=False)
INVOKE_STREAM = Invoke(stream=True)
