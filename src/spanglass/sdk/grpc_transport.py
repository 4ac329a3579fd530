"""How OTLP/gRPC bytes travel: one unary call a batch over grpcio, which is imported with this module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from spanglass.sdk.delivery import Answer, Cause
from spanglass.sdk.transport import Haste, Trust

if TYPE_CHECKING:
    from spanglass.sdk.dropped import Signal

_EXIT_TIMEOUT_S = 3.0
_SERVICES = {"traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService", "logs": "logs.v1.LogsService"}
_CAUSES = {
    grpc.StatusCode.UNAUTHENTICATED: Cause.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: Cause.UNAUTHORIZED,
    grpc.StatusCode.UNIMPLEMENTED: Cause.NOT_FOUND,
    grpc.StatusCode.NOT_FOUND: Cause.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Cause.THROTTLED,
    grpc.StatusCode.DEADLINE_EXCEEDED: Cause.TIMEOUT,
    grpc.StatusCode.UNAVAILABLE: Cause.CONNECTION,
    grpc.StatusCode.INVALID_ARGUMENT: Cause.REJECTED,
    grpc.StatusCode.OUT_OF_RANGE: Cause.TOO_LARGE,
}
# https://opentelemetry.io/docs/specs/otlp/#failures; RESOURCE_EXHAUSTED only where the receiver says when.
_RETRYABLE = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class GrpcTransport:
    """Sends over one channel, opened with the first batch.

    Args:
        target: host:port.
        signal: Which of the three services is called.
        tls: Whether the channel is encrypted.
        headers: Sent as metadata with every call.
        trust: Certificates.
        compressed: Whether messages are compressed with gzip.
        haste: Shared flag; while on, an attempt takes 3 s at most.
    """

    def __init__(
        self,
        target: str,
        signal: Signal,
        *,
        tls: bool,
        headers: Mapping[str, str],
        trust: Trust,
        compressed: bool,
        haste: Haste,
    ) -> None:
        self._target = target
        self._method = f"/opentelemetry.proto.collector.{_SERVICES[signal]}/Export"
        self._tls = tls
        self._metadata = tuple((name.lower(), value.strip()) for name, value in headers.items())
        self._trust = trust
        self._compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
        self._haste = haste
        self._channel: grpc.Channel | None = None

    def send(self, body: bytes, timeout_s: float) -> Answer:
        """Make one attempt."""
        if self._haste.on:
            timeout_s = min(timeout_s, _EXIT_TIMEOUT_S)
        try:
            if self._channel is None:
                self._channel = self._open()
            call = self._channel.unary_unary(self._method, _as_it_is, _as_it_is)
            return Answer(body=call(body, timeout=max(timeout_s, 0.001), metadata=self._metadata))
        except grpc.RpcError as error:
            answer = _failed(error)
        except (OSError, ValueError) as error:
            return Answer(Cause.OTHER, str(error))
        if answer.cause is Cause.CONNECTION:
            self.close()  # a channel waits longer and longer between attempts to connect; a new one tries at once
        return answer

    def close(self) -> None:
        """Close the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _open(self) -> grpc.Channel:
        if not self._tls:
            return grpc.insecure_channel(self._target, compression=self._compression)
        authority, key, chain = (
            None if path is None else Path(path).read_bytes()
            for path in (self._trust.certificate, self._trust.client_key, self._trust.client_certificate)
        )
        credentials = grpc.ssl_channel_credentials(authority, key, chain)
        return grpc.secure_channel(self._target, credentials, compression=self._compression)


def _as_it_is(body: bytes) -> bytes:
    return body


def _failed(error: grpc.RpcError) -> Answer:
    code, details = error.code(), error.details() or ""
    after_s = _retry_after_s(error)
    cause = _CAUSES.get(code, Cause.SERVER)
    if cause is Cause.CONNECTION and any(word in details for word in ("handshake", "certificate", "SSL", "TLS")):
        return Answer(Cause.TLS, f"{code.name}: {details}")
    again = code in _RETRYABLE or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and after_s is not None)
    return Answer(cause, f"{code.name}: {details}", again, after_s)


def _retry_after_s(call: grpc.RpcError) -> float | None:
    """Seconds of a google.rpc.RetryInfo, alone or among the details of a google.rpc.Status."""
    from google.rpc.error_details_pb2 import RetryInfo  # noqa: PLC0415 - only for a failure
    from google.rpc.status_pb2 import Status  # noqa: PLC0415 - likewise

    found = {datum.key: datum.value for datum in call.trailing_metadata() or ()}
    info = RetryInfo()
    try:
        if (alone := found.get("google.rpc.retryinfo-bin")) is not None:
            info.ParseFromString(alone)
            return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
        for detail in Status.FromString(found.get("grpc-status-details-bin", b"")).details:
            if detail.Unpack(info):
                return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    except Exception:  # noqa: BLE001 - whatever a receiver sends, the failure itself is known
        return None
    return None
