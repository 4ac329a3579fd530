"""Runs a command as `spanglass` would, in this process; and the telemetry of a small shop for it to be asked about."""

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock
from urllib.request import Request, urlopen

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from exports import export, pair
from records import SECOND, T0
from served import config, running
from spanglass.cli import main
from spanglass.server.app import Addresses
from spanglass.server.config import Ages

HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \x9b5m\ud800"[:-1] + "x" * 400
"""A name that would colour the terminal, set its title and turn the text around; and it is long."""
_CHANGING = ("SPANGLASS_", "COLUMNS", "NO_COLOR", "FORCE_COLOR")
FROM, TO = str(T0 // SECOND - 60), str(T0 // SECOND + 600)
"""A range around the shop's telemetry, Unix seconds."""


class Ran(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def asked(server: str, *arguments: str, columns: int | None = 80, **variables: str) -> Ran:
    """Run a command that asks a server, with times in UTC; `columns` is the width of the terminal, None a file."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_CHANGING)}
    width = {} if columns is None else {"COLUMNS": str(columns)}
    environ = {**inherited, "SPANGLASS_SERVER": server, "TZ": "UTC", "TERM": "dumb", **width, **variables}
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch.object(sys, "argv", ["spanglass", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = _code_of_main()
    said, told = (stream.buffer.getvalue().decode() for stream in (out, err))
    return Ran(code, "\n".join(line.rstrip() for line in said.splitlines()), told)


def _code_of_main() -> int:
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def span(
    trace: int,
    number: int,
    name: str,
    *,
    parent: int = 0,
    at: float = 0,
    lasts: float = 1,
    failed: str = "",
    attributes: Mapping[str, str | float] | None = None,
) -> Span:
    """Return a span; times in seconds from T0."""
    made = Span(
        trace_id=(trace << 96 | trace).to_bytes(16, "big"),
        span_id=(trace << 32 | number).to_bytes(8, "big"),
        parent_span_id=(trace << 32 | parent).to_bytes(8, "big") if parent else b"",
        name=name,
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=T0 + round(at * SECOND),
        end_time_unix_nano=T0 + round((at + lasts) * SECOND),
        attributes=[pair(key, value) for key, value in (attributes or {}).items()],
    )
    if failed:
        made.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=failed))
    return made


def call(model: str, *, input: int = 1_000, output: int = 100) -> dict[str, str | float]:  # noqa: A002 - the token's own word
    """Return the attributes of a chat call."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": input,
        "gen_ai.usage.output_tokens": output,
    }


ANN: dict[str, str | float] = {"user.id": "ann", "session.id": "s-1", "spanglass.feature": "support"}
AGENT: dict[str, str | float] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
TOOL: dict[str, str | float] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_shoes"}
FIRST_TOKEN = "spanglass.response.time_to_first_token"
ASKED = '[{"role": "user", "parts": [{"type": "text", "content": "Any\\tshoes?\\n\\u001b[2J"}]}]'
ANSWERED = '[{"role": "assistant", "parts": [{"type": "tool_call", "name": "find_shoes", "arguments": {"size": 7}}]}]'
SAID: dict[str, str | float] = {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED}
PROMPT: dict[str, str | float] = {"gen_ai.prompt.name": "greeting/v", "gen_ai.prompt.version": "3"}
SHOP = [
    span(1, 1, "POST /chat", lasts=4, attributes=ANN),
    span(1, 2, "invoke_agent clerk", parent=1, at=0.1, lasts=3.8, attributes={**AGENT, **ANN}),
    span(
        1,
        3,
        "chat gpt-4o-mini",
        parent=2,
        at=0.2,
        lasts=2,
        attributes={**call("gpt-4o-mini"), FIRST_TOKEN: 0.5, **ANN, **SAID, **PROMPT},
    ),
    span(1, 4, "execute_tool find_shoes", parent=2, at=2.2, lasts=0.5, failed="no shelf 7", attributes={**TOOL, **ANN}),
    span(1, 5, "chat gpt-4o-mini", parent=2, at=2.7, lasts=1.1, attributes={**call("gpt-4o-mini", input=2_000), **ANN}),
    span(2, 1, "chat tern-8b", at=60, lasts=0.25, attributes=call("tern-8b")),
    span(
        3,
        1,
        "chat gpt-4o",
        at=120,
        lasts=0.1,
        failed="rate limited",
        attributes={**call("gpt-4o"), "error.type": "429"},
    ),
    span(4, 1, HOSTILE, at=180, lasts=75, attributes={"user.id": HOSTILE[:200]}),
]
"""A chat with an agent and a tool that failed; a call without a price; one that failed; and a hostile name."""


LOGS = LogsData(
    resource_logs=[
        ResourceLogs(
            resource=Resource(attributes=[pair("service.name", "shop")]),
            scope_logs=[
                ScopeLogs(
                    scope=InstrumentationScope(name="till"),
                    log_records=[
                        LogRecord(
                            time_unix_nano=T0 + 3 * SECOND,
                            severity_number=SeverityNumber.SEVERITY_NUMBER_WARN,
                            body=AnyValue(string_value="no shelf \x1b[31m7"),
                            trace_id=(1 << 96 | 1).to_bytes(16, "big"),
                        ),
                        LogRecord(time_unix_nano=T0 + 4 * SECOND, body=AnyValue(int_value=7), event_name="shop.count"),
                    ],
                )
            ],
        )
    ]
)


def _till(at: int, total: float, model: str) -> NumberDataPoint:
    start, time = T0 - 60 * SECOND, T0 + at * SECOND
    return NumberDataPoint(
        start_time_unix_nano=start, time_unix_nano=time, as_double=total, attributes=[pair("model", model)]
    )


TAKINGS = Sum(
    aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
    is_monotonic=True,
    data_points=[_till(0, 1, "a"), _till(60, 4, "a"), _till(0, 2, "b"), _till(60, 2.5, "b")],
)
METRICS = MetricsData(
    resource_metrics=[
        ResourceMetrics(
            resource=Resource(attributes=[pair("service.name", "shop")]),
            scope_metrics=[ScopeMetrics(metrics=[Metric(name="shop.takings", unit="{USD}", sum=TAKINGS)])],
        )
    ]
)


@contextmanager
def shop_server(data: Path) -> Iterator[Addresses]:
    """Run a server that was told about the shop, and forgets nothing."""
    forever = Ages(traces=None, content=None, logs=None, metrics=None, minutes=None, hours=None)
    with running(config(data, keep=forever)) as addresses:
        sent = {"traces": export(SHOP), "logs": LOGS, "metrics": METRICS}
        for signal, told in sent.items():
            body, headers = told.SerializeToString(), {"content-type": "application/x-protobuf"}
            request = Request(f"{addresses.otlp_http}/v1/{signal}", data=body, headers=headers)  # noqa: S310 - our own server
            with urlopen(request, timeout=10) as answer:  # noqa: S310 - likewise
                assert answer.status == 200
        yield addresses
