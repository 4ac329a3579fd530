"""Finds the whole id of a trace that is written as a list shows it."""

from __future__ import annotations

import re
from typing import Final

from spanglass.cli.asking import Asking
from spanglass.errors import ConfigurationError, NotFound

_WHOLE: Final = re.compile(r"[0-9a-f]{32}")
_SHORTENED: Final = re.compile(r"(?P<start>[0-9a-f]{4,31})(?:(?:…|\?|\.{2,3})(?P<end>[0-9a-f]{1,27}))?")
_PAGES: Final = 20
_PAGE: Final = "500"


def whole_id(ask: Asking, written: str, *, since: str) -> str:
    """Return the whole id that a shortened one means, among the newest 10,000 traces since a time.

    Raises:
        ConfigurationError: It is no id, or several traces have one like it.
        NotFound: No trace has.
        ServerUnavailable: The server cannot be asked.
    """
    identifier = written.strip().lower()
    if _WHOLE.fullmatch(identifier):
        return identifier
    shape = _SHORTENED.fullmatch(identifier)
    if shape is None:
        raise ConfigurationError(
            f"{identifier[:64]!r} is no trace id; one has 32 hex digits, or is shortened as in a list."
        )
    start, end = shape["start"], shape["end"] or ""
    cursor, fitting = None, list[str]()
    for _ in range(_PAGES):
        query = {"from": since, "limit": _PAGE, "cursor": cursor}
        page = ask.narrowed(query).ask("/api/v1/traces")
        ids = [row.text("trace_id") or "" for row in page.parts("traces")]
        fitting += [found for found in ids if found.startswith(start) and found.endswith(end)]
        cursor = page.text("next_cursor")
        if cursor is None:
            break
    if not fitting:
        raise NotFound(
            f"No trace since {since} has an id like {identifier}; look further back with --since, or write it whole."
        )
    if len(fitting) > 1:
        raise ConfigurationError(
            f"Several traces have an id like {identifier}, such as {' and '.join(fitting[:2])}. Write more of it."
        )
    return fitting[0]
