"""What it costs and for whom: by any dimension, by day, and this month so far and as it will end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.call_figures import NOTHING, Figures, figures, sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import Money, count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.ranking import RankPage, rank_page
from spanglass.server.query.zone import days, month_of
from spanglass.server.store.protocol import Cell, Parameter, Row, Store

_SECOND: Final = 1_000_000_000
_QUARTER_HOUR: Final = 900 * _SECOND
_HOUR: Final = 3_600 * _SECOND
_DAY: Final = 86_400 * _SECOND
MOST_DAYS: Final = 400
_WEEK: Final = 7
_CENTS: Final = Decimal("0.01")
_WIDE: Final = Context(prec=80)
"""Room for whatever senders may claim to have spent."""

DIMENSIONS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "feature": (("feature",), "feature"),
    "user": (("user_id",), "user_id"),
    "session": (("session_id",), "session_id"),
    "prompt": (("prompt_name", "prompt_version"), "prompt_name"),
    "model": (("request_model", "response_model"), "coalesce(request_model, response_model)"),
    "provider": (("provider",), "provider"),
    "service": (("service",), "service"),
    "environment": (("environment",), "environment"),
    "operation": (("operation",), "operation"),
    "tag": (("tag",), "tag"),
}
"""What cost can be told apart by: the columns it needs, and the expression."""
_VERSION: Final = "prompt_version"
_THESE: Final = "HAVING its_key IN (SELECT sg_each($these)) OR its_key IS NULL"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the dimension.

    Attributes:
        key: The value; None for calls that have none.
        version: The prompt's version, where the dimension is the prompt.
        figures: Of its calls; without percentiles.
        before: What its calls cost in the period of the same length before; None where that is unknown or nothing.
    """

    key: str | None
    version: str | None
    figures: Figures
    before: Decimal | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day in the time zone; `start` in Unix seconds. Days without calls are present."""

    start: float
    cost: Money
    calls: int


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """The month that the end of the range is in, whatever its start.

    Attributes:
        start: Unix seconds.
        end: Unix seconds.
        to_date: Cost so far.
        projected: USD at its end: so far, and for the time left the mean of the last 7 days; None where nothing is
            known of these. A lower bound, as `to_date` is, where calls are unpriced.
        before: Cost of the whole month before.
    """

    start: float
    end: float
    to_date: Money
    projected: Decimal | None
    before: Money


class CostAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        zone: The time zone of days and months.
        by: The dimension.
        total: Of the whole range.
        before: What the period of the same length before cost.
        groups: A page, the dearest first. A call with several tags is in several groups.
        next_cursor: Of the next page; None on the last.
        days: Every day that the range touches; the first and last may be partial.
        month: This month.
    """

    start: float
    end: float
    zone: str
    by: str
    total: Figures
    before: Money
    groups: tuple[Group, ...]
    next_cursor: str | None
    days: tuple[Day, ...]
    month: Month


def cost(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    by: str,
    zone: ZoneInfo,
    filters: Filters = ANY,
    page: tuple[str | None, int] = (None, 25),
) -> CostAnswer:
    """Return what the model calls of a range cost.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        by: A name of `DIMENSIONS`.
        zone: Where days and months begin.
        filters: Each holds of the call's own span.
        page: `next_cursor` of the page before, and groups a page, 1 to 100.

    Raises:
        QueryError: The range is empty or longer than 400 days, there is no such dimension, a filter or the cursor is
            wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = rank_page(start_ns, end_ns, *page)
    if by not in DIMENSIONS:
        raise QueryError(f"Cost cannot be told apart by {by[:40]!r}; there are {', '.join(DIMENSIONS)}.")
    if place.end_ns - place.start_ns > MOST_DAYS * _DAY:
        raise QueryError(f"The range is longer than {MOST_DAYS} days; ask for a shorter one.")
    asked = range(place.start_ns, place.end_ns)
    earlier = range(max(0, 2 * asked.start - asked.stop), asked.start)
    groups, cursor = _groups(store, place, page[1], by, earlier, filters)
    return CostAnswer(
        start=asked.start / _SECOND,
        end=asked.stop / _SECOND,
        zone=zone.key,
        by=by,
        total=_total(store, asked, filters),
        before=_total(store, earlier, filters).cost,
        groups=groups,
        next_cursor=cursor,
        days=_days(store, asked, zone, filters),
        month=_month(store, asked.stop, zone, filters),
    )


def _total(store: Store, asked: range, filters: Filters) -> Figures:
    if not asked:
        return NOTHING
    return figures(sums(store, Calls(store, start_ns=asked.start, end_ns=asked.stop, filters=filters), {})[0])


def _groups(
    store: Store, page: RankPage, limit: int, by: str, earlier: range, filters: Filters
) -> tuple[tuple[Group, ...], str | None]:
    order = "ORDER BY all_cost DESC NULLS LAST, all_attempts DESC, its_key\nLIMIT $limit OFFSET $skip"
    bounds = {"limit": limit + 1, "skip": page.skip}
    rows = _by(store, range(page.start_ns, page.end_ns), by, filters, order, bounds)
    before: dict[tuple[Cell, ...], Row] = {}
    if earlier and by != "session":  # sessions end; one row a session of long ago tells nothing and takes long
        shown_keys = [key for row in rows[:limit] if (key := text(row["its_key"])) is not None]
        these = {"these": shown_keys}
        before = {_key(row): row for row in _by(store, earlier, by, filters, _THESE, these)}
    shown = [
        Group(
            key=text(row["its_key"]),
            version=text(row.get("its_version")),
            figures=figures(row),
            before=None if (old := before.get(_key(row))) is None else figures(old).cost.amount,
        )
        for row in rows[:limit]
    ]
    return tuple(shown), page.after(limit, len(rows))


def _by(
    store: Store, asked: range, by: str, filters: Filters, order: str, bounds: Mapping[str, Parameter]
) -> Sequence[Row]:
    dimensions, expression = DIMENSIONS[by]
    calls = Calls(store, start_ns=asked.start, end_ns=asked.stop, dimensions=dimensions, filters=filters)
    keys = {"its_key": expression, **({"its_version": _VERSION} if _VERSION in dimensions else {})}
    return sums(store, calls, keys, order=order, more=bounds)


def _key(row: Row) -> tuple[Cell, ...]:
    return row["its_key"], row.get("its_version")


def _days(store: Store, asked: range, zone: ZoneInfo, filters: Filters) -> tuple[Day, ...]:
    found = _by_day(store, asked, zone, filters)
    return tuple(
        Day(start=at_ns / _SECOND, cost=_money([one.cost for one in found[at_ns]]), calls=_calls(found[at_ns]))
        for at_ns in found
    )


def _by_day(store: Store, asked: range, zone: ZoneInfo, filters: Filters) -> dict[int, list[Figures]]:
    """Return the figures of each day that a range touches, as parts of it: hours, or quarters where days need them."""
    begins = list(days(asked.start, asked.stop, zone))
    step_ns = _HOUR if all(at_ns % _HOUR == 0 for at_ns in begins) else _QUARTER_HOUR
    calls = Calls(store, start_ns=asked.start, end_ns=asked.stop, filters=filters, step_ns=step_ns)
    rows = sums(store, calls, {"step": "sg_time_step(start_ns, $step_ns)"}, more={"step_ns": step_ns})
    found: dict[int, list[Figures]] = {at_ns: [] for at_ns in begins}
    place = 0
    for row in sorted(rows, key=lambda row: count(row["step"])):
        while place + 1 < len(begins) and begins[place + 1] <= count(row["step"]) * step_ns:
            place += 1
        found[begins[place]].append(figures(row))
    return found


def _month(store: Store, end_ns: int, zone: ZoneInfo, filters: Filters) -> Month:
    before_ns, start_ns, after_ns = month_of(end_ns - 1, zone)
    by_day = _by_day(store, range(max(0, before_ns), end_ns), zone, filters)
    to_date = _money([one.cost for at_ns, parts in by_day.items() if at_ns >= start_ns for one in parts])
    return Month(
        start=start_ns / _SECOND,
        end=after_ns / _SECOND,
        to_date=to_date,
        projected=_projected(to_date, by_day, end_ns, after_ns),
        before=_money([one.cost for at_ns, parts in by_day.items() if at_ns < start_ns for one in parts]),
    )


def _projected(to_date: Money, by_day: Mapping[int, Sequence[Figures]], end_ns: int, after_ns: int) -> Decimal | None:
    """Return the month's cost at its end: for the time left, the mean of the last 7 days since the first call."""
    called = [at_ns for at_ns, parts in by_day.items() if parts]
    if not called or to_date.amount is None:
        return to_date.amount
    since_ns = max(called[0], next(at_ns for at_ns in by_day if at_ns > end_ns - (_WEEK + 1) * _DAY))
    recent = _money([one.cost for at_ns, parts in by_day.items() if at_ns >= since_ns for one in parts])
    left = Decimal(after_ns - end_ns) / Decimal(end_ns - since_ns) * (recent.amount or 0)
    return to_date.amount + left.quantize(_CENTS, ROUND_HALF_EVEN, _WIDE)


def _money(parts: Sequence[Money]) -> Money:
    return Money(
        amount=_sum([part.amount for part in parts]),
        reported=_sum([part.reported for part in parts]),
        computed=_sum([part.computed for part in parts]),
        estimated=_sum([part.estimated for part in parts]),
        calls=sum(part.calls for part in parts),
        unpriced=sum(part.unpriced for part in parts),
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _calls(parts: Sequence[Figures]) -> int:
    return sum(part.calls for part in parts)
