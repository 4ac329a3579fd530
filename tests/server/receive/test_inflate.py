"""Content encodings: round trips, cut bodies, bombs."""

import gzip
import random
import time
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from spanglass.errors import MalformedPayload, PayloadTooLarge, ReceiveError, UnsupportedPayload
from spanglass.server.receive.inflate import inflate

MIB = 1024 * 1024
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
    "": bytes,
}
COMPRESSED = ("gzip", "deflate", "zstd")


@pytest.mark.parametrize("encoding", COMPRESS)
@given(body=st.binary(max_size=5000))
def test_what_was_compressed_comes_back(encoding: str, body: bytes) -> None:
    """Every encoding gives the bytes that went in."""
    assert inflate(COMPRESS[encoding](body), encoding, limit=MIB) == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_in_several_parts_is_read_whole(encoding: str) -> None:
    """Gzip members and zstd frames, one after the other, are one body."""
    assert inflate(COMPRESS[encoding](b"one ") + COMPRESS[encoding](b"two"), encoding, limit=MIB) == b"one two"


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_bomb_is_cut_short(encoding: str) -> None:
    """A small body that grows over the limit is refused after the limit, not after all of it was made."""
    bomb = COMPRESS[encoding](bytes(512 * MIB))
    began = time.perf_counter()

    with pytest.raises(PayloadTooLarge, match="SPANGLASS_MAX_BODY_MIB"):
        inflate(bomb, encoding, limit=MIB)

    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_limit_is_inclusive(encoding: str) -> None:
    """A body of exactly the limit is accepted, one byte more is not."""
    assert inflate(COMPRESS[encoding](bytes(MIB)), encoding, limit=MIB) == bytes(MIB)
    with pytest.raises(PayloadTooLarge):
        inflate(COMPRESS[encoding](bytes(MIB + 1)), encoding, limit=MIB)


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("body", [b"abc" * 1000, random.Random(1).randbytes(3000)], ids=["small", "incompressible"])
def test_a_body_cut_anywhere_is_refused(encoding: str, body: bytes) -> None:
    """A compressed body that ends early, wherever, is an error, not a shorter body."""
    whole = COMPRESS[encoding](body)
    for cut in range(0, len(whole), max(1, len(whole) // 200)):
        with pytest.raises(MalformedPayload):
            inflate(whole[:cut], encoding, limit=MIB)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_of_very_many_parts_is_refused_soon(encoding: str) -> None:
    """Each part costs more than its bytes, so there may not be a hundred thousand."""
    with pytest.raises(PayloadTooLarge, match="parts"):
        inflate(COMPRESS[encoding](b"") * 100_000, encoding, limit=MIB)


@pytest.mark.parametrize("encoding", COMPRESSED)
@given(body=st.binary(min_size=1, max_size=200))
def test_garbage_is_refused_or_read_and_nothing_else(encoding: str, body: bytes) -> None:
    """Bytes that are no compressed body end in an error of the receive family, or in bytes."""
    try:
        result = inflate(body, encoding, limit=MIB)
    except ReceiveError:
        return
    assert isinstance(result, bytes)


def test_a_window_larger_than_advised_is_refused() -> None:
    """A zstd frame may not make the server hold hundreds of MiB to look back at."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = stream.compress(bytes(MIB)) + stream.flush()

    with pytest.raises(MalformedPayload):
        inflate(frame, "zstd", limit=16 * MIB)


def test_an_unknown_encoding_is_refused_by_name() -> None:
    """The message says which encodings are spoken."""
    with pytest.raises(UnsupportedPayload, match="'br' is not spoken here; use identity, gzip, deflate, zstd"):
        inflate(b"", "br", limit=MIB)
