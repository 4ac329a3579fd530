"""Compressed bodies are unpacked piece by piece and given up as soon as they are too large."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from spanglass.errors import MalformedPayload, PayloadTooLarge, UnsupportedPayload

ENCODINGS = ("identity", "gzip", "deflate", "zstd")
_PIECE = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_ZSTD_WINDOW = 8 * 1024 * 1024
"""The largest window RFC 8878 advises decoders to support; a frame may not make us hold more."""


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
        pieces = _zlib(body, _GZIP)
    elif name == "deflate":
        pieces = _zlib(body, zlib.MAX_WBITS)
    elif name == "zstd":
        pieces = _zstd(body)
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


def _zlib(body: bytes, window: int) -> Iterator[bytes]:
    """Yield the pieces of a zlib stream, or of the members of a gzip file."""
    rest = body
    while rest:
        stream = zlib.decompressobj(window)
        while not stream.eof:
            try:
                piece = stream.decompress(rest, _PIECE)
            except zlib.error as error:
                raise MalformedPayload(f"The body cannot be decompressed: {error}.") from error
            rest = stream.unconsumed_tail
            if not piece and not rest and not stream.eof:
                raise MalformedPayload("The compressed body is cut.")
            yield piece
        rest = stream.unused_data


def _zstd(body: bytes) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415 - most senders use gzip or nothing

    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(body, read_across_frames=True)
    try:
        while piece := reader.read(_PIECE):
            yield piece
    except zstandard.ZstdError as error:
        raise MalformedPayload(f"The body cannot be decompressed: {error}.") from error
