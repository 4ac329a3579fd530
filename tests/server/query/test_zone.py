"""Days and months begin when people in a place say that they do, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.server.query.zone import days, month_of

HOUR_NS = 3_600 * 10**9
ZONES = ["UTC", "Europe/Berlin", "America/Havana", "America/Lima", "Asia/Kathmandu", "Australia/Lord_Howe"]


def at(text: str) -> int:
    """Return an instant of UTC, Unix ns."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        ("Europe/Berlin", "2025-03-29T23:00", [23, 24]),  # clocks go forward on the 30th
        ("Europe/Berlin", "2025-10-25T22:00", [25, 24]),  # and back on the 26th
        ("America/Havana", "2025-11-02T04:00", [25, 24]),  # back from 1:00 to 0:00: two midnights, the first counts
        ("America/Havana", "2025-11-02T05:30", [25, 24]),  # the same day, asked from after the second
        ("Africa/Cairo", "2025-04-24T22:00", [23, 24]),  # forward from 0:00 to 1:00: the day begins at 1:00
    ],
)
def test_days_have_as_many_hours_as_they_have(zone: str, start: str, hours: list[int]) -> None:
    """A day when clocks change is an hour shorter or longer, and the next one begins where it ends."""
    begins = list(days(at(start), at(start) + 72 * HOUR_NS, ZoneInfo(zone)))

    assert begins[0] <= at(start)
    assert [(later - sooner) // HOUR_NS for sooner, later in pairwise(begins)][:2] == hours


@given(st.integers(0, 4 * 10**18), st.sampled_from(ZONES))
def test_an_instant_is_in_its_day_and_month(at_ns: int, zone: str) -> None:
    """The day and the month of an instant begin before it and end after it; months have 28 to 31 days."""
    first, *_ = days(at_ns, at_ns + 1, ZoneInfo(zone))
    before_ns, begins_ns, ends_ns = month_of(at_ns, ZoneInfo(zone))

    assert first <= at_ns < first + 26 * HOUR_NS
    assert begins_ns <= first
    assert at_ns < ends_ns
    for length_ns in (begins_ns - before_ns, ends_ns - begins_ns):
        assert (28 * 24 - 2) * HOUR_NS <= length_ns <= (31 * 24 + 2) * HOUR_NS
