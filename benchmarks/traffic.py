"""Telemetry as applications send it, made fast: requests as templates in which ids, times and numbers are replaced."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

SPANS_A_TRACE: Final = 8
TRACES_A_REQUEST: Final = 64
SPANS_A_REQUEST: Final = SPANS_A_TRACE * TRACES_A_REQUEST
TEMPLATES: Final = 16
USERS: Final = 5_000
TRACES_A_SESSION: Final = 5
MODELS: Final = (
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "gpt-5-2025-08-07"),
    ("anthropic", "claude-sonnet-4-5-20250929"),
    ("gcp.gemini", "gemini-2.5-flash"),
)
FEATURES: Final = ("search", "support", "summaries", "chat", "translate")
TOOLS: Final = ("search_orders", "weather", "send_mail", "calculator")
_ALL: Final = 2**64 - 1
_ODD: Final = 0x9E3779B97F4A7C15
_OTHER_ODD: Final = 0xD6E8FEB86659FD93
# What stands in a template for what is replaced; each is found by its bytes.
_TRACE: Final = b"\xa1\xb2\xc3\xd4\xe5\xf6\x07\x18"
_SPAN: Final = b"\x11\x22\x33\x44\x55"
_TIME: Final = b"\x15\xa1\xdb\x0d"
_RESPONSE, _USER, _SESSION = (f"77007700770{kind}".encode() for kind in range(3))
_TICK_NS: Final = 100_000
"""Times in a template are in units of this."""


class Traffic:
    """An endless stream of requests: every span has ids and times of its own, the rest is of 16 templates.

    A trace is a chatbot's answer: a request, an agent, two tools, a query of a database and three calls to models; one
    in ten has a call that failed, one in eight the messages of its calls.
    """

    def __init__(self, *, start_ns: int, gap_ns: int) -> None:
        """Make the templates.

        Args:
            start_ns: When the first trace starts, Unix ns.
            gap_ns: From one trace's start to the next one's.
        """
        self._start_ns = start_ns
        self._gap_ns = gap_ns
        self._templates = [_Template(number) for number in range(TEMPLATES)]

    def requests(self, first: int, count: int) -> Iterator[bytes]:
        """Yield requests of 512 spans each, beginning with that number."""
        for number in range(first, first + count):
            start_ns = self._start_ns + number * TRACES_A_REQUEST * self._gap_ns
            yield self._templates[number % TEMPLATES].fill(number, start_ns, self._gap_ns)


class _Template:
    """One request, and where in its bytes stands what is replaced: 1.5 us a span."""

    def __init__(self, number: int) -> None:
        body = _message(number).SerializeToString()
        self._body = bytearray(body)
        self._traces = [(at, int.from_bytes(body[at + 8 : at + 16], "big")) for at in _places(body, _TRACE)]
        self._spans = [(at, int.from_bytes(body[at + 5 : at + 8], "big")) for at in _places(body, _SPAN)]
        # A time is 8 bytes, the lowest first: ticks in 24 bits, the trace's place in 8, the mark.
        self._times = [
            (at - 4, int.from_bytes(body[at - 4 : at - 1], "little"), body[at - 1]) for at in _places(body, _TIME)
        ]
        self._responses = _places(body, _RESPONSE)
        # The root and three calls of each trace name their user and session.
        self._users = [(at, place // 4) for place, at in enumerate(_places(body, _USER))]
        self._sessions = [(at, place // 4) for place, at in enumerate(_places(body, _SESSION))]

    def fill(self, number: int, start_ns: int, gap_ns: int) -> bytes:
        """Return the request of that number."""
        body, first = self._body, number * TRACES_A_REQUEST
        for at, place in self._traces:
            spread = (first + place + 1) * _OTHER_ODD  # counted from 1: an id of zeros is none
            struct.pack_into(">QQ", body, at, spread & _ALL, (spread ^ spread >> 29) * _OTHER_ODD & _ALL)
        for at, place in self._spans:
            struct.pack_into(">Q", body, at, ((number + 1 << 24) | place) * _ODD & _ALL)
        for at, ticks, place in self._times:
            struct.pack_into("<Q", body, at, start_ns + place * gap_ns + ticks * _TICK_NS)
        for place, at in enumerate(self._responses):
            body[at : at + 12] = b"%012d" % (number * SPANS_A_REQUEST + place)
        for at, place in self._users:
            body[at : at + 12] = b"%012d" % ((first + place) // TRACES_A_SESSION * 7919 % USERS)
        for at, place in self._sessions:
            body[at : at + 12] = b"%012d" % ((first + place) // TRACES_A_SESSION)
        return bytes(body)


def _places(body: bytes, mark: bytes) -> list[int]:
    found, at = [], body.find(mark)
    while at >= 0:
        found.append(at)
        at = body.find(mark, at + len(mark))
    return found


def _message(number: int) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    _texts(group.resource, {"service.name": f"chatbot-{number % 4}", "deployment.environment.name": "production"})
    scope = group.scope_spans.add()
    scope.scope.name = "spanglass"
    for place in range(TRACES_A_REQUEST):
        _trace(scope, number, place)
    return message


def _trace(scope: ScopeSpans, number: int, place: int) -> None:
    """Add a trace: POST > agent > (plan, tool, tool, answer), and a query."""
    kind = number * TRACES_A_REQUEST + place
    seconds = 1 + kind % 7
    root = _span(scope, place, 0, None, "POST /chat", (0, seconds), kind=Span.SPAN_KIND_SERVER)
    _texts(root, {"http.request.method": "POST", "http.route": "/chat", "user.id": f"user-{_USER.decode()}"})
    _texts(root, {"session.id": f"session-{_SESSION.decode()}", "spanglass.feature": FEATURES[kind % 5]})
    agent = _span(scope, place, 1, 0, "invoke_agent helper", (0.01, seconds - 0.02))
    _texts(agent, {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": f"helper-{kind % 3}"})
    _call(scope, place, 2, kind, (0.02, 0.3 * seconds))
    for offset, tool in ((0, TOOLS[kind % 4]), (1, TOOLS[(kind + 1) % 4])):
        span = _span(scope, place, 3 + offset, 1, f"execute_tool {tool}", (0.31 * seconds, 0.4 * seconds))
        _texts(span, {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool})
        if kind % 23 == 0:
            span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=f"order {kind} was not found"))
            _texts(span, {"error.type": "LookupError"})
    query = _span(scope, place, 5, 3, "SELECT orders", (0.32 * seconds, 0.35 * seconds), kind=Span.SPAN_KIND_CLIENT)
    _texts(query, {"db.system.name": "postgresql", "db.operation.name": "SELECT", "db.query.text": "SELECT * FROM o"})
    _call(scope, place, 6, kind + 1, (0.41 * seconds, 0.6 * seconds))
    _call(scope, place, 7, kind + 2, (0.61 * seconds, 0.97 * seconds))


def _call(scope: ScopeSpans, place: int, span_place: int, kind: int, times: tuple[float, float]) -> None:
    provider, model = MODELS[kind % len(MODELS)]
    span = _span(scope, place, span_place, 1, f"chat {model}", times, kind=Span.SPAN_KIND_CLIENT)
    _texts(
        span,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "server.address": f"api.{provider}.example",
            "user.id": f"user-{_USER.decode()}",
            "session.id": f"session-{_SESSION.decode()}",
            "spanglass.feature": FEATURES[(kind - span_place // 3) % 5],
            "gen_ai.prompt.name": "answer",
            "gen_ai.prompt.version": str(kind % 3),
        },
    )
    if kind % 29 == 0:
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=f"Rate limit reached, {kind} of 500"))
        _texts(span, {"error.type": "rate_limit_exceeded"})
        return
    _texts(span, {"gen_ai.response.model": model, "gen_ai.response.id": f"chatcmpl-{_RESPONSE.decode()}"})
    span.attributes.add(key="gen_ai.response.finish_reasons").value.array_value.values.add(string_value="stop")
    for name, count in (
        ("gen_ai.usage.input_tokens", 400 + kind % 900),
        ("gen_ai.usage.output_tokens", 40 + kind % 300),
        ("gen_ai.usage.cache_read.input_tokens", kind % 300),
    ):
        span.attributes.add(key=name).value.int_value = count
    span.attributes.add(key="gen_ai.request.stream").value.bool_value = True
    span.attributes.add(key="spanglass.response.time_to_first_token").value.double_value = 0.1 + kind % 90 / 100
    if place % 8 == 0:
        said = f"Where is my order {kind}? I wrote to you before and nobody could tell me. " * 4
        for name, role in (("gen_ai.input.messages", "user"), ("gen_ai.output.messages", "assistant")):
            messages = [{"role": role, "parts": [{"type": "text", "content": said}]}]
            _texts(span, {name: json.dumps(messages)})


def _span(
    scope: ScopeSpans,
    place: int,
    number: int,
    parent: int | None,
    name: str,
    times: tuple[float, float],
    kind: Span.SpanKind.ValueType = Span.SPAN_KIND_INTERNAL,
) -> Span:
    """Add a span; the times in seconds from the start of its trace."""
    first = place * SPANS_A_TRACE
    span = scope.spans.add(
        trace_id=_TRACE + place.to_bytes(8, "big"), span_id=_SPAN + (first + number).to_bytes(3, "big"), kind=kind
    )
    if parent is not None:
        span.parent_span_id = _SPAN + (first + parent).to_bytes(3, "big")
    span.name = name
    span.start_time_unix_nano, span.end_time_unix_nano = (_time(place, seconds) for seconds in times)
    return span


def _time(place: int, seconds: float) -> int:
    ticks = round(seconds * 1_000_000_000 / _TICK_NS)
    return int.from_bytes(ticks.to_bytes(3, "little") + bytes([place]) + _TIME, "little")


def _texts(holder: Span | Resource, texts: dict[str, str]) -> None:
    for key, text in texts.items():
        holder.attributes.add(key=key).value.string_value = text
