"""Days and months as people in a place count them: which instants they begin at, also across daylight saving."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from spanglass.errors import QueryError

_SECOND: Final = 1_000_000_000
LONGEST_NAME: Final = 64


def read_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        QueryError: There is none of that name.
    """
    try:
        return ZoneInfo(name if name.isascii() and len(name) <= LONGEST_NAME else "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QueryError(
            f"There is no time zone {name[:LONGEST_NAME]!r}; use an IANA name such as Europe/Berlin, or UTC."
        ) from error


def local(at_ns: int, zone: ZoneInfo) -> datetime:
    """Return an instant as it is told in a zone.

    Raises:
        QueryError: It is beyond the year 9999.
    """
    try:
        return datetime.fromtimestamp(at_ns // _SECOND, UTC).astimezone(zone)
    except (OverflowError, ValueError) as error:
        raise QueryError("The range ends beyond the year 9999; ask for an earlier one.") from error


def days(start_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[int]:
    """Yield when the days begin that a range touches, Unix ns, in order."""
    day = _midnight(local(start_ns, zone))
    while (begins_ns := _instant(day)) < end_ns:
        yield begins_ns
        day += timedelta(days=1)


def month_of(at_ns: int, zone: ZoneInfo) -> tuple[int, int, int]:
    """Return when the month before, the month and the month after an instant's began, Unix ns."""
    begins = _midnight(local(at_ns, zone)).replace(day=1)
    before = (begins - timedelta(days=1)).replace(day=1)
    after = (begins + timedelta(days=32)).replace(day=1)
    return _instant(before), _instant(begins), _instant(after)


def _midnight(at: datetime) -> datetime:
    """Return the midnight before; the first of two, where clocks are set back over it."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _instant(at: datetime) -> int:
    return int(at.timestamp()) * _SECOND
