"""Compressed bodies are unpacked piece by piece and given up as soon as they are too large."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from spanglass.errors import MalformedPayload, PayloadTooLarge, UnsupportedPayload

ENCODINGS = ("identity", "gzip", "deflate", "zstd")
_GZIP = 16 + zlib.MAX_WBITS
# Bytes unpacked in one go, few enough that even a bomb gives 16 MiB at most: zlib makes 1032 bytes of one, and zstd
# 128 KiB of a block of 4.
_ZLIB_AT_ONCE = 16 * 1024
_ZSTD_AT_ONCE = 512
_MOST_PARTS = 1024
_ZSTD_WINDOW = 8 * 1024 * 1024
"""The largest window RFC 8878 advises decoders to support; a frame may not make us hold more."""


class _Stream(Protocol):
    """A decompressor of one part; zlib's and zstandard's."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def inflate(body: bytes, encoding: str, *, limit: int) -> bytes:
    """Return a body as it was before its content encoding.

    Args:
        body: As received.
        encoding: The Content-Encoding header; empty means identity.
        limit: Bytes it may have afterwards.

    Raises:
        MalformedPayload: The body is not what the encoding says, or is cut.
        PayloadTooLarge: It is larger than the limit; no more than the limit was unpacked.
        UnsupportedPayload: The encoding is not one of `ENCODINGS`.
    """
    name = encoding.strip().lower() or "identity"
    if name == "identity":
        pieces: Iterator[bytes] = iter((body,))
    elif name in {"gzip", "x-gzip"}:
        pieces = _parts(body, lambda: zlib.decompressobj(_GZIP), _ZLIB_AT_ONCE, zlib.error)
    elif name == "deflate":
        pieces = _parts(body, zlib.decompressobj, _ZLIB_AT_ONCE, zlib.error)
    elif name == "zstd":
        import zstandard  # noqa: PLC0415 - most senders use gzip or nothing

        frames = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        pieces = _parts(body, frames.decompressobj, _ZSTD_AT_ONCE, zstandard.ZstdError)
    else:
        raise UnsupportedPayload(f"The content encoding {name!r:.40} is not spoken here; use {', '.join(ENCODINGS)}.")
    found: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise PayloadTooLarge(
                f"The body has more than {limit} bytes when decompressed; send smaller batches, or raise "
                "SPANGLASS_MAX_BODY_MIB."
            )
        found.append(piece)
    return found[0] if len(found) == 1 else b"".join(found)


def _parts(body: bytes, begin: Callable[[], _Stream], at_once: int, failure: type[Exception]) -> Iterator[bytes]:
    """Yield the pieces of a body's parts: gzip members or zstd frames, each of which must come to its end."""
    at = 0
    for _ in range(_MOST_PARTS):
        stream = begin()
        while not stream.eof:
            if at >= len(body):
                raise MalformedPayload("The compressed body is cut; nothing of it was kept.")
            piece = body[at : at + at_once]
            at += len(piece)
            try:
                unpacked = stream.decompress(piece)
            except failure as error:
                raise MalformedPayload(f"The body cannot be decompressed: {error}.") from error
            yield unpacked
        at -= len(stream.unused_data)
        if at >= len(body):
            return
    raise PayloadTooLarge(f"The compressed body has more than {_MOST_PARTS} parts; compress it as one.")
