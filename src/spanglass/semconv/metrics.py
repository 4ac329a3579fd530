"""The metric table: every metric spanglass records, with instrument, unit, buckets and the labels it may carry.

Names of the conventions' v1.41 generation (`gen_ai.client.operation.*`, `gen_ai.client.token.usage`) are what backends
know today; the cache and reasoning counters are the newer generation's, because the older has none; what no convention
names is under `spanglass.`. Environment and service are resource attributes, and labels where the server counts for
many; user and session ids are never labels, but for the one gauge whose point they are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from spanglass.semconv import attributes as attr
from spanglass.semconv.attributes import Origin


class Instrument(StrEnum):
    """What kind of OpenTelemetry instrument a metric is."""

    COUNTER = "counter"
    UP_DOWN_COUNTER = "up_down_counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One row of the table.

    Attributes:
        name: OpenTelemetry name.
        instrument: What kind of instrument it is.
        unit: UCUM unit.
        meaning: One sentence.
        labels: Attributes that may appear on a point; any other is a defect.
        origin: Who named it.
        buckets: Explicit histogram boundaries; empty unless a histogram.
    """

    name: str
    instrument: Instrument
    unit: str
    meaning: str
    labels: tuple[str, ...]
    origin: Origin
    buckets: tuple[float, ...] = ()


# Boundaries that the GenAI conventions advise (duration in s, tokens), and ours where they advise none.
DURATION = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
AGENT_DURATION = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
WORKFLOW_DURATION = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
DB_DURATION = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
QUEUE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
FIRST_TOKEN = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 20, 40)
USD = (0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 25)
SCORE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
STEPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
EXPORT = (0.005, 0.025, 0.1, 0.25, 1, 2.5, 10)
COMMIT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

_CALL = (
    attr.OPERATION,
    attr.PROVIDER,
    attr.REQUEST_MODEL,
    attr.RESPONSE_MODEL,
    attr.FEATURE,
    attr.PROMPT_NAME,
    attr.PROMPT_VERSION,
)
_table: list[Metric] = []


def _row(metric: Metric) -> Metric:
    _table.append(metric)
    return metric


def _counter(name: str, unit: str, meaning: str, labels: tuple[str, ...], origin: Origin = Origin.SPANGLASS) -> Metric:
    return _row(Metric(name, Instrument.COUNTER, unit, meaning, labels, origin))


def _gauge(name: str, unit: str, meaning: str, labels: tuple[str, ...] = ()) -> Metric:
    return _row(Metric(name, Instrument.GAUGE, unit, meaning, labels, Origin.SPANGLASS))


def _histogram(
    name: str,
    unit: str,
    meaning: str,
    labels: tuple[str, ...],
    buckets: tuple[float, ...],
    origin: Origin = Origin.GENAI,
) -> Metric:
    return _row(Metric(name, Instrument.HISTOGRAM, unit, meaning, labels, origin, buckets))


# One call to a model. Requests and errors are the counts of `OPERATION_DURATION`, without and with `error.type`.
OPERATION_DURATION = _histogram(
    "gen_ai.client.operation.duration", "s", "Duration of one attempt.", (*_CALL, attr.ERROR_TYPE), DURATION
)
TOKEN_USAGE = _histogram(
    "gen_ai.client.token.usage",
    "{token}",
    "Tokens of one attempt, input or output, inclusive totals.",
    (*_CALL, attr.TOKEN_TYPE),
    TOKENS,
)
TIME_TO_FIRST_CHUNK = _histogram(
    "gen_ai.client.operation.time_to_first_chunk", "s", "Request to first event of a stream.", _CALL, DURATION
)
TIME_TO_FIRST_TOKEN = _histogram(
    "spanglass.client.time_to_first_token",
    "s",
    "Request to first content of a stream: what a user waits for.",
    _CALL,
    FIRST_TOKEN,
    Origin.SPANGLASS,
)
CACHE_READ_TOKENS = _counter(
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "{token}",
    "Input tokens served from a prompt cache.",
    _CALL,
    Origin.GENAI,
)
CACHE_WRITE_TOKENS = _counter(
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "{token}",
    "Input tokens written to a prompt cache.",
    _CALL,
    Origin.GENAI,
)
REASONING_TOKENS = _counter(
    "gen_ai.client.inference.usage.reasoning.output_tokens",
    "{token}",
    "Output tokens spent on reasoning.",
    _CALL,
    Origin.GENAI,
)
OPERATION_COST = _histogram(
    "gen_ai.client.operation.cost",
    "{USD}",
    "What one attempt cost; the sum is the spend. Unpriced calls are in `spanglass.client.unpriced` instead.",
    (*_CALL, attr.COST_STATE),
    USD,
    Origin.PROPOSAL,
)
UNPRICED = _counter("spanglass.client.unpriced", "{call}", "Calls that could not be priced.", _CALL)
# Every retry follows a failed attempt: calls = attempts - retries, failed calls = failed attempts - retries.
RETRIES = _counter("spanglass.client.retries", "{attempt}", "Attempts that repeat a failed one.", _CALL)
RATE_LIMITS = _counter("spanglass.client.rate_limits", "{response}", "Answers that said: too many requests.", _CALL)
FINISH_REASONS = _counter(
    "spanglass.client.finish_reasons", "{choice}", "Choices by finish reason.", (*_CALL, attr.FINISH_REASON)
)
ACTIVE = _row(
    Metric(
        "spanglass.client.active",
        Instrument.UP_DOWN_COUNTER,
        "{attempt}",
        "Attempts in flight: sent, and their answer not yet ended.",
        (),
        Origin.SPANGLASS,
    )
)

# Agents, tools, workflows
WORKFLOW = _histogram(
    "gen_ai.invoke_workflow.duration",
    "s",
    "Duration of a workflow; its count is the requests by chatbot.",
    (attr.WORKFLOW_NAME, attr.ERROR_TYPE),
    WORKFLOW_DURATION,
)
AGENT = _histogram(
    "gen_ai.invoke_agent.duration",
    "s",
    "Duration of an agent run.",
    (attr.AGENT_NAME, attr.ERROR_TYPE),
    AGENT_DURATION,
)
AGENT_INFERENCE_CALLS = _histogram(
    "gen_ai.invoke_agent.inference_calls",
    "{inference_call}",
    "Calls to models that an agent run made, retries aside.",
    (attr.AGENT_NAME,),
    STEPS,
)
AGENT_TOOL_CALLS = _histogram(
    "gen_ai.invoke_agent.tool_calls", "{tool_call}", "Tool calls that an agent run made.", (attr.AGENT_NAME,), STEPS
)
AGENT_STEPS = _histogram(
    "spanglass.agent.steps", "{step}", "Steps an agent run took.", (attr.AGENT_NAME,), STEPS, Origin.SPANGLASS
)
TOOL = _histogram(
    "gen_ai.execute_tool.duration",
    "s",
    "Duration of a tool call.",
    (attr.TOOL_NAME, attr.TOOL_TYPE, attr.ERROR_TYPE),
    DURATION,
)
TURN = _histogram(
    "spanglass.turn.duration",
    "s",
    "Duration of a turn over a connection that stays open.",
    (attr.TURN_NAME, attr.ERROR_TYPE),
    DURATION,
    Origin.SPANGLASS,
)
WAIT = _histogram(
    "spanglass.wait.duration",
    "s",
    "Time spent waiting for a person.",
    (attr.WAIT_REASON, attr.WAIT_OUTCOME),
    WORKFLOW_DURATION,
    Origin.SPANGLASS,
)

# Around the calls
DB_OPERATION_DURATION = _histogram(
    "db.client.operation.duration",
    "s",
    "Duration of a database operation.",
    (attr.DB_SYSTEM, attr.DB_NAMESPACE, attr.DB_OPERATION, attr.SERVER_ADDRESS, attr.SERVER_PORT, attr.ERROR_TYPE),
    DB_DURATION,
    Origin.OTEL,
)

_MESSAGING = (attr.MESSAGING_SYSTEM, attr.MESSAGING_OPERATION, attr.MESSAGING_DESTINATION)
MESSAGING_SEND = _histogram(
    "messaging.client.operation.duration",
    "s",
    "Duration of sending a message, to its delivery.",
    (*_MESSAGING, attr.ERROR_TYPE),
    DB_DURATION,
    Origin.OTEL,
)
MESSAGING_PROCESS = _histogram(
    "messaging.process.duration",
    "s",
    "Duration of processing a message, or a batch.",
    (*_MESSAGING, attr.MESSAGING_GROUP, attr.ERROR_TYPE),
    DURATION,
    Origin.OTEL,
)
MESSAGING_QUEUE_TIME = _histogram(
    "spanglass.messaging.queue.duration",
    "s",
    "From a message's timestamp to the start of its processing.",
    (attr.MESSAGING_SYSTEM, attr.MESSAGING_DESTINATION, attr.MESSAGING_GROUP),
    QUEUE,
    Origin.SPANGLASS,
)
MESSAGING_CONNECT = _histogram(
    "spanglass.messaging.connect.duration",
    "s",
    "Duration of connecting to a broker, TLS and login included.",
    (attr.MESSAGING_SYSTEM, attr.SERVER_ADDRESS, attr.ERROR_TYPE),
    DB_DURATION,
    Origin.SPANGLASS,
)

PROCESS_CPU_TIME = _counter(
    "process.cpu.time", "s", "CPU time of the process since it started.", (attr.CPU_MODE,), Origin.OTEL
)
PROCESS_MEMORY = _row(
    Metric(
        "process.memory.usage",
        Instrument.UP_DOWN_COUNTER,
        "By",
        "Physical memory that the process uses (resident).",
        (),
        Origin.OTEL,
    )
)

# Quality
EVALUATION = _histogram(
    "spanglass.evaluation.score",
    "1",
    "Scores of checks and judges.",
    (attr.EVALUATION_NAME, attr.FEATURE, attr.PROMPT_NAME, attr.PROMPT_VERSION),
    SCORE,
    Origin.SPANGLASS,
)
FEEDBACK = _counter(
    "spanglass.feedback",
    "{rating}",
    "Ratings that people gave.",
    (
        attr.EVALUATION_NAME,
        attr.EVALUATION_LABEL,
        attr.FEEDBACK_SOURCE,
        attr.FEATURE,
        attr.PROMPT_NAME,
        attr.PROMPT_VERSION,
    ),
)
RESPONSE_LENGTH = _histogram(
    "spanglass.quality.response_length", "{character}", "Characters in the answer.", _CALL, TOKENS, Origin.SPANGLASS
)

# The SDK itself
SDK_DROPPED = _counter(
    "spanglass.sdk.dropped", "{item}", "Telemetry the SDK could not keep.", (attr.SIGNAL, attr.DROP_REASON)
)
SDK_FAULTS = _counter("spanglass.sdk.faults", "{fault}", "Faults of our own that a guard caught.", (attr.DROP_REASON,))
_OUTLET = (attr.SIGNAL, attr.DESTINATION)
SDK_EXPORTED = _counter("spanglass.sdk.exported", "{item}", "Spans, points and log records that were taken.", _OUTLET)
SDK_EXPORT_SIZE = _counter(
    "spanglass.sdk.export.size", "By", "Bytes of exports as sent; consoles and exporters of others count none.", _OUTLET
)
SDK_EXPORT_FAILURES = _counter(
    "spanglass.sdk.export.failures",
    "{export}",
    "Batches that a destination did not take after all attempts, by cause.",
    (*_OUTLET, attr.DROP_REASON),
)
SDK_EXPORT_DURATION = _histogram(
    "spanglass.sdk.export.duration", "s", "Duration of an export, repeats included.", _OUTLET, EXPORT, Origin.SPANGLASS
)
SDK_QUEUE = _gauge("spanglass.sdk.queue.size", "{item}", "Items that wait to be sent.", _OUTLET)
SDK_QUEUE_LIMIT = _gauge("spanglass.sdk.queue.limit", "{item}", "Items a queue holds before it drops.", _OUTLET)
SDK_HOOK_TIME = _counter(
    "spanglass.sdk.hook.time", "s", "CPU time of our own on calls to models, in the application's threads; sampled.", ()
)

# The server itself
SERVER_RECEIVED = _counter("spanglass.server.received", "{item}", "Items in export requests.", (attr.SIGNAL,))
SERVER_STORED = _counter("spanglass.server.stored", "{item}", "Items committed.", (attr.SIGNAL,))
SERVER_DUPLICATES = _counter("spanglass.server.duplicates", "{item}", "Items recognised as sent again.", (attr.SIGNAL,))
SERVER_REJECTED = _counter(
    "spanglass.server.rejected", "{request}", "Export requests refused.", (attr.SIGNAL, attr.DROP_REASON)
)
SERVER_SHED = _counter(
    "spanglass.server.shed",
    "{item}",
    "Items kept without their content, for want of memory.",
    (attr.SIGNAL, attr.DROP_REASON),
)
SERVER_REMOVED = _counter(
    "spanglass.server.removed", "{row}", "Rows removed because of their age, by table.", (attr.SIGNAL,)
)
SERVER_COMMIT = _histogram(
    "spanglass.server.commit.duration", "s", "Duration of one group commit.", (), COMMIT, Origin.SPANGLASS
)
SERVER_QUEUE = _gauge("spanglass.server.queue.size", "By", "Memory of exports received and not yet committed.")
SERVER_QUEUE_LIMIT = _gauge("spanglass.server.queue.limit", "By", "Memory of exports before senders are told to wait.")
SERVER_STORE_SIZE = _gauge("spanglass.server.store.size", "By", "Bytes the store holds on disk.")
SERVER_MEMORY = _gauge("spanglass.server.memory", "By", "Resident memory of the server.")
SERVER_MEMORY_LIMIT = _gauge("spanglass.server.memory.limit", "By", "The declared ceiling of the server's memory.")

# What the server counts of the calls in spans that it stores, also of applications that send no metrics. Names of their
# own: with those of the SDK, one Prometheus that reads both would count every call twice (docs/adr/0014).
_STORED_CALL = (
    attr.SERVICE_NAME,
    attr.ENVIRONMENT,
    attr.OPERATION,
    attr.PROVIDER,
    attr.REQUEST_MODEL,
    attr.FEATURE,
)
SPANS_CALLS = _counter("spanglass.spans.calls", "{call}", "Calls in stored spans: attempts less retries.", _STORED_CALL)
SPANS_ERRORS = _counter(
    "spanglass.spans.errors",
    "{call}",
    "Calls in stored spans that failed for good: failed attempts less retries, as far as both have arrived.",
    _STORED_CALL,
)
SPANS_FAILED = _counter(
    "spanglass.spans.failed", "{attempt}", "Failed attempts in stored spans.", (*_STORED_CALL, attr.ERROR_TYPE)
)
SPANS_RETRIES = _counter(
    "spanglass.spans.retries", "{attempt}", "Attempts in stored spans that repeat a failed one.", _STORED_CALL
)
SPANS_TOKENS = _counter(
    "spanglass.spans.tokens",
    "{token}",
    "Tokens of calls in stored spans, input or output, inclusive totals.",
    (*_STORED_CALL, attr.TOKEN_TYPE),
)
SPANS_CACHE_READ = _counter(
    "spanglass.spans.cache_read_tokens", "{token}", "The part of the input that a prompt cache served.", _STORED_CALL
)
SPANS_CACHE_WRITE = _counter(
    "spanglass.spans.cache_write_tokens", "{token}", "The part of the input written to a prompt cache.", _STORED_CALL
)
SPANS_REASONING = _counter(
    "spanglass.spans.reasoning_tokens", "{token}", "The part of the output spent on reasoning.", _STORED_CALL
)
SPANS_COST = _counter(
    "spanglass.spans.cost",
    "{USD}",
    "What calls in stored spans cost; a lower bound while `spanglass.spans.unpriced` grows.",
    (*_STORED_CALL, attr.COST_STATE),
)
SPANS_UNPRICED = _counter(
    "spanglass.spans.unpriced", "{call}", "Calls in stored spans that could not be priced.", _STORED_CALL
)
SPANS_DURATION = _histogram(
    "spanglass.spans.duration",
    "s",
    "Duration of attempts in stored spans; its count is the attempts.",
    _STORED_CALL,
    DURATION,
    Origin.SPANGLASS,
)
SPANS_FIRST_TOKEN = _histogram(
    "spanglass.spans.time_to_first_token",
    "s",
    "Request to first content of streams in stored spans.",
    _STORED_CALL,
    FIRST_TOKEN,
    Origin.SPANGLASS,
)
SPANS_USER_COST = _gauge(
    "spanglass.spans.user_cost",
    "{USD}",
    "What calls cost since midnight UTC, of the users that spent most; the one metric that names users.",
    (attr.USER_ID,),
)

METRICS: tuple[Metric, ...] = tuple(_table)
"""Every row, in the order above."""
