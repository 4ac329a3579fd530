"""Files that a command writes and reads: whole or not at all, gzip by their name."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from spanglass.errors import ConfigurationError

_STANDARD: Final = Path("-")


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Write a file that gets its name when the block has ended well; `-` is standard output.

    Raises:
        ConfigurationError: It cannot be written.
    """
    if path == _STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as plain:
            if path.suffix == ".gz":
                with gzip.open(plain, "wb", compresslevel=5) as packed:
                    yield packed
            else:
                yield plain
        partial.replace(path)
    except OSError as error:
        raise ConfigurationError(f"The file {path} cannot be written ({error.strerror}).") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Read a file, unpacked where its name ends in .gz; `-` is standard input.

    Raises:
        ConfigurationError: It cannot be read.
    """
    if path == _STANDARD:
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as plain:
            if path.suffix == ".gz":
                with gzip.open(plain, "rb") as unpacked:
                    yield unpacked
            else:
                yield plain
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"The file {path} cannot be read ({error}).") from error
