"""The attribute table: every attribute spanglass writes or reads, with type, meaning and where the name comes from.

Each constant is the attribute's name and also a row of `ATTRIBUTES`. GenAI names are those of the OpenTelemetry GenAI
conventions, main branch, autumn 2026; cost names follow the open proposal semantic-conventions-genai #443; what no
convention names is under `spanglass.`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Origin(StrEnum):
    """Who named it."""

    OTEL = "OpenTelemetry"
    GENAI = "OpenTelemetry GenAI"
    PROPOSAL = "OpenTelemetry GenAI, proposed"
    SPANGLASS = "spanglass"


class Attribute(NamedTuple):
    """One row of the table.

    Attributes:
        name: The attribute's name.
        type: string, string[], int, double, boolean or json (JSON text in a string).
        meaning: One sentence, with the unit where there is one.
        origin: Who named it.
    """

    name: str
    type: str
    meaning: str
    origin: Origin


_table: list[Attribute] = []


def _row(name: str, kind: str, meaning: str, origin: Origin) -> str:
    _table.append(Attribute(name, kind, meaning, origin))
    return name


def _otel(name: str, kind: str, meaning: str) -> str:
    return _row(name, kind, meaning, Origin.OTEL)


def _genai(name: str, kind: str, meaning: str) -> str:
    return _row(name, kind, meaning, Origin.GENAI)


def _ours(name: str, kind: str, meaning: str) -> str:
    return _row(name, kind, meaning, Origin.SPANGLASS)


# Resource
SERVICE_NAME = _otel("service.name", "string", "Name of the service.")
SERVICE_VERSION = _otel("service.version", "string", "Version of the service.")
SERVICE_INSTANCE_ID = _otel("service.instance.id", "string", "One running instance of the service.")
ENVIRONMENT = _otel("deployment.environment.name", "string", "Deployment environment, such as production.")
HOST_NAME = _otel("host.name", "string", "Name of the host.")
PROCESS_PID = _otel("process.pid", "int", "Process id.")

# Who and what for
USER_ID = _otel(
    "user.id",
    "string",
    "The user on whose behalf the work is done; a label of no metric but `spanglass.spans.user_cost`.",
)
SESSION_ID = _otel("session.id", "string", "The session the work belongs to; never a metric label.")
CONVERSATION_ID = _genai("gen_ai.conversation.id", "string", "The conversation; set where it is truly known.")
FEATURE = _ours("spanglass.feature", "string", "The feature of the application that made the call.")
TAGS = _ours("spanglass.tags", "string[]", "Free words to find it by; the first 20, of at most 100 characters each.")
PROMPT_NAME = _genai("gen_ai.prompt.name", "string", "Name of the prompt template.")
PROMPT_VERSION = _genai("gen_ai.prompt.version", "string", "Version of the prompt template.")

# The call: request
OPERATION = _genai("gen_ai.operation.name", "string", "What is done: chat, embeddings, execute_tool, ...")
PROVIDER = _genai("gen_ai.provider.name", "string", "The provider, as the conventions name it.")
REQUEST_MODEL = _genai("gen_ai.request.model", "string", "The model asked for.")
REQUEST_STREAM = _genai("gen_ai.request.stream", "boolean", "True where a streamed answer was asked for.")
REQUEST_CHOICE_COUNT = _genai("gen_ai.request.choice.count", "int", "Answers asked for, where not one.")
REQUEST_MAX_TOKENS = _genai("gen_ai.request.max_tokens", "int", "Limit on output tokens.")
REQUEST_TEMPERATURE = _genai("gen_ai.request.temperature", "double", "Sampling temperature.")
REQUEST_TOP_P = _genai("gen_ai.request.top_p", "double", "Nucleus sampling.")
REQUEST_TOP_K = _genai("gen_ai.request.top_k", "int", "Top-k sampling.")
REQUEST_FREQUENCY_PENALTY = _genai("gen_ai.request.frequency_penalty", "double", "Frequency penalty.")
REQUEST_PRESENCE_PENALTY = _genai("gen_ai.request.presence_penalty", "double", "Presence penalty.")
REQUEST_SEED = _genai("gen_ai.request.seed", "int", "Sampling seed.")
REQUEST_STOP_SEQUENCES = _genai("gen_ai.request.stop_sequences", "string[]", "Stop sequences.")
REQUEST_REASONING_LEVEL = _genai("gen_ai.request.reasoning.level", "string", "The provider's word for the effort.")
REQUEST_PREVIOUS_RESPONSE = _genai("gen_ai.request.previous_response.id", "string", "The response this call continues.")
REQUEST_ENCODING_FORMATS = _genai("gen_ai.request.encoding_formats", "string[]", "Embedding encodings asked for.")
EMBEDDINGS_DIMENSIONS = _genai("gen_ai.embeddings.dimension.count", "int", "Embedding dimensions.")
OUTPUT_TYPE = _genai("gen_ai.output.type", "string", "text, json, image or speech, where asked for.")
OPENAI_API_TYPE = _genai("openai.api.type", "string", "chat_completions or responses.")
OPENAI_REQUEST_SERVICE_TIER = _genai("openai.request.service_tier", "string", "The service tier asked for.")
REQUEST_SERVICE_TIER = _ours(
    "spanglass.request.service_tier",
    "string",
    "The service tier asked for; OpenAI's interfaces have a name of their own.",
)

# The call: response
RESPONSE_ID = _genai("gen_ai.response.id", "string", "The provider's id of the response; one billable unit.")
RESPONSE_MODEL = _genai("gen_ai.response.model", "string", "The exact model used; prices go by it first.")
FINISH_REASONS = _genai("gen_ai.response.finish_reasons", "string[]", "One a choice; `error` where one never finished.")
TIME_TO_FIRST_CHUNK = _genai(
    "gen_ai.response.time_to_first_chunk", "double", "Seconds from the request to the first event of the stream."
)
TIME_TO_FIRST_TOKEN = _ours(
    "spanglass.response.time_to_first_token", "double", "Seconds from the request to the first content."
)
CHUNK_COUNT = _ours("spanglass.response.chunks", "int", "Events of the stream.")
CHUNK_GAP_MEAN = _ours("spanglass.response.chunk_gap.mean", "double", "Mean seconds between events of the stream.")
CHUNK_GAP_MAX = _ours("spanglass.response.chunk_gap.max", "double", "Longest seconds between two events.")
SERVER_TIME_TOTAL = _ours(
    "spanglass.response.server_time.total", "double", "Seconds the model server says the whole request took."
)
SERVER_TIME_LOAD = _ours("spanglass.response.server_time.load", "double", "Seconds it loaded the model.")
SERVER_TIME_INPUT = _ours("spanglass.response.server_time.input", "double", "Seconds it read the input.")
SERVER_TIME_OUTPUT = _ours("spanglass.response.server_time.output", "double", "Seconds it wrote the output.")
STREAM_INCOMPLETE = _ours(
    "spanglass.response.incomplete", "boolean", "True where the answer ended before its terminal event."
)
STREAM_END = _ours("spanglass.response.end", "string", "Why an incomplete answer ended: cancelled, abandoned or error.")
OPENAI_RESPONSE_SERVICE_TIER = _genai("openai.response.service_tier", "string", "The tier that served the call.")
RESPONSE_SERVICE_TIER = _ours(
    "spanglass.response.service_tier", "string", "The tier that served the call, beyond OpenAI's interfaces."
)
OPENAI_SYSTEM_FINGERPRINT = _genai("openai.response.system_fingerprint", "string", "OpenAI's backend fingerprint.")
ERROR_TYPE = _otel("error.type", "string", "The provider's error code, else the exception's name or HTTP status.")
ERROR_MESSAGE = _ours("spanglass.error.message", "string", "The provider's error message, shortened.")

# The call: tokens
INPUT_TOKENS = _genai("gen_ai.usage.input_tokens", "int", "All input tokens, cache reads and writes included.")
OUTPUT_TOKENS = _genai("gen_ai.usage.output_tokens", "int", "All output tokens, reasoning included.")
CACHE_READ_TOKENS = _genai("gen_ai.usage.cache_read.input_tokens", "int", "Input tokens served from a prompt cache.")
CACHE_WRITE_TOKENS = _genai("gen_ai.usage.cache_write.input_tokens", "int", "Input tokens written to a prompt cache.")
CACHE_WRITE_1H_TOKENS = _ours(
    "spanglass.usage.cache_write_1h.input_tokens", "int", "The part of the cache writes kept for one hour."
)
REASONING_TOKENS = _genai("gen_ai.usage.reasoning.output_tokens", "int", "Output tokens spent on reasoning.")
INPUT_AUDIO_TOKENS = _genai("gen_ai.usage.audio.input_tokens", "int", "Input tokens that were audio.")
OUTPUT_AUDIO_TOKENS = _genai("gen_ai.usage.audio.output_tokens", "int", "Output tokens that were audio.")
CACHE_READ_AUDIO_TOKENS = _genai("gen_ai.usage.audio.cache_read.input_tokens", "int", "Cached input that was audio.")
INPUT_IMAGE_TOKENS = _genai("gen_ai.usage.image.input_tokens", "int", "Input tokens that were images.")
OUTPUT_IMAGE_TOKENS = _genai("gen_ai.usage.image.output_tokens", "int", "Output tokens that were images.")
ACCEPTED_PREDICTION_TOKENS = _ours(
    "spanglass.usage.accepted_prediction.output_tokens", "int", "Predicted output tokens the model accepted."
)
REJECTED_PREDICTION_TOKENS = _ours(
    "spanglass.usage.rejected_prediction.output_tokens", "int", "Predicted output tokens rejected, billed as output."
)
WEB_SEARCHES = _ours("spanglass.usage.web_searches", "int", "Web searches the provider ran and bills per search.")
USAGE_ESTIMATED = _ours("spanglass.usage.estimated", "boolean", "True where a token count was estimated.")
TOKEN_TYPE = _genai("gen_ai.token.type", "string", "input or output, on token metrics.")

# The call: money
COST_AMOUNT = _row("gen_ai.usage.cost.amount", "double", "What the call cost.", Origin.PROPOSAL)
COST_CURRENCY = _row("gen_ai.usage.cost.currency", "string", "ISO 4217 code of the amount.", Origin.PROPOSAL)
COST_SOURCE = _row("gen_ai.usage.cost.source", "string", "provider or local.", Origin.PROPOSAL)
COST_STATE = _ours("spanglass.cost.state", "string", "reported, computed, estimated or unpriced.")
COST_PRICE_ID = _ours("spanglass.cost.price_id", "string", "The matched row of the price table.")
COST_TABLE = _ours("spanglass.cost.table", "string", "Version of the price table.")
COST_EXACT = _ours("spanglass.cost.amount", "string", "The same amount as an exact decimal.")

# The attempt
RESEND_COUNT = _otel("http.request.resend_count", "int", "Which retry this attempt is; unset on the first.")
HTTP_METHOD = _otel("http.request.method", "string", "HTTP method.")
HTTP_STATUS_CODE = _otel("http.response.status_code", "int", "HTTP status code.")
SERVER_ADDRESS = _otel("server.address", "string", "Host of the provider, or of the broker.")
SERVER_PORT = _otel("server.port", "int", "Port of the same.")
RETRY_AFTER = _ours("spanglass.response.retry_after", "double", "Seconds the provider asked to wait.")

# Content, off unless switched on
INPUT_MESSAGES = _genai("gen_ai.input.messages", "json", "Messages sent.")
OUTPUT_MESSAGES = _genai("gen_ai.output.messages", "json", "Messages received.")
SYSTEM_INSTRUCTIONS = _genai("gen_ai.system_instructions", "json", "System instructions sent apart from the messages.")
TOOL_DEFINITIONS = _genai("gen_ai.tool.definitions", "json", "Tools offered.")

# Agents, tools, retrieval
AGENT_NAME = _genai("gen_ai.agent.name", "string", "Name of the agent.")
AGENT_ID = _genai("gen_ai.agent.id", "string", "Stable id of an agent that is hosted.")
AGENT_VERSION = _genai("gen_ai.agent.version", "string", "Version of the agent.")
AGENT_DESCRIPTION = _genai("gen_ai.agent.description", "string", "What the agent is for.")
AGENT_NODE = _ours("spanglass.agent.node", "string", "The node of an agent's graph, such as LangGraph's, that worked.")
WAITED = _ours("spanglass.agent.waited", "double", "Seconds of the span's duration in which a person was waited for.")
WORKFLOW_NAME = _genai("gen_ai.workflow.name", "string", "Name of the workflow, such as the chatbot's.")
TOOL_NAME = _genai("gen_ai.tool.name", "string", "Name of the tool.")
TOOL_DESCRIPTION = _genai("gen_ai.tool.description", "string", "What the tool does.")
TOOL_TYPE = _genai("gen_ai.tool.type", "string", "function, extension or datastore.")
TOOL_CALL_ID = _genai("gen_ai.tool.call.id", "string", "The provider's id of the tool call.")
TOOL_CALL_ARGUMENTS = _genai("gen_ai.tool.call.arguments", "json", "Arguments of the tool call; content.")
TOOL_CALL_RESULT = _genai("gen_ai.tool.call.result", "json", "Result of the tool call; content.")
STEP_TYPE = _ours("spanglass.step.type", "string", "Kind of an agent's step: plan, act, synthesize, ...")
STEP_NAME = _ours("spanglass.step.name", "string", "Name of an agent's step.")
STEP_NUMBER = _ours("spanglass.step.number", "int", "Which step of its agent's run it is, from 1.")
STEP_COUNT = _ours("spanglass.agent.steps", "int", "Steps an agent run took.")
TURN_NAME = _ours("spanglass.turn.name", "string", "Kind of a turn over a connection that stays open.")
WAIT_REASON = _ours("spanglass.wait.reason", "string", "What a waiting span waits for, such as a person's approval.")
WAIT_NAME = _ours("spanglass.wait.name", "string", "What is to be decided.")
WAIT_OUTCOME = _ours("spanglass.wait.outcome", "string", "How a wait came out: approved, denied or expired.")
WAIT_DECIDED_BY = _ours("spanglass.wait.decided_by", "string", "Who decided, as the application names them.")
DATA_SOURCE_ID = _genai("gen_ai.data_source.id", "string", "The source retrieved from.")
RETRIEVAL_TOP_K = _genai("gen_ai.retrieval.top_k", "int", "Documents asked for.")
RETRIEVAL_QUERY = _genai("gen_ai.retrieval.query.text", "string", "What was searched for; content.")
RETRIEVAL_DOCUMENTS = _genai("gen_ai.retrieval.documents", "json", "Documents found, with score; content.")
RETRIEVAL_COUNT = _ours("spanglass.retrieval.count", "int", "How many documents were found.")
CANCELLED = _ours("spanglass.cancelled", "boolean", "True where the work was cancelled, or its reader went away.")
SHED = _ours("spanglass.shed", "string[]", "Content that the server left out for want of memory, by key.")
FOLDED_COUNT = _ours("spanglass.folded.count", "int", "How many spans this one stands for, after a storm of them.")
FOLDED_ERRORS = _ours("spanglass.folded.errors", "int", "How many of them failed.")
FOLDED_DURATION = _ours("spanglass.folded.duration", "double", "Seconds they took together.")

# Databases and messaging
CPU_MODE = _otel("cpu.mode", "string", "Where CPU time was spent: user or system.")
DB_NAMESPACE = _otel("db.namespace", "string", "The database.")
DB_SYSTEM = _otel("db.system.name", "string", "The database product.")
DB_OPERATION = _otel("db.operation.name", "string", "The database operation.")
MESSAGING_SYSTEM = _otel("messaging.system", "string", "The messaging product.")
MESSAGING_OPERATION = _otel("messaging.operation.name", "string", "What is done, as the client says: send, process.")
MESSAGING_OPERATION_TYPE = _otel("messaging.operation.type", "string", "send, receive or process.")
MESSAGING_DESTINATION = _otel("messaging.destination.name", "string", "The topic or queue.")
MESSAGING_PARTITION = _otel("messaging.destination.partition.id", "string", "The partition.")
MESSAGING_GROUP = _otel("messaging.consumer.group.name", "string", "The consumer group.")
MESSAGING_BODY_SIZE = _otel("messaging.message.body.size", "int", "Bytes of the message's body.")
MESSAGING_BATCH_COUNT = _otel("messaging.batch.message_count", "int", "Messages processed together.")
KAFKA_OFFSET = _otel("messaging.kafka.offset", "int", "The message's place in its partition.")
KAFKA_MESSAGE_KEY = _otel("messaging.kafka.message.key", "string", "Key of the message; content.")
KAFKA_TOMBSTONE = _otel("messaging.kafka.message.tombstone", "boolean", "True where the message has no body.")
QUEUE_TIME = _ours(
    "spanglass.messaging.queue_time", "double", "Seconds from the message's timestamp to the start of its processing."
)
TLS_ESTABLISHED = _otel("tls.established", "boolean", "Whether the connection is encrypted.")
CONNECT_TRANSPORT_TIME = _ours(
    "spanglass.connect.transport_time", "double", "Seconds until the connection was there: name lookup, TCP and TLS."
)
CONNECT_TLS_TIME = _ours("spanglass.connect.tls_time", "double", "Seconds of the TLS handshake alone.")

# Quality
EVALUATION_NAME = _genai("gen_ai.evaluation.name", "string", "Name of the check or of the kind of feedback.")
EVALUATION_SCORE = _genai("gen_ai.evaluation.score.value", "double", "The score.")
EVALUATION_LABEL = _genai("gen_ai.evaluation.score.label", "string", "The score in words, such as pass or thumbs_up.")
EVALUATION_EXPLANATION = _genai("gen_ai.evaluation.explanation", "string", "Why.")
QUALITY_HAS_CODE = _ours("spanglass.quality.has_code", "boolean", "The answer holds a code block.")
QUALITY_LENGTH = _ours("spanglass.quality.response_length", "int", "Characters in the answer.")
QUALITY_APOLOGY = _ours("spanglass.quality.contains_apology", "boolean", "The answer apologises.")

# Who else recorded the call
PRODUCER = _ours("spanglass.producer", "string", "Who opened the span that spanglass enriched, by scope name.")

DUPLICATE_OF = _ours(
    "spanglass.duplicate_of", "string", "Span id of the call's own span; set on another account of the same call."
)

# Metric labels without a span attribute of their own
FINISH_REASON = _ours("spanglass.finish_reason", "string", "One finish reason, as a metric label.")
DROP_REASON = _ours("spanglass.reason", "string", "Why something was dropped, rejected or skipped.")
SIGNAL = _ours("spanglass.signal", "string", "traces, metrics or logs.")
DESTINATION = _ours("spanglass.destination", "string", "Where telemetry was sent, by name or host and port.")
FEEDBACK_SOURCE = _ours("spanglass.feedback.source", "string", "user, reviewer or check.")

ATTRIBUTES: tuple[Attribute, ...] = tuple(_table)
"""Every row, in the order above."""
