"""Bytes made to take long or to fill the memory: what they cost grows with their number, not with its square."""

import json
import time
import tracemalloc

import pytest

from spanglass.wire.anthropic_messages import MESSAGES
from spanglass.wire.codec import Codec
from spanglass.wire.gemini_embeddings import BATCH_EMBED_CONTENTS
from spanglass.wire.meter import Meter
from spanglass.wire.openai_chat import CHAT_COMPLETIONS
from spanglass.wire.openai_embeddings import EMBEDDINGS
from spanglass.wire.recognise import Recognised

PIECE = 65_536


def meter_of(codec: Codec, content_type: str) -> Meter:
    """A meter of one answer."""
    call = Recognised("p", codec, known=True)
    return Meter(call, started_ns=0, status=200, content_type=content_type, content_encoding=None)


@pytest.mark.parametrize(
    ("codec", "content_type", "body"),
    [
        (CHAT_COMPLETIONS, "text/event-stream", b"data:\n" * 1_200_000 + b"\n"),
        (EMBEDDINGS, "application/json", b'{"data":[' + b'"embedding":[' * 400_000 + b"]}"),
        (BATCH_EMBED_CONTENTS, "application/json", b'{"values":[' + b"0.1," * 3_000_000),
        (BATCH_EMBED_CONTENTS, "application/json", b"{" + (b'"values"' + b" " * 1_000) * 14_000),
    ],
    ids=["lines of one event", "vectors in vectors", "a vector without end", "names without values"],
)
def test_time_follows_the_number_of_bytes(codec: Codec, content_type: str, body: bytes) -> None:
    """Some megabytes take less than a second or two; each of these took 15 s to minutes."""
    meter = meter_of(codec, content_type)
    began = time.process_time()
    for at in range(0, len(body), PIECE):
        meter.feed(body[at : at + PIECE], at)
        assert time.process_time() - began < 6
    assert meter.response().usage is None


def test_what_nobody_reads_of_a_usage_is_not_kept() -> None:
    """A stream whose every event counts something new under new names is held in no memory."""
    meter = meter_of(MESSAGES, "text/event-stream")
    meter.feed(b'data: {"type":"message_start","message":{"id":"m","usage":{"input_tokens":3}}}\n\n', 1)
    tracemalloc.start()
    try:
        for turn in range(20):
            usage = {"output_tokens": turn} | {f"{turn}_{place}": place for place in range(2_000)}
            event = {"type": "message_delta", "delta": {}, "usage": usage}
            meter.feed(b"data: " + json.dumps(event).encode() + b"\n\n", turn)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000
    assert (used := meter.response().usage) is not None
    assert (used.input_tokens, used.output_tokens) == (3, 19)
