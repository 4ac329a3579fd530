"""The browser and the servers that tests of the UI share."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from browser import built_ui, running_browser
from browsing import has_told_enough
from started import Started, started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    built_ui()
    with running_browser() as running:
        yield running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A server whose demo has told of a failure, a retry, a lasting agent run and an unpriced model."""
    built_ui()
    with started(tmp_path_factory.mktemp("demo"), "--demo") as up:
        deadline = time.monotonic() + 90
        while not has_told_enough(up):
            assert time.monotonic() < deadline, "the demo has not shown its features in time"
            time.sleep(0.5)
        yield up


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A server that receives only what a test sends."""
    built_ui()
    with started(tmp_path_factory.mktemp("quiet")) as up:
        yield up
