"""What a question is narrowed to, and the SQL conditions that say so."""

from __future__ import annotations

import json
from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter

MAX_TEXT: Final = 500
"""Longest text to search for, characters."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What a question is narrowed to; None means any.

    Attributes:
        service: A service's name.
        environment: A deployment environment.
        model: A model asked for or a model that answered.
        status: error or ok.
        user_id: A user.
        session_id: A session.
        feature: A feature.
        text: Text to find, whatever its case, in names, attributes, events and status messages.
    """

    service: str | None = None
    environment: str | None = None
    model: str | None = None
    status: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    feature: str | None = None
    text: str | None = None


ANY: Final = Filters()

_EQUAL: Final = {
    "service": "service = $service",
    "environment": "environment = $environment",
    "model": "(response_model = $model OR request_model = $model)",
    "user_id": "user_id = $user_id",
    "session_id": "session_id = $session_id",
    "feature": "feature = $feature",
}
_STATUS: Final = {"error": "status = 'error'", "ok": "status <> 'error'"}
_PLAIN: Final = ("name", "status_message")
_JSON: Final = ("attributes", "events")


class Conditions:
    """Conditions on spans, one a filter that is set, and their parameters."""

    def __init__(self, filters: Filters) -> None:
        """Read the filters.

        Raises:
            QueryError: A filter has a value that cannot be asked for.
        """
        if filters.status is not None and filters.status not in _STATUS:
            raise QueryError(f"The status filter is {filters.status!r}; use error or ok.")
        self.status = filters.status
        self.spans = [sql for name, sql in _EQUAL.items() if getattr(filters, name) is not None]
        self.parameters: dict[str, Parameter] = {
            name: getattr(filters, name) for name in _EQUAL if getattr(filters, name) is not None
        }
        if filters.text is not None:
            self.spans.append(self._find(filters.text))

    def each_span(self) -> str:
        """Return what narrows a statement to spans that satisfy every condition."""
        conditions = self.spans if self.status is None else [*self.spans, _STATUS[self.status]]
        return "".join(f"\n  AND {condition}" for condition in conditions)

    def some_span(self) -> str:
        """Return what narrows a statement to traces that satisfy each condition by some span in the range."""
        return "".join(
            f"\n  AND trace_key IN (\n{statement('traces_matching', condition=condition)}\n)"
            for condition in self.spans
        )

    def _find(self, text: str) -> str:
        if not 0 < len(text) <= MAX_TEXT:
            raise QueryError(f"The text to find has {len(text)} characters; use 1 to {MAX_TEXT}.")
        plain, *escaped = (f"text_{place}" for place in range(1 + len(_in_json(text))))
        self.parameters.update(zip((plain, *escaped), (text, *_in_json(text)), strict=True))
        tests = [f"sg_contains_text({column}, ${plain})" for column in _PLAIN]
        said = [f"sg_contains_text({column}, ${name})" for column in _JSON for name in escaped]
        kept_apart = statement("contents_matching", condition="\n    OR ".join(said))
        return "(" + "\n    OR ".join([*tests, *said, f"(span_id, start_ns) IN (\n{kept_apart}\n)"]) + ")"


def _in_json(text: str) -> tuple[str, ...]:
    """Return how a text is spelled in JSON text, and in JSON text inside JSON text (captured messages)."""
    once = json.dumps(text, ensure_ascii=False)[1:-1]
    twice = json.dumps(once, ensure_ascii=False)[1:-1]
    return tuple(dict.fromkeys((once, twice)))
