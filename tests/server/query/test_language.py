"""The filter language: any text is read or refused with a place, and a tree that is written reads back the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from parts import ROOT
from spanglass.errors import QueryError
from spanglass.server.query.language import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    AllOf,
    AnyOf,
    Compare,
    Node,
    Not,
    Words,
    all_of,
    any_of,
    negated,
    parse,
    render,
)
from spanglass.server.query.language_fields import FIELDS
from spanglass.server.query.language_sql import Condition

SAID = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
WORTH_FINDING = SAID.filter(str.strip)
FIELD = st.sampled_from([*FIELDS, "http.route", "attr.x"]) | SAID
VALUES = st.lists(SAID, min_size=1, max_size=3).map(tuple)
ORDERED = st.builds(Compare, FIELD, st.sampled_from(["<", "<=", ">", ">="]), st.tuples(SAID))
TERMS = st.builds(Compare, FIELD, st.just(":"), VALUES) | ORDERED | st.builds(Words, WORTH_FINDING)
TREES: st.SearchStrategy[Node] = st.recursive(
    TERMS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(all_of)
        | st.lists(inner, min_size=1, max_size=3).map(any_of)
        | inner.map(negated)
    ),
    max_leaves=8,
)
_SIGNS = ("(", ")", "-", '"', "*", "\\", ":", "=", ">=", "<", "!=", " ", " OR ", " AND ", "NOT ")
_WORDS = ("has", "said", "a.b", "2s", "10", "error", "true", "\x00", "é", "😀", "attr.", "resource.x")
PIECES = st.sampled_from([*_SIGNS, *FIELDS, *_WORDS])
ANY_TEXT = st.lists(PIECES | SAID, max_size=12).map("".join)


@given(TREES)
def test_a_tree_reads_back_as_it_was_written(tree: Node) -> None:
    """What is rendered means the same when it is parsed."""
    assert parse(render(tree)) == tree


@given(ANY_TEXT)
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    """No text breaks the parser or what follows; values are never part of the SQL."""
    try:
        condition = Condition(text)
    except QueryError as error:
        assert str(error).startswith("The query")  # noqa: PT017 - either outcome is right
    else:
        assert {name for name in condition.parameters if f"${name}" not in condition.sql} == set()


def test_terms_groups_and_opposites() -> None:
    """Terms beside each other bind closer than OR, and a star stands for any text but in quotes."""
    assert parse('service:shop -feature:"h*p" (model:gpt-5* OR said:refund) status!=ok') == AllOf(
        (
            Compare("service", ":", ("shop",)),
            Not(Compare("feature", ":", ("h*p",))),
            AnyOf((Compare("model", ":", ("gpt-5", "")), Compare("said", ":", ("refund",)))),
            Not(Compare("status", ":", ("ok",))),
        )
    )
    assert parse("a b OR c AND NOT d") == AnyOf((AllOf((Words("a"), Words("b"))), AllOf((Words("c"), Not(Words("d"))))))
    assert parse("duration:>2s") == parse("duration>2s")
    assert parse(r"name:POST\ * or") == AllOf((Compare("name", ":", ("POST ", "")), Words("or")))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 1),
        ("   ", 4),
        ("service:", 9),
        ("serivce:shop", 1),
        ("status:bad", 1),
        ("status:unset x", 1),
        ("a (b", 3),
        ("a) b", 2),
        ('a "b', 3),
        ('service:"a"b', 12),
        ("duration>fast", 1),
        ("tokens>1.5", 1),
        ("cost>much", 1),
        ("cost>1e9999999", 1),
        ("tokens>1e9999999", 1),
        ("a OR", 5),
        ("OR a", 1),
        ("- a", 1),
        ("x > 5", 3),
        ("service>a", 1),
        ("http.x>a", 1),
        ("stream:perhaps", 1),
        ("attr.:x", 1),
        ("name:a*b*c*d*e*f", 1),
        ("tag:a*b", 1),
        ("duration:2*", 1),
        ("a\\", 2),
        ("has:nothing", 1),
        (f'"{"x" * 501}"', 1),
        ("(" * (MAX_DEPTH + 2) + "a", MAX_DEPTH + 2),
        ("-" * 1_000 + "a", MAX_DEPTH + 2),
        ("a " * (MAX_TERMS + 1), 2 * MAX_TERMS + 1),
    ],
)
def test_a_message_says_where(text: str, at: int) -> None:
    """What cannot be read is refused with the place of it."""
    with pytest.raises(QueryError, match=rf"^The query cannot be read at character {at}: "):
        Condition(text)


def test_a_message_says_what_would_be_right() -> None:
    """A misspelt field is told its name, and a wrong value what is right."""
    told = []
    for text in ("serivce:shop", "status:bad", "duration>fast", "service>a"):
        with pytest.raises(QueryError) as refused:
            Condition(text)
        told.extend(str(refused.value).partition(": ")[2].split("; "))
    assert told == snapshot(
        [
            "there is no field 'serivce'",
            "did you mean service? an attribute is written with its dots, or as attr.serivce",
            "text with a colon needs double quotes.",
            "status is one of ok, error.",
            "duration takes a time, such as 2s, 500ms, 1m or 0.25 (seconds).",
            "service is text",
            "write service:value, a star stands for any text.",
        ]
    )


def test_a_query_has_limits() -> None:
    """A long query, or one that no engine could take, is refused before it is read."""
    with pytest.raises(QueryError, match="2001 characters; use at most 2000"):
        parse("a" * (MAX_LENGTH + 1))
    with pytest.raises(QueryError, match="not valid Unicode"):
        parse("a\ud800")


def test_what_a_query_becomes() -> None:
    """Known fields are their columns, attributes are parsed only where they are, and values are parameters."""
    condition = Condition('service:shop -model:gpt-5* duration>2s cost<=$0.01 http.route:"/chat" x.y>=3')

    assert re.sub(" (AND|OR|THEN|ELSE) ", r"\n\g<0>", condition.sql).splitlines() == snapshot(
        [
            "(service = $q_0",
            " AND NOT coalesce((sg_like(response_model, $q_1)",
            " OR sg_like(request_model, $q_1)), FALSE)",
            " AND (end_ns - start_ns) > $q_2",
            " AND cost_amount <= CAST($q_3 AS DECIMAL(38, 18))",
            " AND (CASE WHEN sg_holds(attributes, $q_4)",
            " THEN coalesce((sg_holds(attributes, $q_8)",
            " AND (sg_attribute(attributes, $q_5) = $q_7",
            " OR (sg_like(sg_attribute(attributes, $q_5), '[%')",
            " AND sg_holds(sg_attribute(attributes, $q_5), $q_6)))), FALSE)",
            " ELSE FALSE END",
            " OR CASE WHEN sg_holds(resource, $q_4)",
            " THEN coalesce((sg_holds(resource, $q_8)",
            " AND (sg_attribute(resource, $q_5) = $q_7",
            " OR (sg_like(sg_attribute(resource, $q_5), '[%')",
            " AND sg_holds(sg_attribute(resource, $q_5), $q_6)))), FALSE)",
            " ELSE FALSE END)",
            " AND (CASE WHEN sg_holds(attributes, $q_9)",
            " THEN coalesce(sg_number(sg_attribute(attributes, $q_10)) >= $q_11, FALSE)",
            " ELSE FALSE END",
            " OR CASE WHEN sg_holds(resource, $q_9)",
            " THEN coalesce(sg_number(sg_attribute(resource, $q_10)) >= $q_11, FALSE)",
            " ELSE FALSE END))",
        ]
    )
    assert condition.parameters == snapshot(
        {
            "q_0": "shop",
            "q_1": "gpt-5%",
            "q_2": 2000000000,
            "q_3": "0.010000000000000000",
            "q_4": '"http.route"',
            "q_5": "http.route",
            "q_6": '"/chat"',
            "q_7": "/chat",
            "q_8": "/chat",
            "q_9": '"x.y"',
            "q_10": "x.y",
            "q_11": 3.0,
        }
    )


def test_the_fields_are_documented() -> None:
    """Every field is in the table of docs/search.md, with what it is."""
    page = (ROOT / "docs" / "search.md").read_text()

    assert [row.name for row in FIELDS.values() if f"| `{row.name}` | {row.help} |" not in page] == []
