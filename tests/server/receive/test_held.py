"""The size of a decoded request: what it takes in memory, whatever its bytes are on the wire."""

import gc
import tracemalloc

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exports import export, span_message
from records import T0
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Signal

EMPTY_MAP = AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="")]))


def with_value(value: AnyValue) -> Span:
    message = span_message()
    message.attributes.append(KeyValue(key="k", value=value))
    return message


def with_events(name: str, number: int) -> Span:
    message = span_message()
    message.events.extend([Span.Event(name=name)] * number)
    return message


@pytest.mark.parametrize(
    ("spans", "most_over"),
    [
        ([with_value(AnyValue(string_value="x" * 1_000_000))], 1.1),
        ([with_value(AnyValue(string_value="x" * 1_000_000 + "\N{GRINNING FACE}"))], 1.1),
        ([with_value(AnyValue(array_value=ArrayValue(values=[AnyValue(double_value=0.5)] * 50_000)))], 1.2),
        ([with_value(AnyValue(array_value=ArrayValue(values=[EMPTY_MAP] * 20_000)))], 1.2),
        ([span_message(number) for number in range(5_000)], 2),
        ([span_message(n, attributes={f"{n} {k}": f"{n}" for k in range(20)}) for n in range(1_000)], 2),
        ([with_events("x" * 1000, 3_000)], 2),
    ],
    ids=["text", "text of four bytes a character", "numbers", "maps", "spans", "attributes", "events"],
)
def test_the_size_is_what_it_takes_in_memory(spans: list[Span], most_over: float) -> None:
    """The size is never below what is really held, and not far above it."""
    body = export(spans).SerializeToString()
    decoder = Decoder(Limits())
    gc.collect()
    tracemalloc.start()
    try:
        received = decoder.decode(Signal.TRACES, body, received_ns=T0)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held <= received.size + 8_000
    assert received.size < held * most_over
