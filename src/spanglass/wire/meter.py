"""One exchange's answer as its bytes arrive: what it says so far and when its chunks came; decodes through a codec.

A *chunk* is one event of the stream that carries data; marks such as `[DONE]`, comments and pings are none. A chunk
arrives with the piece of bytes that ends it. Several chunks in one piece arrive together, so a *gap* is the time
between two pieces that each ended at least one chunk: what a reader of the stream waits for.
"""

from __future__ import annotations

from spanglass.call import Response, StreamTimes
from spanglass.wire.codec import Answer, Seen
from spanglass.wire.encoding import Decoder
from spanglass.wire.framing import Framing, read_event
from spanglass.wire.recognise import Recognised
from spanglass.wire.skim import Shape, Shapes, measure

MAX_DOCUMENT = 16 * 1024 * 1024
"""Bytes of a body that is no stream which are held; a larger one is unreadable."""
_CONDENSE_EVERY = 65_536
_STREAM_TYPES = ("text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream")
_MARK_ROOM = 64
_RUN = 512  # texts of skimmed chunks that are held before they are measured together
_BLANK = b" \t\r\n\xef\xbb\xbf"


class Meter:
    """Reads one answer, streamed or not, fed in any split; never raises, whatever the bytes.

    `feed` belongs to one thread at a time. `response` may be asked at any time, repeatedly.
    """

    def __init__(
        self,
        recognised: Recognised,
        *,
        started_ns: int,
        status: int,
        content_type: str | None,
        content_encoding: str | None,
        content: bool = False,
    ) -> None:
        """Begin with the response's head.

        Args:
            recognised: The request's recognition, which brings the codec.
            started_ns: When the request was sent.
            status: HTTP status of the response.
            content_type: Its content type, where it has one.
            content_encoding: Its content encoding, where it has one.
            content: Also keep texts and tool arguments, for `Response.output_messages`.
        """
        self._codec = recognised.codec
        self._started_ns = started_ns
        self._status = status
        self._content = content
        self._content_type = (content_type or "").lower()
        decoder = Decoder(content_encoding) if content_encoding else None
        self._decoder = None if decoder is None or decoder.plain else decoder
        self._stream: Framing | None = None
        self._body: bytearray | None = None
        self._oversize = False
        self._condense_at = _CONDENSE_EVERY
        self._answer: Answer = self._codec.answer(content=content)
        self._read_bytes = 0
        self._shapes = Shapes(self._codec.slots)
        self._shape: Shape | None = None  # what the next piece most likely is; None unless it begins with a new event
        # The run of chunks that were skimmed and that the answer has not been told of.
        self._said: list[bytes] = []
        self._counts: bytes | None = None  # the last chunk with running counts among them
        # Chunks, and pieces that ended some; those that `feed` itself skimmed, one a piece, are counted apart.
        self._skimmed = 0
        self._chunks = 0
        self._arrivals = 0
        self._first_ns = 0
        self._last_ns = 0
        self._gap_max_ns = 0
        self._first_token_ns: int | None = None

    def feed(self, data: bytes, now_ns: int) -> None:
        """Take the next bytes of the body, still content-encoded, and when they arrived (same clock as started_ns)."""
        shape = self._shape
        if shape is not None and data.startswith(shape.prefix):
            found = shape.only(data)
            if found is not None:
                said = self._said
                said.append(found)
                if shape.cumulative:
                    self._counts = data
                if len(said) > _RUN:
                    self._settle()
                self._skimmed += 1
                gap = now_ns - self._last_ns
                if gap > self._gap_max_ns:  # noqa: PLR1730 - a call of max would cost the hot path 60 ns
                    self._gap_max_ns = gap
                self._last_ns = now_ns
                return
        self._feed(data, now_ns)

    def _feed(self, data: bytes, now_ns: int) -> None:
        decoder = self._decoder
        if self._oversize:
            return  # nothing of it is read any more, so nothing is decoded: a bomb costs no further time
        if decoder is None:
            chunks = self._take(data, now_ns)
        else:
            chunks = sum([self._take(piece, now_ns) for piece in decoder.feed(data)])
        if not chunks:
            return
        if self._arrivals:
            self._gap_max_ns = max(self._gap_max_ns, now_ns - self._last_ns)
        else:
            self._first_ns = now_ns
        self._last_ns = now_ns
        self._chunks += chunks
        self._arrivals += 1

    def _take(self, data: bytes, now_ns: int) -> int:
        """Take decoded bytes; return how many chunks they ended."""
        stream = self._stream
        if stream is None:
            stream = self._begin(data)
            if stream is None:
                return 0
            data = data.lstrip(_BLANK)
        chunks, at = 0, 0
        if stream.idle:
            while (found := self._shapes.find(data, at)) is not None:
                self._skim(found[1], data[at : found[0]])
                at = found[0]
                chunks += 1
        if at < len(data):
            for block in stream.feed(data[at:] if at else data):
                found = self._shapes.find(block, 0)
                if found is None:
                    chunks += self._read(block, now_ns)
                else:
                    self._skim(found[1], block)
                    chunks += 1
        if self._decoder is None:
            self._shape = self._shapes.current if stream.idle else None
        return chunks

    def _begin(self, data: bytes) -> Framing | None:
        """See by its first bytes whether the body is a stream; keep them where it is not."""
        if self._body is None:
            data = data.lstrip(_BLANK)
            if not data:
                return None
            self._stream = self._codec.framing(self._content_type, data[0])
            if self._stream is not None:
                return self._stream
            self._body = bytearray()
        self._keep(data)
        return None

    def _skim(self, said: bytes, block: bytes) -> None:
        shape = self._shapes.current
        if shape is not None and shape.cumulative:
            self._counts = block
        self._said.append(said)
        if len(self._said) > _RUN:
            self._settle()

    def _read(self, block: bytes, now_ns: int) -> int:
        """Decode one block."""
        event = read_event(block)
        if event is None:
            return 0
        self._settle()
        answer = self._answer
        before = answer.length
        seen = answer.event(*event)
        if seen is Seen.MARK:
            return 0
        if seen is Seen.CONTENT:
            if self._first_token_ns is None:
                self._first_token_ns = now_ns - self._started_ns
            if not self._content:
                self._shapes.learn(block, answer.length - before, hits=self._skimmed + self._chunks)
        return 1

    def _settle(self) -> None:
        """Tell the answer of the chunks skimmed since it was last told."""
        if self._said or self._counts is not None:
            event = read_event(self._counts) if self._counts is not None else None
            self._answer.skimmed(measure(self._said), event[1] if event is not None else None)
            self._said.clear()
            self._counts = None

    def _keep(self, data: bytes) -> None:
        body = self._body
        if body is None or self._oversize:
            return
        body += data
        if len(body) >= self._condense_at:
            self._codec.condense(body)
            # Twice what is left: a body that cannot be condensed is not gone through again for every piece of it.
            self._condense_at = 2 * len(body) + _CONDENSE_EVERY
        if len(body) > MAX_DOCUMENT:
            self._oversize = True
            body.clear()

    @property
    def unreadable(self) -> str | None:
        """Why the body cannot be read, in a few words; None while it can."""
        if self._oversize:
            return f"it is larger than {MAX_DOCUMENT >> 20} MiB"
        return None if self._decoder is None else self._decoder.unreadable

    @property
    def complete(self) -> bool:
        """The answer's terminal event, or its whole body, was seen."""
        if self._stream is None:
            self._read_document()
        return self._answer.complete or self._ends_in_mark()

    def response(self) -> Response:
        """Say what the bytes so far say; `times` is set for a stream, the rest as `call.Response` says."""
        if self._stream is None:
            self._read_document()
        self._settle()
        if self._stream is not None:
            return self._answer.response(times=self._times(), complete=self._ends_in_mark())
        response = self._answer.response(
            times=StreamTimes() if self._body is None and self._announced_stream() else None
        )
        if self._status < 400 and response.error_type is None and response.error_message is not None:
            return response._replace(error_message=None)
        return response

    def _announced_stream(self) -> bool:
        return self._content_type.startswith(_STREAM_TYPES)

    def _read_document(self) -> None:
        """Read the body anew where it has grown: half a document says nothing, a whole one all."""
        body = self._body
        if body is None or len(body) == self._read_bytes:
            return
        # The first answer is still blank.
        answer = self._codec.answer(content=self._content) if self._read_bytes else self._answer
        self._read_bytes = len(body)
        if body.rstrip().endswith((b"}", b"]")):
            self._codec.condense(body)
            self._read_bytes = len(body)
            answer.document(bytes(body))
        self._answer = answer

    def _ends_in_mark(self) -> bool:
        """Some servers close right after `data: [DONE]`, without the empty line that would end the event."""
        rest = self._stream.rest(_MARK_ROOM) if self._stream is not None else b""
        event = read_event(rest) if rest else None
        if event is None:
            return False
        mark = self._codec.answer(content=False)
        return mark.event(*event) is Seen.MARK and mark.complete

    def _times(self) -> StreamTimes:
        if not self._chunks:
            return StreamTimes()
        gaps = self._arrivals + self._skimmed - 1
        return StreamTimes(
            first_chunk_ns=self._first_ns - self._started_ns,
            first_token_ns=self._first_token_ns,
            chunks=self._chunks + self._skimmed,
            gap_mean_ns=(self._last_ns - self._first_ns) // gaps if gaps else None,
            gap_max_ns=self._gap_max_ns if gaps else None,
        )
