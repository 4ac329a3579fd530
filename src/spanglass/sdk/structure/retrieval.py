"""Retrieval: what is looked up for a model, in a vector store, an index or a database."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import overload

from opentelemetry.trace import SpanKind

from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.guard import safely
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.sdk.structure.written import written
from spanglass.semconv import attributes as attr
from spanglass.wire.capture import Allowance

_guard = safely("structure.retrieval")
_QUERIES = ("query", "question", "text", "q")


class RetrievalRun(Run):
    """One retrieval.

    Args:
        name: The source retrieved from.
        top_k: Documents asked for.
        query: What is searched for.
    """

    operation = "retrieval"
    kind = SpanKind.CLIENT

    def __init__(self, name: str | None, top_k: int | None, query: str | None) -> None:
        super().__init__(name)
        self._top_k = top_k
        self._query = query
        self._count: int | None = None

    @_guard
    def called(self, arguments: Mapping[str, object]) -> None:
        """Record the query of a decorated function: its argument `query`, or else the first text."""
        named = [arguments[name] for name in _QUERIES if isinstance(arguments.get(name), str)]
        texts = named or [value for value in arguments.values() if isinstance(value, str)]
        if texts and self._query is None:
            self._query = str(texts[0])

    @_guard
    def returned(self, value: object) -> None:
        """Record what was found: how many, and where content is recorded the documents as JSON text.

        Args:
            value: A list of documents, as the store returns them: mappings with `id` and `score`, objects, texts.
        """
        if isinstance(value, Sized) and not isinstance(value, str | bytes | Mapping):
            self._count = len(value)
        if self.wants_content:
            self.span.set_attribute(attr.RETRIEVAL_DOCUMENTS, written(value))

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        attributes: Attributes = {attr.OPERATION: self.operation}
        if self.name is not None:
            attributes[attr.DATA_SOURCE_ID] = self.name
        if self._top_k is not None:
            attributes[attr.RETRIEVAL_TOP_K] = self._top_k
        return attributes

    def _results(self) -> Attributes:
        results: Attributes = {}
        if self._count is not None:
            results[attr.RETRIEVAL_COUNT] = self._count
        if self._query is not None and self._content:
            results[attr.RETRIEVAL_QUERY] = Allowance().cut(self._query)
        return results


@overload
def retrieval(data_source: Decorated, /) -> Decorated: ...
@overload
def retrieval(
    data_source: str | None = None, *, top_k: int | None = None, query: str | None = None
) -> Unit[RetrievalRun]: ...
def retrieval(
    data_source: Decorated | str | None = None, *, top_k: int | None = None, query: str | None = None
) -> Decorated | Unit[RetrievalRun]:
    """Record a retrieval; a decorator, and a context manager.

    Its span is `retrieval {data_source}`, of kind CLIENT (OpenTelemetry GenAI conventions). Query and documents are
    recorded where content is: those of a decorated function by themselves, those of `with retrieval(...) as
    found` by `query=` and `found.returned(documents)`. How many were found is recorded always.

    Args:
        data_source: What is retrieved from; the function's name by default.
        top_k: How many documents are asked for.
        query: What is searched for.
    """
    return unit(data_source, lambda called, _: RetrievalRun(called, top_k, query))
