"""A request's body as bytes, where it can be had without taking it from the application."""

from __future__ import annotations


def sent(body: object) -> bytes | None:
    """Return the bytes of a body; None for a file or an iterator, which only its sender may read."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, bytearray):
        return bytes(body)
    return body.encode(errors="replace") if isinstance(body, str) else None
