"""What most tests of the SDK need: a provider to answer, and what is recorded of it."""

from collections.abc import Iterator

import pytest

from scripted import ScriptedServer, scripted
from telemetry import Telemetry, recording


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A provider without a script."""
    with scripted() as made:
        yield made


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """What is recorded."""
    with recording() as made:
        yield made
