"""Finding text in spans and in what was said in them: SQL conditions, whatever the case of the text."""

from __future__ import annotations

import json
from typing import Final

from spanglass.errors import QueryError
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter

MAX_TEXT: Final = 500
"""Longest text to search for, characters."""
_PLAIN: Final = ("name", "status_message")
_JSON: Final = ("attributes", "events")


def find_text(text: str, prefix: str) -> tuple[str, dict[str, Parameter]]:
    """Return the condition that a span holds a text anywhere, and its parameters, whose names begin with a prefix.

    Raises:
        QueryError: The text is empty or too long.
    """
    plain, *escaped = (f"{prefix}_{place}" for place in range(1 + len(in_json(text))))
    parameters = dict[str, Parameter](zip((plain, *escaped), (demand_text(text), *in_json(text)), strict=True))
    tests = [f"sg_contains_text({column}, ${plain})" for column in _PLAIN]
    said = [f"sg_contains_text({column}, ${name})" for column in _JSON for name in escaped]
    return "(" + "\n    OR ".join([*tests, *said, _kept_apart(said)]) + ")", parameters


def find_said(text: str, prefix: str) -> tuple[str, dict[str, Parameter]]:
    """Return the condition that a text was said in a span, and its parameters, whose names begin with a prefix.

    Raises:
        QueryError: The text is empty or too long.
    """
    parameters = dict[str, Parameter]({f"{prefix}_{place}": said for place, said in enumerate(in_json(text))})
    demand_text(text)
    return _kept_apart([f"sg_contains_text({column}, ${name})" for column in _JSON for name in parameters]), parameters


def demand_text(text: str) -> str:
    """Return a text that can be searched for.

    Raises:
        QueryError: It is empty or too long.
    """
    if not 0 < len(text) <= MAX_TEXT:
        raise QueryError(f"The text to find has {len(text)} characters; use 1 to {MAX_TEXT}.")
    return text


def _kept_apart(said: list[str]) -> str:
    contents = statement("contents_matching", condition="\n    OR ".join(said))
    return f"(span_id, start_ns) IN (\n{contents}\n)"


def in_json(text: str) -> tuple[str, ...]:
    """Return how a text is spelled in JSON text, and in JSON text inside JSON text (captured messages)."""
    once = json.dumps(text, ensure_ascii=False)[1:-1]
    twice = json.dumps(once, ensure_ascii=False)[1:-1]
    return tuple(dict.fromkeys((once, twice)))
