"""OpenAI's embeddings, as it and its imitators speak them; vectors are cut away unread.

Reference: platform.openai.com/docs/api-reference/embeddings. There are no streams.
"""

from __future__ import annotations

import re

from spanglass.call import Request, Response, StreamTimes, Usage
from spanglass.wire.codec import Slots
from spanglass.wire.document import count, mapping, parse, text
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing, server_sent
from spanglass.wire.openai_usage import read_cost, read_usage
from spanglass.wire.request import MAX_BODY
from spanglass.wire.unstreamed import UnstreamedAnswer

_VECTOR = re.compile(rb'"embedding"\s*:\s*(?=["\[])')
_ENDS = {ord("["): b"]", ord('"'): b'"'}


class EmbeddingsAnswer(UnstreamedAnswer):
    """Reads the answer to one embeddings request."""

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen."""
        document = self._document
        usage = document.get("usage")
        kind, message = read_error(document)
        return Response(
            id=text(document.get("id")),
            model=text(document.get("model")),
            usage=read_usage(usage) or _total(usage),
            complete=self.complete or complete,
            times=times,
            error_type=kind,
            error_message=message,
            reported_cost=read_cost(usage),
        )


class Embeddings:
    """The codec of `/embeddings`."""

    api = "embeddings"
    operation = "embeddings"
    slots = Slots()

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:  # noqa: ARG002 - vectors have no messages
        """Read what was asked; None where the body has no model or no input."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None or not isinstance(asked.get("model", ""), str) or "input" not in asked:
            return None
        encoding = text(asked.get("encoding_format"), 32)
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            model=text(asked.get("model")),
            dimensions=count(asked.get("dimensions")),
            encoding_formats=(encoding,) if encoding is not None else (),
            input_length=_length(asked["input"]),
        )

    def framing(self, content_type: str, first: int) -> Framing | None:
        """Streams are server-sent events."""
        return server_sent(content_type, first)

    def answer(self, *, content: bool) -> EmbeddingsAnswer:  # noqa: ARG002 - vectors are never kept
        """Begin to read one answer."""
        return EmbeddingsAnswer()

    def condense(self, body: bytearray) -> None:
        """Cut whole vectors, lists or base64 alike, out of the body so far."""
        kept, last = bytearray(), 0
        for found in _VECTOR.finditer(body):
            start = found.end()
            if start < last:
                continue
            end = body.find(_ENDS[body[start]], start + 1)
            if end < 0:
                break
            kept += body[last:start] + b"0"
            last = end + 1
        if last:
            kept += body[last:]
            body[:] = kept


def _total(usage: object) -> Usage | None:
    """Some hosts (Voyage, Jina) give a total alone, and all of it is input."""
    tokens = count(mapping(usage).get("total_tokens"))
    return None if tokens is None else Usage(tokens)


def _length(given: object) -> int | None:
    """Count the characters of a text or several; token ids say no length."""
    if isinstance(given, str):
        return len(given)
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        return None
    return sum(len(one) for one in given)


EMBEDDINGS = Embeddings()
