"""What came of handing a batch to a receiver: the causes of failure, and what people can do about each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Cause(StrEnum):
    """Why a receiver did not take a batch; the label `spanglass.reason` of `spanglass.sdk.export.failures`."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    REDIRECTED = "redirected"
    THROTTLED = "throttled"
    TOO_LARGE = "too_large"
    REJECTED = "rejected"
    SERVER = "server_error"
    ENCODING = "encoding"
    OTHER = "other"


class Answer(NamedTuple):
    """What one attempt came to.

    Attributes:
        cause: Why it failed; None where the receiver took it.
        said: The receiver's or the system's words.
        again: Another attempt may help.
        after_s: Seconds that the receiver asked to wait before that.
        body: The receiver's answer, where it took the batch.
    """

    cause: Cause | None = None
    said: str = ""
    again: bool = False
    after_s: float | None = None
    body: bytes = b""


class Delivery(NamedTuple):
    """What all attempts at one batch came to.

    Attributes:
        cause: Why it failed; None where the receiver took it.
        said: Why, in the receiver's or the system's words; also what it said of a batch that it took.
        size: Bytes of the encoded batch, as sent.
        rejected: Items that the receiver left out of a batch it took.
    """

    cause: Cause | None = None
    said: str = ""
    size: int = 0
    rejected: int = 0


_CURES = {
    Cause.CONNECTION: "Is the receiver running there?",
    Cause.TIMEOUT: "Is the receiver running there? OTEL_EXPORTER_OTLP_TIMEOUT is how long it may take.",
    Cause.TLS: "Check the certificate (OTEL_EXPORTER_OTLP_CERTIFICATE names a CA bundle) and that TLS is spoken there.",
    Cause.NOT_FOUND: "Something answers there, but takes no such telemetry: check the path and port of the address.",
    Cause.REDIRECTED: "Use the address it names.",
    Cause.THROTTLED: "The receiver takes less than is sent; send less, or raise its limits.",
    Cause.TOO_LARGE: "Lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE or OTEL_BLRP_MAX_EXPORT_BATCH_SIZE.",
}


def cure(cause: Cause, credentials: Sequence[str]) -> str:
    """Return what to do about a failure, empty where nobody knows.

    Args:
        cause: Why it failed.
        credentials: Names of the variables that hold the receiver's key.
    """
    if cause is Cause.UNAUTHORIZED:
        return f"The key is missing or wrong: check {' and '.join(credentials)}."
    return _CURES.get(cause, "")
