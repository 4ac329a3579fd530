"""What holds for all tests of structure: no fault of ours, and no noise of OpenTelemetry about contexts."""

from collections.abc import Iterator

import pytest

from spanglass.sdk import guard


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A fault that the guard caught, or a context that could not be detached, fails the test."""
    before = dict(guard.faults())
    yield
    assert dict(guard.faults()) == before
    assert [record.message for record in caplog.records if record.name.startswith(("opentelemetry", "asyncio"))] == []
