"""What is content is told by name in every dialect, or by its length; nothing that facts need goes with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from spanglass.semconv import attributes as attr
from spanglass.server import content
from spanglass.server.content import LONG, is_content_name, part
from spanglass.server.normalise.translation import DIALECTS
from spanglass.server.record import Attributes, Event

SAID = [
    *(attr.INPUT_MESSAGES, attr.OUTPUT_MESSAGES, attr.SYSTEM_INSTRUCTIONS, attr.TOOL_DEFINITIONS),
    *(attr.TOOL_CALL_ARGUMENTS, attr.TOOL_CALL_RESULT, attr.RETRIEVAL_QUERY, attr.RETRIEVAL_DOCUMENTS),
    *(attr.KAFKA_MESSAGE_KEY, "gen_ai.prompt.variable.name", "gen_ai.prompt", "gen_ai.completion"),
    *(
        "gen_ai.prompt.0.content",
        "gen_ai.prompt.0.role",
        "gen_ai.prompt.0.tool_calls.0.name",
        "gen_ai.completion.1.content",
    ),
    *("llm.request.functions.0.description", "traceloop.entity.input", "traceloop.entity.output"),
    *("traceloop.prompt.template", "traceloop.prompt.template_variables", "traceloop.prompt.variables"),
    *("input.value", "output.value", "llm.input_messages.0.message.content", "llm.prompts.0.prompt.text"),
    *("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "llm.choices.0.completion.text"),
    *("llm.tools.0.tool.json_schema", "tool.parameters", "retrieval.documents.0.document.id", "document.content"),
    *("llm.prompt_template.template", "llm.prompt_template.variables", "embedding.embeddings.0.embedding.text"),
    *("langfuse.observation.input", "langfuse.trace.output", "langfuse.experiment.item.expected_output"),
    *("ai.prompt", "ai.prompt.messages", "ai.prompt.tools", "ai.response.text", "ai.response.object", "ai.value"),
    *("ai.response.reasoning", "ai.response.toolCalls", "ai.toolCall.args", "ai.toolCall.result", "ai.values"),
    *("pydantic_ai.all_messages", "final_result", "model_request_parameters", "tool_arguments", "tool_response"),
    *("request_data", "response_data", "all_messages_events", "user_prompt", "system_prompt"),
    *("mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.tools", "mlflow.chat.messages"),
    *("gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_call_args"),
    *("gcp.vertex.agent.tool_response", "gcp.vertex.agent.data", "genkit:input", "genkit:output"),
    *("genkit:metadata:context", "lk.chat_ctx", "lk.response.text", "lk.function_tool.arguments", "lk.user_transcript"),
    *("lk.function_tool.output", "lmnr.span.input", "lmnr.span.output", "gen_ai.content.prompt"),
    *("gen_ai.response.tool_calls", "llm.prompt", "llm.response", "user_message", "user.query", "tool.result"),
    *("http.request.body", "messages", "prompt", "content"),
]
PLAIN = [
    *("db.query.text", "db.statement", "url.query", "url.full", "error.message", "exception.message", "error.type"),
    *("exception.stacktrace", attr.ERROR_MESSAGE, "gen_ai.prompt.name", "gen_ai.prompt.version", "gen_ai.agent.tools"),
    *("llm.invocation_parameters", "tag.tags"),
    *("langfuse.observation.usage_details", "langfuse.observation.model.parameters", "mlflow.chat.tokenUsage"),
    *("ai.response.providerMetadata", "ai.response.finishReason", "lk.llm_metrics", "gen_ai.usage.raw"),
    *("gen_ai.request.stop_sequences", "gen_ai.output.type", "http.route", "llm.model", "metadata", "session.id"),
    *("gen_ai.evaluation.explanation", "langsmith.metadata.thread_id", "genkit:name", "genkit:metadata:subtype"),
]
BOTH = {
    *("genkit:output", "gcp.vertex.agent.llm_response", "gcp.vertex.agent.llm_request", "pydantic_ai.all_messages"),
    *("langfuse.observation.input", "langfuse.observation.output", "mlflow.spanInputs", "mlflow.spanOutputs"),
    *("gen_ai.prompt", "gen_ai.completion", "gen_ai.content.prompt", "gen_ai.content.completion", "genkit:input"),
    *("lk.chat_ctx", "lk.response.text", "lk.function_tool.arguments", "lk.function_tool.output", "tool_arguments"),
    *("lmnr.span.input", "lmnr.span.output", "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.tool_response"),
    *(
        "ai.toolCall.args",
        "gen_ai.prompt.0.role",
        "gen_ai.completion.0.role",
        "llm.prompt",
        "llm.response",
        "user_message",
        "gen_ai.completion.0.finish_reason",
        "user.query",
    ),
}
"""Content by which a dialect is known, or that holds usage besides."""


@pytest.mark.parametrize("name", SAID)
def test_what_was_said_is_content(name: str) -> None:
    """What a person, a model or a tool said goes apart, in each dialect's name for it."""
    assert part({name: "secret"}, ()) == ({}, (), {name: "secret"}, ())


@pytest.mark.parametrize("name", PLAIN)
def test_what_facts_and_operators_need_is_none(name: str) -> None:
    """Errors, names, counts and settings stay, whatever their names end in."""
    assert part({name: "x"}, ()) == ({name: "x"}, (), {}, ())


def test_no_name_that_facts_are_read_from_is_content() -> None:
    """Beside those that are known by their content, what a dialect's facts are read from stays when content goes."""
    needed = {name for dialect in DIALECTS for name in (*dialect.names, *dialect.names.values(), *dialect.marks)}

    assert sorted(name for name in needed if is_content_name(name)) == sorted(needed & BOTH)


def test_our_own_table_says_the_same() -> None:
    """Of the attributes that spanglass names, content is what its table says is."""
    said = {row.name for row in attr.ATTRIBUTES if is_content_name(row.name)}

    assert sorted(said) == snapshot(
        [
            "gen_ai.input.messages",
            "gen_ai.output.messages",
            "gen_ai.retrieval.documents",
            "gen_ai.retrieval.query.text",
            "gen_ai.system_instructions",
            "gen_ai.tool.call.arguments",
            "gen_ai.tool.call.result",
            "gen_ai.tool.definitions",
            "messaging.kafka.message.key",
        ]
    )


def test_numbers_flags_and_nothing_are_never_content() -> None:
    """A number says nothing that could not stay."""
    held: Attributes = {"input": 3, "output": 0.5, "messages": True, "query": None}

    assert part(held, ()).attributes is held


def test_long_texts_are_content_but_for_errors_and_usage() -> None:
    """A text of an unknown name that is long is content, each time that it comes; a stack trace stays."""
    for length in (LONG, LONG + 1, LONG, LONG + 2):
        text = "x" * length
        held: Attributes = {"note": text, "exception.stacktrace": text, "langfuse.observation.usage_details": text}
        assert part(held, ()).content_attributes == ({"note": text} if length > LONG else {})


def test_events_go_whole() -> None:
    """An event that says what was said goes with its name and time; an exception stays, in the order they came."""
    asked = Event("gen_ai.user.message", 1, {"content": "Hi", "id": "1"})
    failed = Event("exception", 2, {"exception.message": "boom", "exception.stacktrace": "x" * 5000})
    called = Event("gen_ai.assistant.message", 3, {"tool_calls": "[]"})

    found = part({}, (asked, failed, called))

    assert (found.events, found.content_events) == ([failed], [asked, called])


def test_names_of_strangers_take_no_more_room_than_they_may() -> None:
    """Names that never come again, or are very long, are told each time and not all remembered."""
    part({f"{'x' * 200}.{number}": "x" for number in range(9)}, ())
    for number in range(20_000):
        part({f"made.up.{number}": "x", f"{number}.content": "x"}, ())

    for known in (content._plain, content._telling):
        assert 0 < len(known) <= 8192
        assert max(map(len, known)) <= 128


_names = st.one_of(st.sampled_from([*SAID, *PLAIN]), st.text(max_size=200))
_values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9), st.just("x" * (LONG + 1)))
_attributes = st.dictionaries(_names, _values, max_size=6)


@given(_attributes, st.lists(st.builds(Event, st.text(max_size=3), st.integers(0, 9), _attributes), max_size=4))
def test_the_parts_make_the_whole(attributes: Attributes, events: list[Event]) -> None:
    """Nothing is lost and nothing is there twice; what is plain once is plain when looked at again."""
    found = part(attributes, events)

    assert {**found.attributes, **found.content_attributes} == attributes
    assert not found.attributes.keys() & found.content_attributes.keys()
    assert len(found.events) + len(found.content_events) == len(events)
    assert all(event in events for event in (*found.events, *found.content_events))
    assert part(found.attributes, found.events)[2:] in (({}, ()), ({}, []))
