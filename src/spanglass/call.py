"""What one call to a model is: frozen values with no behaviour, shared by all that read, price or keep a call.

Unknown is None, never 0 or "". Times are integer nanoseconds. Money is Decimal. Token counts follow the OpenTelemetry
GenAI conventions: `input_tokens` and `output_tokens` are inclusive totals and every other count is a subset of one.
Named tuples, for every call makes four of them: a frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class CostState(StrEnum):
    """How a cost is known."""

    REPORTED = "reported"
    """The provider said it."""
    COMPUTED = "computed"
    """Recorded usage times the price table."""
    ESTIMATED = "estimated"
    """Usage was missing or cut, so part of it was estimated before it was priced."""
    UNPRICED = "unpriced"
    """The model is not in the price table, or usage is unknown: there is no amount."""


class Usage(NamedTuple):
    """What a provider response used.

    Attributes:
        input_tokens: All input, cache reads and writes included.
        output_tokens: All output, reasoning included.
        cache_read_tokens: Input served from a prompt cache.
        cache_write_tokens: Input written to a prompt cache, whatever its lifetime.
        cache_write_1h_tokens: The part of `cache_write_tokens` written for one hour.
        reasoning_tokens: Output spent on reasoning.
        input_audio_tokens: Input that was audio.
        output_audio_tokens: Output that was audio.
        cache_read_audio_tokens: Cached input that was audio.
        input_image_tokens: Input that was images.
        output_image_tokens: Output that was images.
        accepted_prediction_tokens: Predicted output the model accepted.
        rejected_prediction_tokens: Predicted output the model rejected; billed as output.
        web_searches: Web searches the provider ran and bills per search.
        estimated: Some count was estimated because the provider's was missing or cut.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    cache_read_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    web_searches: int | None = None
    estimated: bool = False


class ToolCall(NamedTuple):
    """A tool the model asked for.

    Attributes:
        name: The tool's name.
        id: The provider's id of this call.
        arguments: JSON text as the provider sent it, possibly cut; None unless content was asked for.
    """

    name: str | None
    id: str | None = None
    arguments: str | None = None


class Request(NamedTuple):
    """What the application asked for.

    Attributes:
        provider: `gen_ai.provider.name`.
        operation: `gen_ai.operation.name`: chat, embeddings, ...
        api: Which of the provider's interfaces: chat_completions, responses, embeddings, ...
        model: The model asked for.
        stream: A streamed answer was asked for.
        stream_usage: A stream was asked to report usage (`stream_options.include_usage`); None where that is no option.
        choice_count: Answers asked for, when not one.
        max_tokens: Limit on output tokens.
        temperature: Sampling temperature.
        top_p: Nucleus sampling.
        top_k: Top-k sampling.
        frequency_penalty: Frequency penalty.
        presence_penalty: Presence penalty.
        seed: Sampling seed.
        stop_sequences: Stop sequences, in order.
        output_type: text, json, image or speech, when asked for.
        reasoning_level: The provider's own word for the reasoning effort.
        service_tier: The tier asked for.
        previous_response_id: The response this call continues.
        encoding_formats: Embedding encodings asked for.
        dimensions: Embedding dimensions asked for.
        input_length: Characters of text input, for an estimate where usage is missing.
        system_instructions: Message parts as JSON text; None unless content was asked for.
        input_messages: Messages as JSON text in the conventions' schema; None unless content was asked for.
        tool_definitions: Tools as JSON text; None unless content was asked for.
    """

    provider: str
    operation: str
    api: str
    model: str | None = None
    stream: bool = False
    stream_usage: bool | None = None
    choice_count: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop_sequences: tuple[str, ...] = ()
    output_type: str | None = None
    reasoning_level: str | None = None
    service_tier: str | None = None
    previous_response_id: str | None = None
    encoding_formats: tuple[str, ...] = ()
    dimensions: int | None = None
    input_length: int | None = None
    system_instructions: str | None = None
    input_messages: str | None = None
    tool_definitions: str | None = None


class StreamTimes(NamedTuple):
    """When the pieces of a streamed answer arrived, relative to the request, in nanoseconds.

    Attributes:
        first_chunk_ns: Request sent to first event of the stream.
        first_token_ns: Request sent to first *content*: text, reasoning, refusal or a tool call.
        chunks: Events received.
        gap_mean_ns: Mean time between events.
        gap_max_ns: Longest time between two events.
    """

    first_chunk_ns: int | None = None
    first_token_ns: int | None = None
    chunks: int = 0
    gap_mean_ns: int | None = None
    gap_max_ns: int | None = None


class ServerTimes(NamedTuple):
    """Where a model server says its time went, in nanoseconds.

    Attributes:
        total_ns: The whole request.
        load_ns: Loading the model.
        input_ns: Reading the input.
        output_ns: Writing the output.
    """

    total_ns: int | None = None
    load_ns: int | None = None
    input_ns: int | None = None
    output_ns: int | None = None


class Response(NamedTuple):
    """What the provider answered, as far as its bytes went.

    Attributes:
        id: The provider's response id.
        model: The exact model used; prices go by this first.
        finish_reasons: One a choice, in order, in the provider's words; `error` for a choice that never finished.
        usage: None when the provider said nothing.
        service_tier: The tier that served the call.
        system_fingerprint: OpenAI's backend fingerprint.
        tool_calls: Tools asked for, in order.
        output_messages: Messages as JSON text in the conventions' schema; None unless content was asked for.
        output_length: Characters of text, reasoning and tool arguments seen, for an estimate where usage is missing.
        complete: The codec's terminal event (or the whole body) was seen.
        times: None unless streamed.
        server_times: None unless the server says where its time went, as Ollama does.
        error_type: The provider's error code or type, low cardinality; None without an error.
        error_message: The provider's message, for people.
        reported_cost: What the provider says the call cost, in USD.
    """

    id: str | None = None
    model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    output_messages: str | None = None
    output_length: int | None = None
    complete: bool = False
    times: StreamTimes | None = None
    server_times: ServerTimes | None = None
    error_type: str | None = None
    error_message: str | None = None
    reported_cost: Decimal | None = None


class Cost(NamedTuple):
    """What a call cost, and how that is known.

    Attributes:
        state: How the amount is known.
        amount: Exact; None when, and only when, the state is `unpriced`.
        source: `provider` or `local`, as `gen_ai.usage.cost.source`.
        price_id: The matched row of the price table, as `provider/model`; None where none was used.
        table: Version of the price table; None where none was used.
        input_amount: The part spent on input, cache included; None when only a total is known.
        output_amount: The part spent on output; None when only a total is known.
        currency: ISO 4217.
    """

    state: CostState
    amount: Decimal | None = None
    source: str | None = None
    price_id: str | None = None
    table: str | None = None
    input_amount: Decimal | None = None
    output_amount: Decimal | None = None
    currency: str = "USD"
