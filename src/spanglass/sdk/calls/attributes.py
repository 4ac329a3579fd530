"""Call values as span attributes, by the tables of `semconv`; no span is touched here."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from opentelemetry.util.types import AttributeValue

from spanglass.call import Cost, CostState, Request, Response, ServerTimes, StreamTimes, Usage
from spanglass.sdk.calls.outcome import Outcome
from spanglass.sdk.context import SPAN_ATTRIBUTES, CallContext
from spanglass.semconv import attributes as attr

Attributes = dict[str, AttributeValue]

_MESSAGE_LENGTH = 500
_NS = 1e-9


class _Row:
    """Fields of a value beside the attributes they become; what is None, empty or False is left out.

    Args:
        rows: Field and attribute name.
    """

    def __init__(self, *rows: tuple[str, str]) -> None:
        self._fields = attrgetter(*(field for field, _ in rows))
        self._names = tuple(name for _, name in rows)

    def add(self, value: object, attributes: Attributes) -> None:
        """Add what the value says."""
        for name, field in zip(self._names, self._fields(value), strict=True):
            if field is not None and field is not False and field != ():
                attributes[name] = field


_REQUEST = _Row(
    ("operation", attr.OPERATION),
    ("provider", attr.PROVIDER),
    ("model", attr.REQUEST_MODEL),
    ("stream", attr.REQUEST_STREAM),
    ("choice_count", attr.REQUEST_CHOICE_COUNT),
    ("max_tokens", attr.REQUEST_MAX_TOKENS),
    ("temperature", attr.REQUEST_TEMPERATURE),
    ("top_p", attr.REQUEST_TOP_P),
    ("top_k", attr.REQUEST_TOP_K),
    ("frequency_penalty", attr.REQUEST_FREQUENCY_PENALTY),
    ("presence_penalty", attr.REQUEST_PRESENCE_PENALTY),
    ("seed", attr.REQUEST_SEED),
    ("stop_sequences", attr.REQUEST_STOP_SEQUENCES),
    ("output_type", attr.OUTPUT_TYPE),
    ("reasoning_level", attr.REQUEST_REASONING_LEVEL),
    ("previous_response_id", attr.REQUEST_PREVIOUS_RESPONSE),
    ("encoding_formats", attr.REQUEST_ENCODING_FORMATS),
    ("dimensions", attr.EMBEDDINGS_DIMENSIONS),
)
_REQUEST_CONTENT = _Row(
    ("system_instructions", attr.SYSTEM_INSTRUCTIONS),
    ("input_messages", attr.INPUT_MESSAGES),
    ("tool_definitions", attr.TOOL_DEFINITIONS),
)
_RESPONSE = _Row(
    ("id", attr.RESPONSE_ID),
    ("model", attr.RESPONSE_MODEL),
    ("finish_reasons", attr.FINISH_REASONS),
    ("system_fingerprint", attr.OPENAI_SYSTEM_FINGERPRINT),
)
_USAGE = _Row(
    ("input_tokens", attr.INPUT_TOKENS),
    ("output_tokens", attr.OUTPUT_TOKENS),
    ("cache_read_tokens", attr.CACHE_READ_TOKENS),
    ("cache_write_tokens", attr.CACHE_WRITE_TOKENS),
    ("cache_write_1h_tokens", attr.CACHE_WRITE_1H_TOKENS),
    ("reasoning_tokens", attr.REASONING_TOKENS),
    ("input_audio_tokens", attr.INPUT_AUDIO_TOKENS),
    ("output_audio_tokens", attr.OUTPUT_AUDIO_TOKENS),
    ("cache_read_audio_tokens", attr.CACHE_READ_AUDIO_TOKENS),
    ("input_image_tokens", attr.INPUT_IMAGE_TOKENS),
    ("output_image_tokens", attr.OUTPUT_IMAGE_TOKENS),
    ("accepted_prediction_tokens", attr.ACCEPTED_PREDICTION_TOKENS),
    ("rejected_prediction_tokens", attr.REJECTED_PREDICTION_TOKENS),
    ("web_searches", attr.WEB_SEARCHES),
    ("estimated", attr.USAGE_ESTIMATED),
)
_OPENAI_APIS = frozenset({"chat_completions", "responses", "embeddings"})
_API_TYPES = frozenset({"chat_completions", "responses"})  # the values the conventions give openai.api.type


def of_request(request: Request, host: str | None, port: int | None, resend: int) -> Attributes:
    """Return what is known when an attempt starts, content aside.

    Args:
        request: What the application asked for.
        host: Host of the provider; None where no host is asked.
        port: Its port.
        resend: Which retry it is.
    """
    attributes: Attributes = {} if host is None else {attr.SERVER_ADDRESS: host}
    if port is not None:
        attributes[attr.SERVER_PORT] = port
    _REQUEST.add(request, attributes)
    if request.api in _API_TYPES:
        attributes[attr.OPENAI_API_TYPE] = request.api
    if request.service_tier is not None:
        openai = request.api in _OPENAI_APIS
        attributes[attr.OPENAI_REQUEST_SERVICE_TIER if openai else attr.REQUEST_SERVICE_TIER] = request.service_tier
    if resend:
        attributes[attr.RESEND_COUNT] = resend
    return attributes


def of_context(context: CallContext) -> Attributes:
    """Return for whom and what the call is made."""
    return {name: value for name, value in zip(SPAN_ATTRIBUTES, context, strict=True) if value is not None}


def of_request_content(request: Request) -> Attributes:
    """Return the messages that were sent, as JSON text."""
    attributes: Attributes = {}
    _REQUEST_CONTENT.add(request, attributes)
    return attributes


def of_response_content(response: Response) -> Attributes:
    """Return the messages that came back, as JSON text."""
    messages = response.output_messages
    return {} if messages is None else {attr.OUTPUT_MESSAGES: messages}


def of_outcome(request: Request, outcome: Outcome) -> Attributes:
    """Return how an attempt at a request came out, errors and content aside."""
    attributes: Attributes = {}
    if outcome.status is not None:
        attributes[attr.HTTP_STATUS_CODE] = outcome.status
    _RESPONSE.add(outcome.response, attributes)
    tier = outcome.response.service_tier
    if tier is not None:
        openai = request.api in _OPENAI_APIS
        attributes[attr.OPENAI_RESPONSE_SERVICE_TIER if openai else attr.RESPONSE_SERVICE_TIER] = tier
    if outcome.usage is not None:
        _add_usage(outcome.usage, attributes)
    if outcome.cost is not None:
        _add_cost(outcome.cost, attributes)
    if outcome.response.times is not None:
        _add_times(outcome.response.times, attributes)
    if outcome.response.server_times is not None:
        _add_server_times(outcome.response.server_times, attributes)
    if outcome.end is not None:
        attributes[attr.STREAM_INCOMPLETE] = True
        attributes[attr.STREAM_END] = outcome.end.value
    return attributes


def of_error(outcome: Outcome) -> Attributes:
    """Return what went wrong; empty where nothing did."""
    attributes: Attributes = {}
    if outcome.error_type is not None:
        attributes[attr.ERROR_TYPE] = outcome.error_type
    if outcome.error_message:
        attributes[attr.ERROR_MESSAGE] = outcome.error_message[:_MESSAGE_LENGTH]
    if outcome.retry_after_s is not None:
        attributes[attr.RETRY_AFTER] = outcome.retry_after_s
    return attributes


def _add_server_times(times: ServerTimes, attributes: Attributes) -> None:
    names = (attr.SERVER_TIME_TOTAL, attr.SERVER_TIME_LOAD, attr.SERVER_TIME_INPUT, attr.SERVER_TIME_OUTPUT)
    for name, spent_ns in zip(names, times, strict=True):
        if spent_ns is not None:
            attributes[name] = spent_ns * _NS


def _add_usage(usage: Usage, attributes: Attributes) -> None:
    _USAGE.add(usage, attributes)


def _add_cost(cost: Cost, attributes: Attributes) -> None:
    attributes[attr.COST_STATE] = cost.state.value
    if cost.amount is not None and cost.state is not CostState.UNPRICED:
        attributes[attr.COST_AMOUNT] = float(cost.amount)
        attributes[attr.COST_EXACT] = format(cost.amount, "f")
        attributes[attr.COST_CURRENCY] = cost.currency
    for name, value in (
        (attr.COST_SOURCE, cost.source),
        (attr.COST_PRICE_ID, cost.price_id),
        (attr.COST_TABLE, cost.table),
    ):
        if value is not None:
            attributes[name] = value


def _add_times(times: StreamTimes, attributes: Attributes) -> None:
    attributes[attr.CHUNK_COUNT] = times.chunks
    spans: Iterable[tuple[str, int | None]] = (
        (attr.TIME_TO_FIRST_CHUNK, times.first_chunk_ns),
        (attr.TIME_TO_FIRST_TOKEN, times.first_token_ns),
        (attr.CHUNK_GAP_MEAN, times.gap_mean_ns),
        (attr.CHUNK_GAP_MAX, times.gap_max_ns),
    )
    for name, ns in spans:
        if ns is not None:
            attributes[name] = ns * _NS
