"""Text that others sent, made safe for a terminal: what would act there, or act unseen, is written out."""

from __future__ import annotations

import re
from typing import Final

# Controls (ESC begins commands to the terminal), marks that turn the direction of what follows, separators of lines,
# tags and zero-width marks that nobody sees, and halves of pairs, which have no bytes.
_ACTS: Final = (
    "\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff"
)
_ONE_LINE: Final = re.compile(f"[{_ACTS}]")
_LINES: Final = re.compile(f"(?![\n\t])[{_ACTS}]")
_SHORT: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def seen(text: str) -> str:
    r"""Return a text as one line, with what would act written out, such as \u001b or \n."""
    return _ONE_LINE.sub(_written, text)


def lines(text: str) -> str:
    """Return a text of several lines, with what would act written out."""
    return _LINES.sub(_written, text)


def document(text: str) -> str:
    """Return a JSON document that says the same, with what would act inside its texts escaped."""
    return _DOCUMENT.sub(_escaped, text)


def ascii_document(text: str) -> str:
    """Return a JSON document that says the same in ASCII."""
    return _BEYOND_ASCII.sub(_escaped, text)


def headline(text: str, limit: int = 300) -> str:
    """Return the start of a text as one line."""
    return seen(f"{text[:limit]}…" if len(text) > limit else text)


def short(identifier: str, keep: int = 6) -> str:
    """Return an id, shortened in the middle: 4bf92f…0e4736."""
    whole = seen(identifier)
    return whole if len(whole) <= keep * 2 + 1 else f"{whole[:keep]}…{whole[-keep:]}"


_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_DOCUMENT: Final = re.compile(f"(?![\n\t\r])[{_ACTS}]")


def _written(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or _escaped(found)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
