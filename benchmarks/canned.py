"""Canned servers for measurements, each cheap enough not to be what is measured: a provider and an OTLP sink.

`python -m benchmarks.canned provider|sink` listens on a free loopback port and prints it on the first line.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

MODEL = "gpt-4o-mini-2024-07-18"
USAGE = {
    "prompt_tokens": 245,
    "completion_tokens": 189,
    "total_tokens": 434,
    "prompt_tokens_details": {"cached_tokens": 128, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
ANSWER = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "All of it, measured. " * 20, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
    }
).encode()


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def stream(chunks: int) -> list[bytes]:
    """Return the events of a streamed answer with `chunks` pieces of content."""
    last = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": USAGE}
    return [
        _event({"role": "assistant", "content": ""}),
        *(_event({"content": f" word{number % 100}"}) for number in range(chunks)),
        _event({}, "stop"),
        b"data: " + json.dumps(last).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]


def provider_answer(body: bytes) -> bytes:
    """Return the whole HTTP answer to a chat request; model `bench-200` streams 200 pieces, each an HTTP chunk."""
    if b'"stream":true' not in body:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(ANSWER)}\r\n\r\n"
        return head.encode() + ANSWER
    named = re.search(rb"bench-(\d+)", body)
    pieces = stream(int(named.group(1)) if named else 20)
    head_bytes = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head_bytes + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def sink_answer(_body: bytes) -> bytes:
    """Return what an OTLP receiver says when all went well."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"


async def _serve(kind: str) -> None:
    answer = provider_answer if kind == "provider" else sink_answer

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length.group(1)) if length else 0)
                writer.write(answer(body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
