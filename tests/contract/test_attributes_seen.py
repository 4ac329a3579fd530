"""Which attributes spans have, the same on every engine."""

from __future__ import annotations

import pytest

from records import SECOND, T0, batch, call, span
from spanglass.errors import QueryError
from spanglass.server.query.attributes_seen import MOST_NAMES, SAMPLE, AttributeSeen, attributes_seen
from spanglass.server.query.filters import Filters
from spanglass.server.store.protocol import Store

END = T0 + 100_000 * SECOND


def test_names_come_with_kinds_counts_and_examples(store: Store) -> None:
    """The most frequent name is first; examples are what a query is compared with, and tell nothing that was said."""
    store.write(
        [
            batch(
                span(1, 1, attributes={"http.route": "/a", "code": 200, "ok": True, "tags": ["x", "y", 3]}),
                span(1, 2, attributes={"http.route": "/b", "code": 404, "deep": {"a": 1}, "long": "z" * 200}),
                span(1, 3, attributes={"http.route": "/b", "gen_ai.output.messages": "Secret", "a.content": "x"}),
                call(1, 4),
            )
        ]
    )
    answer = attributes_seen(store, start_ns=T0, end_ns=END)

    assert answer.attributes == (
        AttributeSeen(name="process.pid", of="resource", kind="number", spans=4, examples=("7",)),
        AttributeSeen(name="service.name", of="resource", kind="text", spans=4, examples=("shop",)),
        AttributeSeen(name="http.route", of="span", kind="text", spans=3, examples=("/b", "/a")),
        AttributeSeen(name="code", of="span", kind="number", spans=2, examples=answer.attributes[3].examples),
        AttributeSeen(name="deep", of="span", kind="object", spans=1, examples=()),
        AttributeSeen(name="long", of="span", kind="text", spans=1, examples=()),
        AttributeSeen(name="ok", of="span", kind="flag", spans=1, examples=("true",)),
        AttributeSeen(name="tags", of="span", kind="list", spans=1, examples=("x", "y")),
    )
    assert set(answer.attributes[3].examples) == {"200", "404"}
    assert (answer.sampled, answer.complete, answer.searched_back_to) == (4, True, T0 / SECOND)


def test_names_are_narrowed(store: Store) -> None:
    """Filters choose spans, and a text chooses names, whatever its case."""
    store.write(
        [batch(span(1, 1, name="a", attributes={"App.One": 1, "app.two": 2}), span(1, 2, attributes={"app.one": 3}))]
    )
    answer = attributes_seen(store, start_ns=T0, end_ns=END, filters=Filters(q="name:a"), holds="APP.O")

    assert [(one.name, one.spans) for one in answer.attributes] == [("App.One", 1)]


def test_a_sample_says_that_it_is_one(store: Store) -> None:
    """Of more spans than are read the newest are, and the answer says how many; of names the most frequent."""
    names = {f"app.n{number:04}": number for number in range(MOST_NAMES + 5)}
    spans = [span(1, number, at=number, attributes={"old": 1}) for number in range(1, 100)]
    spans += [span(1, number, at=number, attributes={"new": 1}) for number in range(100, 100 + SAMPLE)]
    store.write([batch(*spans, span(1, 9_999, at=9_999, attributes=names))])
    answer = attributes_seen(store, start_ns=T0, end_ns=END)

    assert (answer.sampled, answer.complete, len(answer.attributes)) == (SAMPLE, False, MOST_NAMES)
    assert answer.attributes[2].name == "new"
    assert "old" not in {one.name for one in answer.attributes}
    with pytest.raises(QueryError):
        attributes_seen(store, start_ns=END, end_ns=END)
