"""Headers in the forms that libraries hand them over, read and written one way; knows nothing of their meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from itertools import islice
from typing import TypeAlias, TypeVar

from opentelemetry.propagators.textmap import Getter, Setter

Written: TypeAlias = MutableMapping[str, str] | list[tuple[str, bytes]] | list[tuple[bytes, bytes]]
"""What can be written to: a dictionary, Kafka's list of (str, bytes), ASGI's list of (bytes, bytes)."""
C = TypeVar("C", MutableMapping[str, str], list[tuple[str, bytes]], list[tuple[bytes, bytes]])

_MOST_PAIRS = 1_000
_LONGEST_NAME = 256
_LONGEST_VALUE = 8_192  # what W3C Baggage allows at most; trace context is shorter


def read(carrier: object) -> dict[str, list[str]]:
    """Return headers by lower-case name; what is not a header, or is too long to be one of ours, is left out.

    Args:
        carrier: A mapping, name-value pairs, a WSGI environ or an ASGI scope; names and values are text or bytes.
    """
    found: dict[str, list[str]] = {}
    for pair in islice(_pairs(carrier), _MOST_PAIRS):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            continue
        name = _text(pair[0])
        if name is None or len(name) > _LONGEST_NAME:
            continue
        for value in pair[1] if isinstance(pair[1], list | tuple) else (pair[1],):
            text = _text(value)
            if text is not None and len(text) <= _LONGEST_VALUE:
                found.setdefault(_plain(name), []).append(text)
    return found


def _pairs(carrier: object) -> Iterator[object]:
    if isinstance(carrier, Mapping):
        headers = carrier.get("headers")
        # An ASGI scope is told by its type; its headers are pairs.
        if "type" in carrier and isinstance(headers, list | tuple):
            yield from headers
            return
        yield from carrier.items()
    elif hasattr(carrier, "items"):  # werkzeug's headers are no mapping
        yield from carrier.items()
    elif isinstance(carrier, Iterable) and not isinstance(carrier, str | bytes):
        yield from carrier


def _plain(name: str) -> str:
    """A WSGI environ says HTTP_X_NAME for x-name."""
    return name[5:].replace("_", "-").lower() if name.startswith("HTTP_") else name.lower()


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value[: _LONGEST_VALUE + 1]).decode("utf-8", "replace")
    return None


class HeaderGetter(Getter[dict[str, list[str]]]):
    """Reads what `read` returned; names are not case-sensitive."""

    def get(self, carrier: dict[str, list[str]], key: str) -> list[str] | None:
        """Return the values of a header, None where there is none."""
        return carrier.get(key.lower())

    def keys(self, carrier: dict[str, list[str]]) -> list[str]:
        """Return the names of all headers."""
        return list(carrier)


class HeaderSetter(Setter[Written]):
    """Writes a header in the carrier's own form, in the place of one of the same name."""

    def set(self, carrier: Written, key: str, value: str) -> None:
        """Set a header."""
        if isinstance(carrier, list):
            _replace(carrier, key, value)
        else:
            carrier[key] = value


def _replace(pairs: list[tuple[str, bytes]] | list[tuple[bytes, bytes]], name: str, value: str) -> None:
    # Lists are rebuilt in place: the caller, or the library, holds on to this one.
    binary = bool(pairs) and isinstance(pairs[0][0], bytes)
    kept: list[tuple[str | bytes, bytes]] = [pair for pair in pairs if (_text(pair[0]) or "").lower() != name.lower()]
    kept.append((name.encode() if binary else name, value.encode()))
    pairs[:] = kept  # type: ignore[assignment] # of the same kind as before, or of text where it was empty
