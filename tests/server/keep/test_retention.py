"""What is too old, by the clock and by what is summed up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from records import T0
from spanglass.server.config import Ages
from spanglass.server.keep.retention import DAY_NS, too_old
from spanglass.server.store.keeping import Kept
from spanglass.server.store.summaries import HOUR_NS

_days = st.one_of(st.none(), st.integers(1, 10_000))
_ages = st.builds(Ages, traces=_days, content=_days, logs=_days, metrics=_days, minutes=_days, hours=_days)


@given(ages=_ages, now_ns=st.integers(0, 2**62), lag_ns=st.integers(0, 2**62))
def test_nothing_goes_early(ages: Ages, now_ns: int, lag_ns: int) -> None:
    """Nothing goes before its days are over; spans not before they are summed up, content never after its spans."""
    summarised_ns = max(0, now_ns - lag_ns)

    old = dict(too_old(ages, now_ns=now_ns, summarised_ns=summarised_ns))

    shortest = min((days for days in (ages.content, ages.traces) if days), default=None)
    wanted = {
        Kept.SPANS: ages.traces,
        Kept.CONTENTS: shortest,
        Kept.SCORES: ages.traces,
        Kept.LOGS: ages.logs,
        Kept.POINTS: ages.metrics,
        Kept.MINUTES: ages.minutes,
        Kept.HOURS: ages.hours,
    }
    for kept, before_ns in old.items():
        days = wanted[kept]
        assert days is not None
        assert 0 <= before_ns <= now_ns - days * DAY_NS
        assert before_ns % HOUR_NS == 0
    for kept in (Kept.SPANS, Kept.MINUTES, Kept.HOURS):
        assert old.get(kept, 0) <= summarised_ns


def test_for_ever_is_for_ever() -> None:
    """Where nothing has an age, nothing goes; where all has, all goes when its time has come."""
    never = Ages(traces=None, content=None, logs=None, metrics=None, minutes=None, hours=None)
    daily = Ages(traces=1, content=1, logs=1, metrics=1, minutes=1, hours=1)

    assert too_old(never, now_ns=T0, summarised_ns=T0) == []
    assert {old.kept for old in too_old(daily, now_ns=T0, summarised_ns=T0)} == set(Kept)
