"""What a question is narrowed to, and the SQL conditions that say so."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.finding import find_text
from spanglass.server.query.language_sql import Condition
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter


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
        q: A query in the filter language; all of it must hold of one span.
    """

    service: str | None = None
    environment: str | None = None
    model: str | None = None
    status: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    feature: str | None = None
    text: str | None = None
    q: str | None = None


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
            found, parameters = find_text(filters.text, "text")
            self.spans.append(found)
            self.parameters.update(parameters)
        if filters.q is not None:
            asked = Condition(filters.q)
            self.spans.append(asked.sql)
            self.parameters.update(asked.parameters)

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
