"""How much one export request may ask of the server; a table of numbers."""

from __future__ import annotations

from dataclasses import dataclass

SHARED = 1024
"""Characters of a name that many items share, and so repeat in their rows; what is longer is cut there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on one export request.

    Attributes:
        body_bytes: The body, decompressed; more is refused.
        items: Spans with their events and links, log records or metric points; more is refused.
        depth: Nesting of an attribute's value; more is refused.
        attributes: Attributes of one item; further ones are left out and the sender is told.
        elements: Elements of arrays, entries of maps and buckets, all values together; more is refused.
        point_bytes: One data point; more is refused.
        body_s: Seconds in which the body must arrive.
    """

    body_bytes: int = 16 * 1024 * 1024
    items: int = 100_000
    depth: int = 32
    attributes: int = 1024
    elements: int = 500_000
    point_bytes: int = 1024 * 1024
    body_s: float = 30.0
