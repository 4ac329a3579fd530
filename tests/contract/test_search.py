"""Search and the filter language answer alike on every engine, and as a slow look at each record would."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records import SECOND, T0, batch, resource, span, trace_id
from spanglass.call import Cost, CostState, Usage
from spanglass.errors import QueryError
from spanglass.server.content import is_content_name
from spanglass.server.query.figures import Spend, Tokens
from spanglass.server.query.filters import Filters
from spanglass.server.query.language import (
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
from spanglass.server.query.overview import overview
from spanglass.server.query.search import search
from spanglass.server.query.traces import traces
from spanglass.server.record import Attributes, Call, Event, Facts, Status, StoredSpan, Value, Work
from spanglass.server.store.protocol import Store

END = T0 + 1_000 * SECOND
CENT = Decimal("0.01")
EVERY: Mapping[str, Attributes] = {
    "plain": {"http.route": "/chat", "http.response.status_code": 500, "app.ok": True, "app.none": None},
    "list": {"app.list": ["a", 'b"c', "é"], "app.number": "12.5", "app.big": 2**53, "http.route": "/other"},
    "odd": {"app.a~b/c": "x", "app.text": 'say "hi" 100%_\\', "app.float": 0.25, "app.number": "nan", "dotless": "y"},
    "said": {"gen_ai.output.messages": '[{"role":"assistant","content":"A refund, \\"Ann\\""}]', "app.long": "z"},
    "nothing": {},
}
SENDERS = (resource("shop", "production"), resource(None, None), resource("sh%p", "staging"))


def records() -> list[StoredSpan]:
    """Return spans that differ in everything a query can name, one a second."""
    spans: list[StoredSpan] = []
    for at, (name, attributes) in enumerate(list(EVERY.items()) * 3):
        is_call = at % 2 == 0
        usage = Usage(input_tokens=at * 100, output_tokens=None if at % 3 else at) if at % 4 else None
        called = Call(
            operation="chat",
            provider="openai",
            request_model="gpt-5",
            response_model=None if at % 4 == 0 else f"gpt-5-{at}",
            usage=usage,
            stream=at % 4 == 2 or None,
            first_token_ns=at * 10**8 if at % 4 == 2 else None,
            finish_reasons=("stop", "length") if at % 4 == 2 else (),
            resend_count=at % 3,
        )
        facts = Facts(
            work=Work.LLM if is_call else Work.TOOL,
            call=called if is_call else None,
            user_id=("ann", "bob", None)[at % 3],
            session_id="s/1" if at > 5 else None,
            feature="help" if at % 5 == 1 else None,
            tool_name=None if is_call else "look_up",
            tags=("new", 'a"b') if at % 4 == 1 else (),
            error_type="Timeout" if at % 7 == 3 else None,
        )
        cost = Cost(CostState.COMPUTED, at * CENT, "local") if at else Cost(CostState.UNPRICED)
        spans.append(
            span(
                at,
                at + 1,
                at=at,
                lasts=at / 4,
                name=f"{name} work",
                status=Status.ERROR if at % 7 == 3 else Status.OK if at % 2 else Status.UNSET,
                attributes=attributes,
                sender=SENDERS[at % 3],
                facts=facts,
                cost=cost if is_call else None,
                events=(Event("note", T0, {"app.seen": "Émile"}),) if at == 8 else (),
            )
        )
    return spans


def holds(node: Node, stored: StoredSpan) -> bool:
    """Tell whether a query holds of a span, the slow and obvious way."""
    match node:
        case AllOf(terms) | AnyOf(terms):
            return (all if isinstance(node, AllOf) else any)(holds(term, stored) for term in terms)
        case Not(term):
            return not holds(term, stored)
        case Words(text):
            return text.casefold() in everything(stored).casefold()
        case Compare("said"):
            return node.parts[0].casefold() in said(stored).casefold()
        case Compare("has"):
            return any(value is not None for value in values(node.parts[0], stored))
        case Compare():
            return any(value is not None and compares(node, value) for value in values(node.name, stored))


def said(stored: StoredSpan) -> str:
    """Return what was said in a span, as JSON."""
    kept = {name: value for name, value in stored.span.attributes.items() if is_content_name(name)}
    return re.sub(r'\\+"', '"', json.dumps(kept, ensure_ascii=False))


def everything(stored: StoredSpan) -> str:
    """Return the texts that free text looks into, spelled as people do."""
    kept = {name: value for name, value in stored.span.attributes.items() if not is_content_name(name)}
    events = [{"name": event.name, "attributes": event.attributes} for event in stored.span.events]
    texts = [stored.span.name, stored.span.status_message or "", json.dumps(kept, ensure_ascii=False), said(stored)]
    return "\n".join([*texts, json.dumps(events, ensure_ascii=False)]).replace('\\"', '"')


def values(name: str, stored: StoredSpan) -> list[Value | Decimal]:
    """Return what a field is of a span; several where one of them need do."""
    found, facts, call = stored.span, stored.facts, stored.facts.call
    known: dict[str, list[Value | Decimal]] = {
        "service": [found.resource.service],
        "status": ["error" if found.status is Status.ERROR else "ok"],
        "name": [found.name],
        "user": [facts.user_id],
        "session": [facts.session_id],
        "feature": [facts.feature],
        "tool": [facts.tool_name],
        "tag": list(facts.tags) or [None],
        "work": [str(facts.work)],
        "error.type": [facts.error_type],
        "duration": [Decimal(found.end_ns - found.start_ns) / SECOND],
        "model": [] if call is None else [call.response_model, call.request_model],
        "finish": [None] if call is None else list(call.finish_reasons),
        "stream": [None if call is None else call.stream],
        "tokens.input": [None if call is None or call.usage is None else call.usage.input_tokens],
        "first_token": [None if call is None or call.first_token_ns is None else Decimal(call.first_token_ns) / SECOND],
        "cost": [None if stored.cost is None else stored.cost.amount],
    }
    if name in known:
        return known[name]
    plain = name.removeprefix("attr.")
    held = [found.attributes.get(plain.removeprefix("resource.") if name.startswith("resource.") else plain)]
    if name.startswith("resource."):
        held = [found.resource.attributes.get(name.removeprefix("resource."))]
    elif not name.startswith("attr."):
        held.append(found.resource.attributes.get(name))
    return [part for value in held for part in (value if isinstance(value, list) else [value])]


def compares(test: Compare, value: Value | Decimal) -> bool:
    """Tell whether a known value is as asked."""
    said_ = test.parts[0]
    if isinstance(value, bool):
        return len(test.parts) == 1 and said_ == str(value).lower()
    if test.op != ":" or isinstance(value, Decimal):
        asked = re.fullmatch(r"[$]?(-?[0-9.]+(?:e[0-9]+)?)(s|ms)?", said_)
        number = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(value))
        if asked is None or number is None:
            return False
        compare = {":": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[test.op]
        unit = Decimal("0.001") if asked[2] == "ms" else 1
        return bool(compare(Decimal(str(value)), Decimal(asked[1]) * unit))
    pattern = ".*".join(map(re.escape, test.parts))
    return re.fullmatch(pattern, str(value), re.DOTALL) is not None


def found(store: Store, query: str) -> list[str]:
    """Return the ids of the spans that a query finds, newest first."""
    answer = search(store, start_ns=T0, end_ns=END, filters=Filters(q=query), limit=500, time_s=30)
    assert answer.complete
    return [row.span_id for row in answer.spans]


def expected(tree: Node) -> list[str]:
    """Return the ids of the spans that it should find."""
    return [stored.span.span_id for stored in reversed(records()) if holds(tree, stored)]


@pytest.fixture
def full(store: Store) -> Store:
    """Return a store that holds the records."""
    store.write([batch(*records())])
    return store


TEXTS = [
    *("service:shop", "service:sh%p", "service:sh*", "-service:shop", "has:service", "service:*", 'service:""'),
    *("status:error", "status:ok", "-status:ok", "status!=error", "work:llm", "name:*work", "name:said*", "user:ann"),
    *("user!=ann", "has:user", "-has:feature", "-feature:help", "session:s/1", "tool:look_up", "tool:look*"),
    *("tag:new", 'tag:"a\\"b"', "tag:n*", "tag:*w", "finish:stop", "finish:*gth", "has:tag", "-tag:new"),
    *("model:gpt-5", "model:gpt-5-*", "-model:gpt-5-2", "stream:true", "-stream:true", "error.type:Timeout"),
    *("duration>2s", "duration<=500ms", "duration:1s", "tokens.input>=400", "tokens.input:0", "-tokens.input>400"),
    *("first_token>0.5s", "cost>0.05", "cost:$0.04", "cost<0.04", "has:cost", "-has:cost"),
    *("http.route:/chat", "http.route:/*", "-http.route:/chat", "has:http.route", "http.response.status_code:500"),
    *("http.response.status_code>=500", "http.response.status_code<500", "app.ok:true", "app.ok:false"),
    *("has:app.none", "app.list:a", 'app.list:"b\\"c"', "app.list:é", "app.list:b", "app.number>12", "app.number:12.5"),
    *("app.number<1e9", "app.big:9007199254740992", "app.float:0.25", "app.float<0.5", '"app.a~b/c":x', "app.a~b:x"),
    *(
        'app.text:"say \\"hi\\" 100%_\\\\"',
        "app.text:*100%_*",
        "app.text:*100__*",
        "attr.dotless:y",
        "has:attr.dotless",
    ),
    *("resource.process.pid:7", "process.pid>=7", "attr.process.pid:7", "gen_ai.output.messages:*refund*"),
    *("has:gen_ai.output.messages", "said:refund", "said:REFUND", 'said:"refund, \\"Ann\\""', "said:work", "said:x"),
    *("refund", '"it broke"', "IT", "émile", "'", "%", "_", '"say \\"hi"', "-refund", "note"),
    *("status:error OR user:ann", "user:ann (work:llm OR feature:help) -tag:new", "-(user:ann OR work:llm)"),
]


def test_a_query_finds_what_it_says(full: Store) -> None:
    """Each kind of term finds the records that a slow look finds, and the opposite finds the others."""
    asked = {**{text: parse(text) for text in TEXTS}, **{f"-({text})": negated(parse(text)) for text in TEXTS}}

    assert {text: found(full, text) for text in asked} == {text: expected(tree) for text, tree in asked.items()}


TREES: st.SearchStrategy[Node] = st.recursive(
    st.sampled_from(TEXTS).map(parse),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(all_of)
        | st.lists(inner, min_size=1, max_size=3).map(any_of)
        | inner.map(negated)
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_any_query_finds_what_it_says(full: Store, tree: Node) -> None:
    """Terms together, as alternatives and turned around find what a slow look finds."""
    assert found(full, render(tree)) == expected(tree)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Compare,
        st.sampled_from(["name", "tag", "app.x"]) | ANY_TEXT.map("attr.".__add__),
        st.just(":"),
        st.tuples(ANY_TEXT) | st.tuples(ANY_TEXT, st.just("")),
    )
    | st.builds(Words, ANY_TEXT.filter(str.strip))
)
def test_any_text_may_be_asked_for(full: Store, tree: Node) -> None:
    """Whatever characters a value has, the engine answers: a value is never read as SQL, JSON or a pattern."""
    assert set(found(full, render(tree))) <= {stored.span.span_id for stored in records()}


def test_a_span_says_what_it_is(full: Store) -> None:
    """A row has ids, who and what it was for, its tokens, and its cost with the state of it."""
    answer = search(full, start_ns=T0, end_ns=END, filters=Filters(q="user:bob model:gpt-5-10"))

    (row,) = answer.spans
    assert (row.trace_id, row.name, row.service, row.model, row.user_id) == (
        trace_id(10),
        "plain work",
        None,
        "gpt-5-10",
        "bob",
    )
    assert (row.start, row.duration, row.status, row.work, row.first_token) == (
        T0 / SECOND + 10,
        2.5,
        "error",
        "llm",
        1.0,
    )
    assert row.tokens == Tokens(input=1_000)
    assert row.cost == Spend(state="computed", amount=Decimal("0.1"), source="local")


@pytest.mark.parametrize("limit", [1, 4, 15])
def test_pages_follow_each_other(store: Store, limit: int) -> None:
    """Page by page every span comes once, newest first, also where many start at the same moment."""
    spans = [span(1, number, at=number // 7) for number in range(1, 31)]
    store.write([batch(*spans)])

    pages, cursor = list[list[str]](), None
    while True:
        answer = search(store, start_ns=T0, end_ns=END, cursor=cursor, limit=limit)
        pages.append([row.span_id for row in answer.spans])
        if answer.next_cursor is None:
            break
        cursor = answer.next_cursor
    listed = [one for page in pages for one in page]

    assert sorted(listed) == sorted(stored.span.span_id for stored in spans)
    assert [int(one, 16) // 7 for one in listed] == sorted((number // 7 for number in range(1, 31)), reverse=True)
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert (answer.complete, answer.searched_back_to) == (True, T0 / SECOND)


def test_a_search_that_runs_out_of_time_says_how_far_it_looked(full: Store) -> None:
    """Without time one slice is looked at; what it says of how far is true, and its cursor leads on to the rest."""
    looked, cursor, rounds = list[str](), None, 0
    while True:
        answer = search(full, start_ns=T0, end_ns=END, filters=Filters(q="user:ann"), cursor=cursor, time_s=0)
        looked += [row.span_id for row in answer.spans]
        due = [
            one
            for one in expected(parse("user:ann"))
            if T0 + (int(one, 16) - 1) * SECOND >= answer.searched_back_to * 1e9
        ]
        assert looked == due
        rounds += 1
        if answer.complete:
            break
        cursor = answer.next_cursor

    assert looked == expected(parse("user:ann"))


def test_filters_and_a_query_narrow_together(full: Store) -> None:
    """Filters hold of the span itself, beside the query."""
    answer = search(full, start_ns=T0, end_ns=END, filters=Filters(status="error", service="shop", q="work:tool"))

    assert [row.span_id for row in answer.spans] == expected(parse("status:error service:shop work:tool"))


def test_a_query_finds_traces_and_figures(full: Store) -> None:
    """Whatever takes filters takes a query: traces of which a span satisfies all of it, and calls that do."""
    asked = Filters(q="user:ann (model:gpt-5* OR said:refund)")
    page = traces(full, start_ns=T0, end_ns=END, filters=asked, limit=500)
    listed = [*page.traces]
    while page.next_cursor is not None:  # on a slow machine a page ends before the range does
        page = traces(full, start_ns=T0, end_ns=END, filters=asked, limit=500, cursor=page.next_cursor)
        listed += page.traces
    figures = overview(full, start_ns=T0, end_ns=END, filters=asked).totals

    assert [row.trace_id for row in listed] == [
        stored.span.trace_id for stored in reversed(records()) if holds(parse(asked.q or ""), stored)
    ]
    assert figures.attempts == sum(
        holds(parse(asked.q or ""), stored) and stored.facts.call is not None for stored in records()
    )


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"limit": 501}, {"cursor": "x"}, {"filters": Filters(q="a (b")}, {"start_ns": END}],
)
def test_what_cannot_be_asked_is_refused(full: Store, wrong: dict[str, Any]) -> None:
    """A wrong limit, cursor, query or range is the asker's error."""
    with pytest.raises(QueryError):
        search(full, **{"start_ns": T0, "end_ns": END, **wrong})
