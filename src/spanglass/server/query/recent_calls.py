"""Which calls were stored last: what a server that starts anew compares others with."""

from __future__ import annotations

from collections.abc import Sequence

from spanglass.call import Usage
from spanglass.server.normalise.accounts import knows
from spanglass.server.normalise.recent import MOST, Known
from spanglass.server.query.figures import count, text, whole
from spanglass.server.query.statement import statement
from spanglass.server.record import Call
from spanglass.server.store.protocol import Row, Store


def recent_calls(store: Store, *, since_ns: int, limit: int = MOST) -> Sequence[Known]:
    """Return the newest calls, the oldest of them first.

    Args:
        store: Where to look.
        since_ns: When they started at the earliest, Unix ns.
        limit: Most of them.

    Raises:
        QueryError: It took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    rows = store.select(statement("recent_calls"), {"since_ns": since_ns, "limit": limit})
    return [_known(row) for row in reversed(rows)]


def _known(row: Row) -> Known:
    tokens = whole(row["input_tokens"]), whole(row["output_tokens"])
    call = Call(
        str(row["operation"]),
        None,
        text(row["request_model"]),
        text(row["response_model"]),
        text(row["response_id"]),
        None if tokens == (None, None) else Usage(*tokens, estimated=bool(row["usage_estimated"])),
    )
    return Known(
        trace_id=str(row["trace_id"]),
        span_id=str(row["span_id"]),
        parent_span_id=text(row["parent_span_id"]),
        start_ns=count(row["start_ns"]),
        end_ns=count(row["end_ns"]),
        call=call,
        knows=knows(call),
    )
