"""Ollama's embeddings, `/api/embed` and the older `/api/embeddings`; vectors are cut away unread.

Reference: github.com/ollama/ollama, docs/api.md. There are no streams. The older interface counts no tokens.
"""

from __future__ import annotations

import re

from spanglass.call import Request, Response, StreamTimes, Usage
from spanglass.wire.codec import Slots
from spanglass.wire.document import count, parse, text
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing
from spanglass.wire.ollama import is_request, read_server_times
from spanglass.wire.request import MAX_BODY
from spanglass.wire.unstreamed import UnstreamedAnswer

_VECTOR = re.compile(rb"\[[-+0-9.eE,\s]++\]")


class EmbeddingsAnswer(UnstreamedAnswer):
    """Reads the answer to one embeddings request."""

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen."""
        document = self._document
        tokens = count(document.get("prompt_eval_count"))
        return Response(
            model=text(document.get("model")),
            usage=None if tokens is None else Usage(tokens),
            complete=self.complete or complete,
            times=times,
            server_times=read_server_times(document),
            error_message=read_error(document)[1],  # Ollama's errors have no type: the status says more
        )


class Embed:
    """The codec of `/api/embed` and `/api/embeddings`."""

    api = "embed"
    operation = "embeddings"
    slots = Slots()

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:  # noqa: ARG002 - vectors have no messages
        """Read what was asked; None where the body has no model or nothing to embed."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not is_request(asked):
            return None
        given = asked.get("input", asked.get("prompt"))
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            return None
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            model=text(asked.get("model")),
            dimensions=count(asked.get("dimensions")),
            input_length=sum(len(one) for one in texts),
        )

    def framing(self, content_type: str, first: int) -> Framing | None:  # noqa: ARG002 - as the seam has it
        """There are no streams."""
        return None

    def answer(self, *, content: bool) -> EmbeddingsAnswer:  # noqa: ARG002 - vectors are never kept
        """Begin to read one answer."""
        return EmbeddingsAnswer()

    def condense(self, body: bytearray) -> None:
        """Cut whole vectors out of the body so far."""
        body[:] = _VECTOR.sub(b"0", body)


EMBED = Embed()
