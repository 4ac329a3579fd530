"""OTLP/JSON: reads as the same export in protobuf does."""

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

import exports
from records import T0
from spanglass.errors import MalformedPayload, PayloadTooLarge
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.otlp_json import to_protobuf
from spanglass.server.record import Received, Signal

DECODER = Decoder(Limits())
TRACE_HEX = "0102030405060708090a0b0c0d0e0f10"
SPAN = {
    "traceId": TRACE_HEX,
    "spanId": "0102030405060708",
    "parentSpanId": "",
    "name": "chat",
    "kind": 3,
    "startTimeUnixNano": str(T0),
    "endTimeUnixNano": T0 + 5,
    "status": {"code": 2, "message": "no"},
    "attributes": [
        {"key": "int", "value": {"intValue": "9007199254740993"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"boolValue": True}]}}},
        {"key": "bytes", "value": {"bytesValue": "AQI="}},
        {"key": "number", "value": {"doubleValue": 0.5}},
    ],
    "links": [{"traceId": TRACE_HEX.upper(), "spanId": "0102030405060709"}],
    "brandNewField": {"of": ["a", "later", "version"]},
}


def traces(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "js"}, "spans": spans}]}]}).encode()


def decoded(body: bytes, signal: Signal = Signal.TRACES) -> Received:
    return DECODER.decode(signal, to_protobuf(signal, body), received_ns=T0)


def hex_ids(node: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Turn the base64 ids of protobuf's own JSON into the hex of OTLP's."""
    if isinstance(node, list):
        return [hex_ids(part) for part in node]
    if isinstance(node, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {key: base64.b64decode(part).hex() if key in ids else hex_ids(part) for key, part in node.items()}
    return node


@given(exports.traces)
def test_json_reads_as_protobuf_does(message: TracesData) -> None:
    """The same export in both encodings gives equal records."""
    as_json = json.dumps(hex_ids(MessageToDict(message))).encode()

    from_json = decoded(as_json)
    from_protobuf = DECODER.decode(Signal.TRACES, message.SerializeToString(), received_ns=T0)

    assert from_json.spans == from_protobuf.spans


def test_the_forms_that_senders_use_are_read() -> None:
    """Hex ids in any case, integers as text, enumerations as numbers; unknown fields are ignored."""
    (span,) = decoded(traces(SPAN)).spans

    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE_HEX, "0102030405060708", None)
    assert (span.start_ns, span.end_ns, span.kind, span.status) == (T0, T0 + 5, "client", "error")
    assert span.attributes == {"int": 9007199254740993, "list": ("a", True), "bytes": b"\1\2", "number": 0.5}
    assert span.links[0].trace_id == TRACE_HEX
    assert span.scope.name == "js"


@pytest.mark.parametrize("bad", ["xyz", "01", "", "0" * 32, TRACE_HEX + "00"])
def test_a_bad_id_rejects_its_span_alone(bad: str) -> None:
    """An id that is not hex, or of a wrong length, does not fail the request."""
    received = decoded(traces({**SPAN, "traceId": bad}, SPAN))

    assert (len(received.spans), received.rejected) == (1, 1)


def test_logs_and_metrics_are_read() -> None:
    """The other two signals have their own names of the same blocks."""
    log = {"timeUnixNano": str(T0), "severityNumber": 9, "body": {"stringValue": "hi"}, "traceId": TRACE_HEX}
    point = {"timeUnixNano": str(T0), "asInt": "3", "exemplars": [{"traceId": TRACE_HEX, "asDouble": 1}]}
    logs = decoded(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}).encode(), Signal.LOGS)
    metric = {"name": "m", "sum": {"dataPoints": [point], "aggregationTemporality": 2}}
    metrics = decoded(
        json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode(), Signal.METRICS
    )

    assert [(record.body, record.trace_id) for record in logs.logs] == [("hi", TRACE_HEX)]
    assert [(read.name, read.value) for read in metrics.points] == [("m", 3)]
    exemplars: Any = metrics.points[0].details["exemplars"]
    assert exemplars[0]["traceId"] == TRACE_HEX


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"resourceSpans": 5}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 5}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}',
        b'{"resourceSpans":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": "\\ud800"}',
        b"\xff\xfe",
    ],
    ids=["empty", "list", "cut", "number", "wrong type", "word for a time", "deep", "lone surrogate", "not text"],
)
def test_what_is_no_export_is_refused(body: bytes) -> None:
    """Text of any other shape ends in a malformed payload, or in an export without items."""
    try:
        received = decoded(body)
    except MalformedPayload as error:
        assert "not OTLP/JSON" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert not received.spans


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SPAN, "resourceSpans", "scopeSpans", "spans", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_json)
def test_json_of_any_shape_harms_nothing(document: object) -> None:
    """Documents that use the right names with the wrong values are refused or read."""
    try:
        decoded(json.dumps({"resourceSpans": document}).encode())
        decoded(traces(document))
    except MalformedPayload:
        return


def test_an_export_without_spans_is_an_empty_one() -> None:
    """`{}` is a valid request."""
    assert not decoded(b"{}").spans


@pytest.mark.parametrize("empty", ["{}", "[]"])
def test_a_body_of_nothing_but_containers_is_refused_before_it_is_parsed(empty: str) -> None:
    """Millions of empty objects are small as text and huge once parsed."""
    body = f'{{"resourceSpans":[{",".join([empty] * 600_000)}]}}'

    with pytest.raises(PayloadTooLarge, match="objects and arrays"):
        to_protobuf(Signal.TRACES, body.encode())
