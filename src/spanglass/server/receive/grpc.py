"""OTLP/gRPC: the three export services on one aio server; messages stay bytes until the decoder has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import grpc

from spanglass.server.access import Access
from spanglass.server.receive import answers
from spanglass.server.receive.receiver import Body, Receiver
from spanglass.server.record import Signal

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
_SERVICES = {
    Signal.TRACES: "opentelemetry.proto.collector.trace.v1.TraceService",
    Signal.METRICS: "opentelemetry.proto.collector.metrics.v1.MetricsService",
    Signal.LOGS: "opentelemetry.proto.collector.logs.v1.LogsService",
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_MOST_CALLS = 64
"""Calls at a time: gRPC holds each one's message before this server can count it."""
_LARGEST_MESSAGE = 4 * 1024 * 1024
"""gRPC's own default, which its senders keep to; 64 messages of 16 MiB would be a gigabyte."""


def otlp_grpc(receiver: Receiver, access: Access) -> grpc.aio.Server:
    """Return the server, without an address and not started; call it in the event loop that will run it.

    Args:
        receiver: Where messages go.
        access: Who may send.
    """
    server = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", min(_LARGEST_MESSAGE, receiver.limits.body_bytes)),
            ("grpc.so_reuseport", 0),  # else two servers would share a port without a word
            ("grpc.max_concurrent_streams", _MOST_CALLS),
        ),
        maximum_concurrent_rpcs=_MOST_CALLS,
    )
    for signal, service in _SERVICES.items():
        handler = grpc.unary_unary_rpc_method_handler(_export(signal, receiver, access))
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
    return server


def _export(signal: Signal, receiver: Receiver, access: Access) -> Callable[[bytes, Context], Awaitable[bytes]]:
    async def export(request: bytes, context: Context) -> bytes:
        try:
            access.demand_key(_authorization(context))
            with receiver.allowance.hold() as hold:
                hold.add(len(request))  # until the answer: gRPC keeps the message as long
                received = await receiver.decode(signal, Body(request))
                await receiver.keep(received)
        except Exception as error:  # the guard of this entry: whatever happens, the sender is told
            receiver.note_refusal(signal, error)
            await _abort(context, error)
            raise
        return answers.accepted(received, as_json=False)

    return export


def _authorization(context: Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str):
            return value
    return None


async def _abort(context: Context, error: Exception) -> None:
    wait = answers.wait_of(error)
    details: list[tuple[str, str | bytes]] = [
        # Read by the Collector and by the Go and Java exporters...
        ("grpc-status-details-bin", answers.refused(error, as_json=False))
    ]
    if wait is not None:
        # ...and by the Python exporter.
        details.append(("google.rpc.retryinfo-bin", answers.retry_info(wait)))
        details.append(("retry-after", f"{wait:g}"))
    await context.abort(_CODES[answers.fault_of(error).code], answers.message_of(error), tuple(details))
