import enum
import logging
from collections.abc import Iterator

import pytest
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value

from spanglass.sdk import dropped, outage
from spanglass.sdk.delivery import Cause, Delivery
from spanglass.sdk.outlet import Outlet


class Result(enum.Enum):
    """As OpenTelemetry's exporters answer."""

    SUCCESS = 0
    FAILURE = 1


class Exporter:
    """Answers as it is told and remembers under what conditions it was asked."""

    made = 0

    def __init__(self) -> None:
        Exporter.made += 1
        self.answers: list[Result | Delivery | Exception] = []
        self.suppressed: list[object] = []
        self.closed = False

    def export(self, batch: list[int], /) -> Result | Delivery:  # noqa: ARG002 - as exporters are called
        """Take a batch."""
        self.suppressed.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
        answer = self.answers.pop(0) if self.answers else Result.SUCCESS
        if isinstance(answer, Exception):
            raise answer
        return answer

    def shutdown(self) -> None:
        """Close."""
        self.closed = True


@pytest.fixture
def outlet() -> Iterator[Outlet[list[int]]]:
    """An outlet to a receiver that no other test names."""
    outage._outages.clear()
    dropped.renew_after_fork()
    yield Outlet("traces", "http://receiver/v1/traces", Exporter)
    outage._outages.clear()
    dropped.renew_after_fork()


def exporter_of(outlet: Outlet[list[int]]) -> Exporter:
    """The exporter inside."""
    found = outlet.exporter()
    assert isinstance(found, Exporter)
    return found


def test_exports_are_not_traced_themselves(outlet: Outlet[list[int]]) -> None:
    """During an export the standard key tells every instrumentation to look away, and not after it."""
    assert outlet.send([1])
    assert exporter_of(outlet).suppressed == [True]
    assert get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None


def test_an_outage_is_one_line_and_its_end_another(outlet: Outlet[list[int]], caplog: pytest.LogCaptureFixture) -> None:
    """Failures and exceptions are False; the first is a warning with the reason, recovery an information."""
    caplog.set_level(logging.INFO, "spanglass")
    exporter_of(outlet).answers = [OSError("no route"), Result.FAILURE, Result.SUCCESS, Result.FAILURE]
    assert [outlet.send([1]) for _ in range(5)] == [False, False, True, False, True]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "OSError: no route" in caplog.records[0].getMessage()
    assert outlet.tally.failures == {Cause.OTHER: 3}


def test_another_cause_is_another_line(outlet: Outlet[list[int]], caplog: pytest.LogCaptureFixture) -> None:
    """A receiver that comes up and then refuses the key is said twice, the second time with where the key is set."""
    outlet = Outlet("traces", "http://receiver/v1/traces", Exporter, credentials=("THE_KEY",))
    down, refused = Delivery(Cause.CONNECTION, "connection refused"), Delivery(Cause.UNAUTHORIZED, "401 Unauthorized")
    exporter_of(outlet).answers = [down, down, refused, refused, down]
    for _ in range(5):
        outlet.send([1])
    first, second = (record.getMessage() for record in caplog.records)
    assert "connection refused" in first
    assert "Is the receiver running there?" in first
    assert "401 Unauthorized" in second
    assert "check THE_KEY" in second


def test_what_a_receiver_leaves_out_is_counted(outlet: Outlet[list[int]], caplog: pytest.LogCaptureFixture) -> None:
    """Rejected items of a batch that was taken are drops, and the receiver's words are said once."""
    exporter_of(outlet).answers = [Delivery(None, "too old", 10, 2), Delivery(None, "too old", 10, 1), Delivery(size=5)]
    assert [outlet.send([1, 2, 3]) for _ in range(3)] == [True, True, True]
    assert (outlet.tally.items, outlet.tally.size, len(outlet.tally.durations_s)) == (6, 25, 3)
    assert dict(dropped.totals()) == {("traces", dropped.REJECTED): 3}
    assert ["too old" in record.getMessage() for record in caplog.records] == [True]


def test_signals_that_fail_together_are_one_line(outlet: Outlet[list[int]], caplog: pytest.LogCaptureFixture) -> None:
    """A receiver that is down is said once, not once a signal; another receiver is said too."""
    for destination in ("http://receiver/v1/logs", "http://other/v1/logs"):
        other = Outlet("logs", destination, Exporter)
        for each in (outlet, other):
            exporter_of(each).answers = [Result.FAILURE]
            each.send([1])
    assert len(caplog.records) == 2


def test_a_child_makes_an_exporter_of_its_own(outlet: Outlet[list[int]]) -> None:
    """After a fork the parent's exporter is neither used nor closed."""
    parents, made = exporter_of(outlet), Exporter.made
    outlet.renew_after_fork()
    outlet.send([1])
    assert exporter_of(outlet) is not parents
    assert (Exporter.made, parents.closed, parents.suppressed) == (made + 1, False, [])


def test_closing_closes_what_was_opened(outlet: Outlet[list[int]]) -> None:
    """Closing twice is once, and closing what was never used makes nothing."""
    made = Exporter.made
    outlet.close()
    assert Exporter.made == made
    inside = exporter_of(outlet)
    outlet.close()
    outlet.close()
    assert inside.closed
