"""Content encodings undone piece by piece, within a bound; a body that cannot be decoded is said so, never raised."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

MAX_DECODED = 256 * 1024 * 1024
"""Bytes one body may decode to; past it, it is given up as a bomb."""
_PIECE = 65_536
# A library without a limit of its own gets its input in sips, so that one sip cannot fill the memory: a byte of zstd
# makes at most 32 KiB; one of brotli may make megabytes, which only libraries before 1.2 do not bound.
_SIP = 256


class _Inflater(Protocol):
    """Undoes one encoding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes decode to, in bounded pieces; raises the library's own error."""


class _Gzip:
    """gzip, of one member or several."""

    _wbits = zlib.MAX_WBITS | 16

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(self._wbits)

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inner.eof:
                self._inner = zlib.decompressobj(self._wbits)
            piece = self._inner.decompress(data, _PIECE)
            if piece:
                yield piece
            data = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail


class _Deflate(_Gzip):
    """deflate: in zlib's wrapping as the standard says, or bare as some servers send it; two bytes tell."""

    _wbits = zlib.MAX_WBITS

    def __init__(self) -> None:
        super().__init__()
        self._head: bytes | None = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._head is not None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return
            self._head = None
            if data[0] & 15 != 8 or int.from_bytes(data[:2], "big") % 31:  # RFC 1950, section 2.2
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
        yield from super().decode(data)


class _Sipping:
    """A library whose decoder has no limit on its output."""

    def __init__(self, decode: Callable[[bytes], bytes]) -> None:
        self._decode = decode

    def decode(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _SIP):
            piece = self._decode(data[start : start + _SIP])
            if piece:
                yield piece


class _BoundedBrotli(Protocol):
    """What a decompressor of brotli or brotlicffi is, from 1.2 on."""

    def process(self, data: bytes, output_buffer_limit: int) -> bytes:
        """Take compressed data, and return output; none of either once there is no more."""


class _Brotli:
    """brotli, whose decoder holds back what is too much at once."""

    def __init__(self, inner: _BoundedBrotli) -> None:
        self._inner = inner

    def decode(self, data: bytes) -> Iterator[bytes]:
        # Whether output waits, it does not say: `can_accept_more_data` is about what was given.
        while piece := self._inner.process(data, output_buffer_limit=_PIECE):
            yield piece
            data = b""


def _brotli() -> _Inflater:
    for module in ("brotli", "brotlicffi"):
        try:
            inner = importlib.import_module(module).Decompressor()
        except ImportError:
            continue
        return _Brotli(inner) if hasattr(inner, "can_accept_more_data") else _Sipping(inner.process)
    raise LookupError("br needs the library brotli")


def _zstd() -> _Inflater:
    try:
        decode: Callable[[bytes], bytes] = (
            importlib.import_module("zstandard").ZstdDecompressor().decompressobj().decompress
        )
    except ImportError:
        pass
    else:
        return _Sipping(decode)
    for module in ("compression.zstd", "backports.zstd"):
        try:
            decode = importlib.import_module(module).ZstdDecompressor().decompress
        except ImportError:
            continue
        return _Sipping(decode)
    raise LookupError("zstd needs the library zstandard")


_ENCODINGS: dict[str, Callable[[], _Inflater]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _brotli,
    "zstd": _zstd,
}


class Decoder:
    """Undoes the encodings of one body.

    Attributes:
        unreadable: Why the body cannot be decoded, in a few words; None while it can.
    """

    __slots__ = ("_chain", "_decoded", "unreadable")

    def __init__(self, content_encoding: str) -> None:
        self.unreadable: str | None = None
        self._decoded = 0
        self._chain: list[_Inflater] = []
        # The header lists encodings in the order they were applied (RFC 9110, section 8.4).
        for name in reversed([part.strip().lower() for part in content_encoding.split(",")]):
            if name in ("", "identity"):
                continue
            make = _ENCODINGS.get(name)
            if make is None:
                self.unreadable = f"content-encoding {name[:32]} is not known"
                return
            try:
                self._chain.append(make())
            except LookupError as error:
                self.unreadable = f"content-encoding {error.args[0]}"
                return

    @property
    def plain(self) -> bool:
        """There is nothing to decode."""
        return not self._chain and self.unreadable is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes decode to, in bounded pieces; nothing once the body is unreadable."""
        if self.unreadable is not None:
            return
        try:
            for piece in self._through(data, 0):
                self._decoded += len(piece)
                if self._decoded > MAX_DECODED:
                    self.unreadable = f"it decodes to more than {MAX_DECODED >> 20} MiB"
                    return
                yield piece
        # Each library has an error class of its own, and they are imported lazily: zlib.error, brotli.error,
        # zstandard.ZstdError; all derive from Exception directly.
        except Exception as error:  # noqa: BLE001 - a foreign decoder on foreign bytes
            self.unreadable = f"its content-encoding is broken ({type(error).__name__})"

    def _through(self, data: bytes, stage: int) -> Iterator[bytes]:
        if stage == len(self._chain):
            yield data
            return
        for piece in self._chain[stage].decode(data):
            yield from self._through(piece, stage + 1)
