"""Queries of addresses that stand in some text: they may hold keys, as Google's `?key=`, and are not recorded."""

from __future__ import annotations

import re

_QUERY = re.compile(r"(?<=[\w/:])\?[\w.~%+-]++=[^\s\"'<>)]*+")


def without_queries(text: str) -> str:
    """Return the text with the query of each address in it cut out."""
    return _QUERY.sub("?…", text) if "?" in text else text
