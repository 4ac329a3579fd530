"""Answers of a provider in all the ways that HTTP can go, for tests of what an application sees of them."""

import gzip
import zlib
from typing import Any

from scripted import Act, Answer

PATH = "/v1/chat/completions"
BODY: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
JSON = b'{"id": "c", "model": "gpt-4o-mini-2024-07-18", "choices": [], "usage": {"prompt_tokens": 1}}'
EVENTS = [b'data: {"id":"c","choices":[{"delta":{"content":"%d"}}]}\n\n' % n for n in range(5)]
SSE = {"content-type": "text/event-stream"}


def zipped(pieces: list[bytes]) -> list[bytes]:
    """Compress each piece by itself within one gzip stream, as providers flush events."""
    packer = zlib.compressobj(wbits=31)
    return [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces] + [packer.flush()]


ANSWERS = {
    "json": [Answer([JSON])],
    "gzip json": [Answer([gzip.compress(JSON)], headers={"content-encoding": "gzip"})],
    "broken gzip": [Answer([b"no gzip at all"], headers={"content-encoding": "gzip"})],
    "unknown encoding": [Answer([JSON], headers={"content-encoding": "x-own"})],
    "empty": [Answer()],
    "stream": [Answer([*EVENTS, b"data: [DONE]\n\n"], headers=SSE)],
    "gzip stream": [Answer(zipped([*EVENTS, b"data: [DONE]\n\n"]), headers={**SSE, "content-encoding": "gzip"})],
    "cut stream": [Answer([*EVENTS[:2], Act.CUT], headers=SSE)],
    "cut at once": [Answer([Act.CUT])],
    "refused": [Answer([b'{"error": {"code": "bad", "message": "No."}}'], 400)],
    "failed": [Answer([b"<html>oops"], 503, {"retry-after": "soon"})],
    "redirected": [Answer([b"there"], 307, {"location": "/v1/other/chat/completions"}), Answer([JSON])],
}
