"""Facts of spans as their producers really send them, one row a producer."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

import exports
from records import T0, span
from spanglass.call import Cost, CostState, Usage
from spanglass.semconv import attributes as attr
from spanglass.server.normalise.facts import normalise
from spanglass.server.normalise.translation import DIALECTS
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import (
    Attributes,
    Call,
    Event,
    Facts,
    Resource,
    Scope,
    Signal,
    Span,
    SpanKind,
    Status,
    Work,
)

CHAT = {"gen_ai.operation.name": "chat"}


def of(attributes: Attributes, name: str = "chat", kind: SpanKind = SpanKind.CLIENT, **more: Any) -> Span:  # noqa: ANN401 - fields of a span
    fields: dict[str, Any] = {
        "trace_id": "1" * 32,
        "span_id": "1" * 16,
        "parent_span_id": None,
        "start_ns": T0,
        "end_ns": T0 + 1,
        "status": Status.UNSET,
        "status_message": None,
        "trace_state": None,
        "events": (),
        "links": (),
        "resource": Resource(None, None, {}),
        "scope": Scope(None, None),
    }
    return Span(name=name, kind=kind, attributes=attributes, **{**fields, **more})


def call_of(attributes: Attributes, **more: Any) -> Call:  # noqa: ANN401 - as above
    call = normalise(of(attributes, **more)).call
    assert call is not None
    return call


def test_what_spanglass_sends_is_read_whole() -> None:
    """Every attribute of a call that our own SDK writes has its place."""
    facts = normalise(
        of(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                "gen_ai.response.id": "chatcmpl-1",
                "gen_ai.request.stream": True,
                "gen_ai.response.finish_reasons": ("stop", "length"),
                "gen_ai.response.time_to_first_chunk": 0.25,
                "spanglass.response.time_to_first_token": 0.5,
                "spanglass.response.incomplete": True,
                "openai.response.service_tier": "flex",
                "http.request.resend_count": 2,
                "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.output_tokens": 20,
                "gen_ai.usage.cache_read.input_tokens": 40,
                "gen_ai.usage.cache_write.input_tokens": 10,
                "spanglass.usage.cache_write_1h.input_tokens": 5,
                "gen_ai.usage.reasoning.output_tokens": 7,
                "spanglass.usage.estimated": True,
                "gen_ai.usage.cost.amount": 0.1,
                "spanglass.cost.amount": "0.10000000000000000001",
                "gen_ai.usage.cost.currency": "USD",
                "gen_ai.usage.cost.source": "local",
                "spanglass.cost.state": "estimated",
                "spanglass.cost.price_id": "openai/gpt-4o-mini",
                "spanglass.cost.table": "t1",
                "user.id": "u",
                "session.id": "s",
                "spanglass.feature": "f",
                "gen_ai.prompt.name": "p",
                "gen_ai.prompt.version": "7",
            }
        )
    )

    assert facts == snapshot(
        Facts(
            work=Work.LLM,
            call=Call(
                operation="chat",
                provider="openai",
                request_model="gpt-4o-mini",
                response_model="gpt-4o-mini-2024-07-18",
                response_id="chatcmpl-1",
                usage=Usage(
                    input_tokens=100,
                    output_tokens=20,
                    cache_read_tokens=40,
                    cache_write_tokens=10,
                    cache_write_1h_tokens=5,
                    reasoning_tokens=7,
                    estimated=True,
                ),
                finish_reasons=("stop", "length"),
                service_tier="flex",
                stream=True,
                first_chunk_ns=250000000,
                first_token_ns=500000000,
                resend_count=2,
                incomplete=True,
                producer_cost=Cost(
                    state=CostState.ESTIMATED,
                    amount=Decimal("0.10000000000000000001"),
                    source="local",
                    price_id="openai/gpt-4o-mini",
                    table="t1",
                ),
            ),
            user_id="u",
            session_id="s",
            feature="f",
            prompt_name="p",
            prompt_version="7",
        )
    )


@pytest.mark.parametrize(
    ("attributes", "usage"),
    [
        ({"gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 3}, Usage(9, 3)),
        (
            {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_creation.input_tokens": 4},
            Usage(9, cache_write_tokens=4),
        ),
        ({"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_read_input_tokens": 4}, Usage(9, cache_read_tokens=4)),
        ({"gen_ai.usage.input_tokens": 9, "gen_ai.usage.prompt_tokens": 1}, Usage(9)),
        ({"gen_ai.usage.input_tokens": "12", "gen_ai.usage.output_tokens": 3.0}, Usage(12, 3)),
        ({"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}, Usage(0, 0)),
        ({}, None),
    ],
    ids=["v1.36", "v1.41 cache write", "underscores", "current wins", "text and float", "zero is known", "nothing"],
)
def test_counts_of_every_generation_are_read(attributes: Attributes, usage: Usage | None) -> None:
    """Older names mean the same; a current name counts before them; numbers may come as text."""
    assert call_of({**CHAT, **attributes}).usage == usage


@pytest.mark.parametrize(
    ("input_tokens", "read", "written", "total"),
    [(10, 100, 5, 115), (10, 10, 0, 10), (105, 100, 5, 105), (0, 0, 0, 0)],
)
def test_input_without_its_cached_part_is_made_whole(input_tokens: int, read: int, written: int, total: int) -> None:
    """Input below its own cached part can only come from a producer that counts them apart (Anthropic's raw usage)."""
    usage = call_of(
        {
            **CHAT,
            attr.INPUT_TOKENS: input_tokens,
            attr.CACHE_READ_TOKENS: read,
            attr.CACHE_WRITE_TOKENS: written,
        }
    ).usage

    assert usage is not None
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (total, read, written)


@pytest.mark.parametrize(
    "count", [-1, 2**63, 10**12 + 1, 1.5, True, "many", "", float("nan"), (), None, b"1", "٣", "1" * 5000]
)
def test_what_is_no_count_is_unknown(count: Any) -> None:  # noqa: ANN401 - any value
    """A count that cannot be one is None, never 0 and never a wrong number."""
    usage = call_of({**CHAT, attr.INPUT_TOKENS: count, attr.OUTPUT_TOKENS: 1}).usage

    assert usage == Usage(None, 1)


@pytest.mark.parametrize(
    "operation",
    ["invoke_agent", "invoke_workflow", "execute_tool", "plan", "create_agent", "fetch_response", "agent_step", "", 5],
)
def test_spans_that_repeat_usage_are_no_calls(operation: Any) -> None:  # noqa: ANN401 - any value
    """Usage on the span of an agent or a workflow is that of the calls below it, and must not be billed again."""
    facts = normalise(
        of({attr.OPERATION: operation, attr.REQUEST_MODEL: "gpt-4o", attr.INPUT_TOKENS: 5, attr.COST_AMOUNT: 1.0})
    )

    assert facts.call is None


def test_another_account_of_a_call_is_no_call() -> None:
    """A span that names the span which stands for its call is counted there, not here."""
    marked: Attributes = {**CHAT, "gen_ai.usage.input_tokens": 9, attr.DUPLICATE_OF: "2" * 16}

    assert normalise(of(marked)).call is None
    assert normalise(of(marked)).work is Work.OTHER


@pytest.mark.parametrize("operation", ["chat", "generate_content", "text_completion", "embeddings"])
def test_inference_and_embeddings_are_calls(operation: str) -> None:
    """These, and these alone, are billed."""
    facts = normalise(of({attr.OPERATION: operation}))

    assert facts.call == Call(operation)
    assert facts.work is Work.LLM


@pytest.mark.parametrize(
    ("said", "name"),
    [("openai", "openai"), ("OpenAI", "openai"), ("vertex_ai", "gcp.vertex_ai"), ("xai", "x_ai"), ("ollama", "ollama")],
)
def test_providers_get_their_current_name(said: str, name: str) -> None:
    """Older names of the same provider are one provider; a name the conventions lack is kept."""
    assert call_of({**CHAT, "gen_ai.system": said}).provider == name


@pytest.mark.parametrize(
    ("attributes", "cost", "reported"),
    [
        ({attr.COST_AMOUNT: 0.1}, Cost(CostState.COMPUTED, Decimal("0.1"), "local"), None),
        (
            {attr.COST_AMOUNT: 0.5, attr.COST_SOURCE: "provider"},
            Cost(CostState.REPORTED, Decimal("0.5"), "provider"),
            Decimal("0.5"),
        ),
        ({attr.COST_AMOUNT: 0.5, attr.COST_STATE: "unpriced"}, Cost(CostState.COMPUTED, Decimal("0.5"), "local"), None),
        ({attr.COST_AMOUNT: 0.5, attr.COST_CURRENCY: "EUR"}, None, None),
        ({attr.COST_AMOUNT: -1.0}, None, None),
        ({attr.COST_AMOUNT: float("inf")}, None, None),
        ({attr.COST_AMOUNT: "1e400"}, None, None),
        ({attr.COST_EXACT: "nonsense", attr.COST_AMOUNT: 2}, Cost(CostState.COMPUTED, Decimal(2), "local"), None),
        ({attr.COST_STATE: "unpriced"}, None, None),
    ],
)
def test_a_producers_cost_is_kept_with_its_state(
    attributes: Attributes, cost: Cost | None, reported: Decimal | None
) -> None:
    """Only an amount in dollars that can be one is kept; what the provider reported is marked so."""
    call = call_of({**CHAT, **attributes})

    assert (call.producer_cost, call.reported_cost) == (cost, reported)


HAND_WRITTEN: list[tuple[str, Attributes, SpanKind, Facts]] = [
    (
        "llm.generate",  # enriched by spanglass: what it read stands, so nothing is estimated
        {"llm.model": "gpt-4o", "llm.input_tokens": 120, attr.INPUT_TOKENS: 100, attr.OUTPUT_TOKENS: 30},
        SpanKind.INTERNAL,
        Facts(Work.LLM, Call("chat", request_model="gpt-4o", usage=Usage(100, 30))),
    ),
    (
        "llm.generate",
        {
            "llm.model": "gpt-4o",
            "llm.provider": "openai",
            "llm.input_tokens": 120,
            "llm.output_tokens": 30,
            "llm.total_tokens": 150,
            "llm.latency_ms": 800,
            "llm.cost_usd": 0.002,
            "llm.finish_reason": "stop",
        },
        SpanKind.INTERNAL,
        Facts(
            Work.LLM,
            Call(
                "chat",
                "openai",
                "gpt-4o",
                usage=Usage(120, 30, estimated=True),
                finish_reasons=("stop",),
                producer_cost=Cost(CostState.COMPUTED, Decimal("0.002"), "local"),
            ),
        ),
    ),
    (
        "gen_ai.claude-sonnet",
        {
            "gen_ai.system": "anthropic",
            "gen_ai.request.model": "claude-sonnet",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.usage.input_tokens_cached": 90,
            "gen_ai.response.finish_reason": "end_turn",
            "gen_ai.cost_usd": 0.5,
            "feature": "search",
            "prompt_version": "v3",
        },
        SpanKind.CLIENT,
        Facts(
            Work.LLM,
            Call(
                "chat",
                "anthropic",
                "claude-sonnet",
                usage=Usage(100, 5, cache_read_tokens=90),
                finish_reasons=("end_turn",),
                producer_cost=Cost(CostState.COMPUTED, Decimal("0.5"), "local"),
            ),
            feature="search",
            prompt_version="v3",
        ),
    ),
    (
        "ollama_request",
        {
            "llm.model": "llama3.1:8b",
            "llm.tokens.input": 5,
            "llm.tokens.output": 6,
            "llm.ttft_ms": 250,
            "llm.prompt_template": "greet",
            "app.user_id": "u",
            "app.session_id": "s",
        },
        SpanKind.INTERNAL,
        Facts(
            Work.LLM,
            Call("chat", None, "llama3.1:8b", usage=Usage(5, 6), first_token_ns=250_000_000),
            user_id="u",
            session_id="s",
            prompt_name="greet",
        ),
    ),
    ("tool.execute", {"step.tool": "sql"}, SpanKind.INTERNAL, Facts(Work.TOOL, tool_name="sql")),
    ("agent.plan", {"step.type": "plan"}, SpanKind.INTERNAL, Facts(Work.AGENT)),
    ("checkout", {"feature": "search", "prompt_version": "v3"}, SpanKind.SERVER, Facts()),
]


@pytest.mark.parametrize(("name", "attributes", "kind", "facts"), HAND_WRITTEN, ids=[row[0] for row in HAND_WRITTEN])
def test_hand_written_spans_are_understood(name: str, attributes: Attributes, kind: SpanKind, facts: Facts) -> None:
    """Spans as tutorials write them show up as calls, tools and agents, with units and totals put right."""
    assert normalise(of(attributes, name, kind)) == facts


@pytest.mark.parametrize(
    ("attributes", "kind", "work"),
    [
        ({"gen_ai.operation.name": "execute_tool"}, SpanKind.INTERNAL, Work.TOOL),
        ({"gen_ai.tool.name": "search"}, SpanKind.INTERNAL, Work.TOOL),
        ({"gen_ai.operation.name": "invoke_agent"}, SpanKind.INTERNAL, Work.AGENT),
        ({"gen_ai.workflow.name": "support"}, SpanKind.INTERNAL, Work.AGENT),
        ({"gen_ai.operation.name": "retrieval"}, SpanKind.CLIENT, Work.RETRIEVAL),
        ({"db.system.name": "qdrant"}, SpanKind.CLIENT, Work.RETRIEVAL),
        ({"db.system.name": "postgresql"}, SpanKind.CLIENT, Work.DATABASE),
        ({"db.system": "mysql"}, SpanKind.CLIENT, Work.DATABASE),
        ({"messaging.system": "kafka"}, SpanKind.CONSUMER, Work.QUEUE),
        ({}, SpanKind.PRODUCER, Work.QUEUE),
        ({"http.request.method": "GET"}, SpanKind.SERVER, Work.HTTP),
        ({"http.method": "GET"}, SpanKind.CLIENT, Work.HTTP),
        ({"spanglass.wait.reason": "approval"}, SpanKind.INTERNAL, Work.WAITING),
        ({}, SpanKind.INTERNAL, Work.OTHER),
    ],
)
def test_work_is_told_from_what_a_span_carries(attributes: Attributes, kind: SpanKind, work: Work) -> None:
    """Every span gets a kind of work, old and new names alike."""
    assert normalise(of(attributes, "x", kind)).work is work


def test_an_error_is_named_by_its_type() -> None:
    """`error.type` counts first, then the type of the last exception of a span that failed."""
    first, second = (Event("exception", T0, {"exception.type": kind}) for kind in ("KeyError", "ValueError"))
    failed: dict[str, Any] = {"status": Status.ERROR, "events": (first, second)}

    assert normalise(of({"error.type": "429"}, **failed)).error_type == "429"
    assert normalise(of({}, **failed)).error_type == "ValueError"
    assert normalise(of({}, events=(first,))).error_type is None


def test_dialects_lead_to_names_of_the_table() -> None:
    """A dialect translates to attributes that the table has, and never from one."""
    known = {row.name for row in attr.ATTRIBUTES}

    for dialect in DIALECTS:
        assert set(dialect.names.values()) <= known
        assert not set(dialect.names) & known
        assert dialect.milliseconds <= set(dialect.names)


_names = st.sampled_from([*(row.name for row in attr.ATTRIBUTES), *(name for row in DIALECTS for name in row.names)])
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(_names, _anything, max_size=12), st.text(max_size=12), st.sampled_from(SpanKind))
def test_any_value_under_any_name_is_survived(attributes: dict[str, Any], name: str, kind: SpanKind) -> None:
    """Attributes are what strangers send: normalising never raises, and the same span gives the same facts."""
    sent = of({**CHAT, **attributes}, name, kind)

    assert normalise(sent) == normalise(sent)


@given(exports.traces)
def test_any_received_span_is_survived(message: Any) -> None:  # noqa: ANN401 - a protobuf message
    """What the decoder makes, the normaliser takes."""
    received = Decoder(Limits()).decode(Signal.TRACES, message.SerializeToString(), received_ns=T0)

    for sent in received.spans:
        normalise(sent)


def test_attributes_stay_as_they_were_sent() -> None:
    """Translating adds nothing to the span itself."""
    sent = span(attributes={"gen_ai.system": "openai"})

    normalise(sent.span)

    assert sent.span.attributes == {"gen_ai.system": "openai"}
