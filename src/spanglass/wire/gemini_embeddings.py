"""Google's embeddings: embedContent, batchEmbedContents and Vertex AI's predict; vectors are cut away unread.

Reference: ai.google.dev/api/embeddings and Vertex AI's text embeddings. AI Studio's older models report no usage.
"""

from __future__ import annotations

import re

from spanglass.call import Request, Response, StreamTimes, Usage
from spanglass.wire.codec import Slots
from spanglass.wire.document import count, mapping, parse, rows, text
from spanglass.wire.error import read_error
from spanglass.wire.framing import Framing
from spanglass.wire.gemini_messages import input_length, read_field
from spanglass.wire.gemini_usage import read_usage
from spanglass.wire.request import MAX_BODY
from spanglass.wire.unstreamed import UnstreamedAnswer

_VECTOR = re.compile(rb'"values"\s*+:\s*+\[[^\[\]"{}]*+\]')


class EmbedAnswer(UnstreamedAnswer):
    """Reads the answer to one embeddings request."""

    def response(self, *, times: StreamTimes | None = None, complete: bool = False) -> Response:
        """Say what was seen."""
        document = self._document
        kind, message = read_error(document)
        return Response(
            id=text(document.get("responseId")),
            model=text(document.get("modelVersion")),
            usage=read_usage(mapping(document.get("usageMetadata")), said=True) or _predicted(document),
            complete=self.complete or complete,
            times=times,
            error_type=kind,
            error_message=message,
        )


class EmbedContent:
    """The codec of Google's embeddings.

    Args:
        api: Which of the three interfaces; they differ in where the texts stand.
    """

    operation = "embeddings"
    slots = Slots()

    def __init__(self, api: str) -> None:
        self.api = api

    def request(self, body: bytes, *, provider: str, content: bool) -> Request | None:  # noqa: ARG002 - vectors have no messages
        """Read what was asked; None where the body has nothing to embed."""
        asked = parse(body) if len(body) <= MAX_BODY else None
        if asked is None:
            return None
        if self.api == "predict":
            texts = [instance.get("content") for instance in rows(asked.get("instances"))]
            length = sum(len(said) for said in texts if isinstance(said, str))
            given: dict[str, object] = mapping(asked.get("parameters"))
        else:
            requests = rows(asked.get("requests")) if self.api == "batch_embed_contents" else [asked]
            texts = [one.get("content") for one in requests]
            length = input_length(texts)
            given = next(iter(requests), {})
        if not texts or not all(isinstance(one, str | dict) for one in texts):
            return None
        config = mapping(read_field(given, "embedContentConfig"))
        return Request(
            provider=provider,
            operation=self.operation,
            api=self.api,
            dimensions=count(read_field(given, "outputDimensionality") or read_field(config, "outputDimensionality")),
            input_length=length,
        )

    def framing(self, content_type: str, first: int) -> Framing | None:  # noqa: ARG002 - there are no streams
        """Return None: an answer is one document."""
        return None

    def answer(self, *, content: bool) -> EmbedAnswer:  # noqa: ARG002 - vectors are never kept
        """Begin to read one answer."""
        return EmbedAnswer()

    def condense(self, body: bytearray) -> None:
        """Cut whole vectors out of the body so far."""
        body[:] = _VECTOR.sub(b'"values":0', body)


def _predicted(document: dict[str, object]) -> Usage | None:
    """Return what Vertex AI's predict counted, which it does for each text."""
    counted = [
        count(mapping(mapping(one.get("embeddings")).get("statistics")).get("token_count"))
        for one in rows(document.get("predictions"))
    ]
    known = [tokens for tokens in counted if tokens is not None]
    return Usage(sum(known)) if known and len(known) == len(counted) else None


EMBED_CONTENT = EmbedContent("embed_content")
BATCH_EMBED_CONTENTS = EmbedContent("batch_embed_contents")
PREDICT = EmbedContent("predict")
