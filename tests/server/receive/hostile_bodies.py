"""Decodes bodies made to take memory, and prints how far this process' peak grew over what it was before, in MB."""

import resource
import sys
from collections.abc import Iterator

from spanglass.errors import PayloadTooLarge
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.otlp_json import to_protobuf
from spanglass.server.record import Signal

SIZE = 14 * 1024 * 1024
EMPTY = b"\x0a\x00" * (SIZE // 2)
IDS = b"\x0a\x10" + b"\x01" * 16 + b"\x12\x08" + b"\x02" * 8


def field(number: int, data: bytes) -> bytes:
    """Return a field of bytes."""
    size, left = bytearray(), len(data)
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes((number << 3 | 2, *size, left)) + data


def export(item: bytes) -> bytes:
    """Return a request with one item."""
    return field(1, field(2, field(2, item)))


def span(value: bytes) -> bytes:
    """Return a request with one span of one attribute."""
    return export(IDS + field(9, field(1, b"k") + field(2, value)))


def metric(kind: int, point: bytes) -> bytes:
    """Return a request with one metric of one point."""
    return export(field(1, b"m") + field(kind, field(1, point)))


def bodies() -> Iterator[tuple[str, Signal, bytes]]:
    """Yield bodies: what is in them, their signal, their bytes."""
    yield "array", Signal.TRACES, span(field(5, EMPTY))
    yield "array of arrays", Signal.TRACES, span(field(5, b"\x0a\x02\x2a\x00" * (SIZE // 4)))
    yield "map", Signal.TRACES, span(field(6, EMPTY))
    yield "log body", Signal.LOGS, export(field(5, field(5, EMPTY)))
    yield "attributes", Signal.TRACES, export(IDS + b"\x4a\x00" * (SIZE // 2))
    yield "spans", Signal.TRACES, field(1, field(2, b"\x12\x00" * (SIZE // 2)))
    yield "blocks", Signal.TRACES, EMPTY
    yield "scope attributes", Signal.TRACES, field(1, field(2, field(1, b"\x1a\x00" * (SIZE // 2))))
    yield "points", Signal.METRICS, export(field(1, b"m") + field(9, EMPTY))
    yield "histogram", Signal.METRICS, metric(9, field(6, bytes(SIZE)))
    yield "exponential histogram", Signal.METRICS, metric(10, field(8, field(2, bytes(SIZE))))
    yield (
        "exponential histograms",
        Signal.METRICS,
        export(field(1, b"m") + field(10, field(1, field(8, field(2, bytes(1_000_000)))) * 14)),
    )
    yield "quantiles", Signal.METRICS, metric(11, b"\x32\x00" * (SIZE // 2))
    attributes = [field(9, field(1, b"%d" % number) + field(2, field(5, EMPTY[:20_000]))) for number in range(700)]
    yield "arrays below the size that is walked", Signal.TRACES, export(IDS + b"".join(attributes))


def main() -> None:
    """Decode all."""
    list_of_numbers = b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":['
    every = [*bodies(), ("JSON numbers", None, list_of_numbers + b"0," * (SIZE // 2) + b"0]}]}}]}]}]}")]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, signal, body in every:
        try:
            data = to_protobuf(Signal.METRICS, body) if signal is None else body
            Decoder(Limits()).decode(signal or Signal.METRICS, data, received_ns=1)
        except PayloadTooLarge:
            continue
        raise AssertionError(name)
    sys.stdout.write(f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024}\n")


main()
