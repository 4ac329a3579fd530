"""What kind of work a span is; a table of attributes, the first that is there decides."""

from __future__ import annotations

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.reading import as_text
from spanglass.server.record import Attributes, Call, Span, SpanKind, Work

_OPERATIONS = {
    "execute_tool": Work.TOOL,
    "invoke_agent": Work.AGENT,
    "create_agent": Work.AGENT,
    "invoke_workflow": Work.AGENT,
    "plan": Work.AGENT,
    "retrieval": Work.RETRIEVAL,
    "search_memory": Work.RETRIEVAL,
    "fetch_response": Work.LLM,
    "open_stream": Work.LLM,  # not of the conventions: a span that ends when a stream opens, told of again at its end
}
_VECTOR_STORES = frozenset({"chroma", "lancedb", "milvus", "pinecone", "qdrant", "weaviate"})
_MARKS = (
    (attr.STEP_TYPE, Work.AGENT),
    (attr.AGENT_NAME, Work.AGENT),
    (attr.WORKFLOW_NAME, Work.AGENT),
    (attr.DB_SYSTEM, Work.DATABASE),
    (attr.MESSAGING_SYSTEM, Work.QUEUE),
    (attr.HTTP_METHOD, Work.HTTP),
    ("mcp.method.name", Work.HTTP),  # tools/list and the like; a tool's call is a tool
    ("url.full", Work.HTTP),
    ("rpc.system", Work.HTTP),
    ("rpc.system.name", Work.HTTP),
)


def work_of(span: Span, attributes: Attributes, call: Call | None) -> Work:
    """Return what a span's time goes into."""
    if call is not None or attr.WAIT_REASON in attributes:
        return Work.WAITING if call is None else Work.LLM
    operation = attributes.get(attr.OPERATION)
    if isinstance(operation, str) and operation in _OPERATIONS:
        return _OPERATIONS[operation]
    if attr.TOOL_NAME in attributes or attr.TOOL_CALL_ID in attributes:
        return Work.TOOL
    if as_text(attributes.get(attr.DB_SYSTEM)) in _VECTOR_STORES:
        return Work.RETRIEVAL
    for name, work in _MARKS:
        if name in attributes:
            return work
    return Work.QUEUE if span.kind in {SpanKind.PRODUCER, SpanKind.CONSUMER} else Work.OTHER
