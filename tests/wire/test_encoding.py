import gzip
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from spanglass.wire import encoding
from spanglass.wire.encoding import Decoder


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "DEFLATE": bare_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    "identity": bytes,
}


def fed(decoder: Decoder, data: bytes, step: int) -> bytes:
    return b"".join(piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step]))


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_every_encoding_is_undone_at_every_step(name: str, step: int) -> None:
    """However the packed bytes are cut, what was packed comes out."""
    data = b"data: hello\n\n" * 500
    decoder = Decoder(name)
    assert fed(decoder, PACKERS[name](data), step) == data
    assert decoder.unreadable is None


def test_gzip_of_several_members_is_read_on() -> None:
    """A server that flushes by ending a member starts another."""
    assert fed(Decoder("gzip"), gzip.compress(b"one") + gzip.compress(b"two"), 5) == b"onetwo"


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.integers(1, 50))
def test_corrupt_bytes_are_said_not_raised(data: bytes, name: str, step: int) -> None:
    """Garbage under an encoding gives bytes or a reason, never an exception."""
    decoder = Decoder(name)
    fed(decoder, data, step)
    if decoder.unreadable is not None:
        assert decoder.unreadable.startswith("its content-encoding is broken")
        assert fed(decoder, b"more", 1) == b""


def test_a_bomb_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound on decoded bytes a body is unreadable, whatever its encoding."""
    monkeypatch.setattr(encoding, "MAX_DECODED", 1_000_000)
    for name in ("gzip", "deflate", "br", "zstd"):
        decoder = Decoder(name)
        size = sum(len(piece) for piece in decoder.feed(PACKERS[name](bytes(4_000_000))))
        assert size <= 1_000_000
        assert decoder.unreadable == "it decodes to more than 0 MiB"


@pytest.mark.parametrize(
    ("name", "most"), [("gzip", 1 << 16), ("deflate", 1 << 16), ("br", 1 << 18), ("zstd", 1 << 23)]
)
def test_a_few_bytes_never_fill_the_memory_at_once(name: str, most: int) -> None:
    """What much was packed into comes out in pieces, however few bytes that was."""
    packed = PACKERS[name](bytes(1 << 25))
    assert max(len(piece) for piece in Decoder(name).feed(packed)) <= most


def test_an_unknown_encoding_is_named() -> None:
    """What cannot be decoded is said with its name, and nothing comes out."""
    decoder = Decoder("gzip, rot13")
    assert fed(decoder, b"abc", 1) == b""
    assert decoder.unreadable == "content-encoding rot13 is not known"
