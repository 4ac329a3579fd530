"""The OTLP exporter: encodes a batch once, sends it until it is taken or time is over, and reads what is answered."""

from __future__ import annotations

import base64
import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from opentelemetry.sdk.metrics.export import MetricsData

from spanglass.sdk.delivery import Answer, Cause, Delivery
from spanglass.sdk.retry import ATTEMPTS, pause_s
from spanglass.sdk.transport import Haste, Transport

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import AggregationTemporality
    from opentelemetry.sdk.metrics.view import Aggregation

B_contra = TypeVar("B_contra", contravariant=True)
_LARGEST = 64 * 1024 * 1024
_SHORTEST_SECRET = 6
COMPRESSIONS: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


class OtlpExporter(Generic[B_contra]):
    """Sends batches of one signal to one receiver.

    Args:
        encode: Makes an OTLP request of a batch.
        transport: Carries it.
        timeout_s: For all attempts at a batch together; OTEL_EXPORTER_OTLP_TIMEOUT.
        compress: Applied to the encoded batch; None leaves it.
        secrets: Words that are cut out of whatever a receiver says.
        haste: While on, a batch is tried once.
    """

    def __init__(
        self,
        encode: Callable[[B_contra], bytes],
        transport: Transport,
        *,
        timeout_s: float,
        compress: Callable[[bytes], bytes] | None,
        secrets: Iterable[str],
        haste: Haste,
    ) -> None:
        self._encode = encode
        self._transport = transport
        self._timeout_s = timeout_s
        self._compress = compress
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        self._haste = haste
        self._hurried = threading.Event()

    def export(self, batch: B_contra, /) -> Delivery:
        """Send a batch."""
        try:
            body = self._encode(batch)
        except Exception as error:  # noqa: BLE001 - whatever an application put into its telemetry
            return Delivery(Cause.ENCODING, f"{type(error).__name__}: {error}")
        if len(body) > _LARGEST:
            return Delivery(Cause.TOO_LARGE, f"a batch of {len(body)} bytes is more than any receiver takes")
        if self._compress is not None:
            body = self._compress(body)
        answer = self._deliver(body)
        if answer.cause is not None:
            return Delivery(answer.cause, self._without_secrets(answer.said), len(body))
        rejected, said = partial_success(answer.body)
        return Delivery(None, self._without_secrets(said), len(body), rejected)

    def _deliver(self, body: bytes) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        first: Answer | None = None
        for attempt in range(ATTEMPTS):
            answer = self._transport.send(body, deadline - time.monotonic())
            if answer.cause is None:
                return answer
            # The first answer names the cause; the last may only say that time is over.
            first = first or answer
            if not answer.again or self._haste.on:
                return first
            # A kept-alive connection may have been closed by the other side meanwhile: that shows in the first attempt.
            stale = answer.cause is Cause.CONNECTION and attempt == 0
            pause = answer.after_s if answer.after_s is not None else 0.0 if stale else pause_s(attempt)
            if pause >= deadline - time.monotonic() or self._hurried.wait(pause):
                return first
        return first or Answer()

    def hurry(self) -> None:
        """End the pause before another attempt: the process is about to end."""
        self._hurried.set()

    def shutdown(self) -> None:
        """Close the connection."""
        self._hurried.set()
        self._transport.close()

    def _without_secrets(self, said: str) -> str:
        for secret in self._secrets:
            # Also as Python shows it: http.client quotes a header that it refuses.
            said = said.replace(secret, "(hidden)").replace(repr(secret)[1:-1], "(hidden)")
        return said


class OtlpMetricExporter(OtlpExporter[MetricsData]):
    """One for metrics, which also says how they are to be aggregated, under the names that OpenTelemetry's readers use.

    Attributes:
        _preferred_temporality: Temporality by kind of instrument.
        _preferred_aggregation: Aggregation by kind of instrument.
    """

    _preferred_temporality: dict[type, AggregationTemporality]
    _preferred_aggregation: dict[type, Aggregation]


def secrets_of(headers: Mapping[str, str]) -> Iterable[str]:
    """Return the words of headers that must not be shown: their values, credentials in them also decoded."""
    for name, value in headers.items():
        if name.lower() in {"content-type", "content-encoding", "user-agent"}:
            continue
        scheme, _, credential = value.strip().rpartition(" ")
        yield credential
        if scheme.lower() == "basic":
            yield from _decoded(credential)


def _decoded(credential: str) -> Iterable[str]:
    try:
        plain = base64.b64decode(credential, validate=True).decode()
    except ValueError:
        return
    yield plain
    yield plain.partition(":")[2]


def partial_success(body: bytes) -> tuple[int, str]:
    """Read what a receiver says of a batch that it took: how many items it left out, and its words.

    The three services' answers differ in names alone (opentelemetry-proto, `Export*ServiceResponse`).
    """
    if not body:
        return 0, ""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - most answers are empty
        ExportTraceServiceResponse,
    )

    try:
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except Exception:  # noqa: BLE001 - not every receiver answers in protobuf; it said that it took the batch
        return 0, ""
    return partial.rejected_spans, partial.error_message
