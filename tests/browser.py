"""A real Chromium for tests: the system's own, kept from talking to anyone but the server under test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from parts import ROOT, missing_part

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_FLAGS = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
_SHOTS = ROOT / "screenshots"


def chromium() -> str:
    """Return the path of the system's Chromium."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None and _MAC.exists():
        found = str(_MAC)
    return found or missing_part("no Chromium; install it, for example with `apt-get install chromium`")


def built_ui() -> None:
    """Make sure that the server has pages to serve."""
    if not (ROOT / "src/spanglass/server/ui/index.html").is_file():
        missing_part("the UI is not built; run `make ui`")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run Chromium while the block runs."""
    # As root, which is how containers run, Chromium's sandbox cannot start.
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else _FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """One page, with what it did that a person would not see.

    Attributes:
        page: Playwright's page.
        origins: Where its requests went: scheme and host.
        complaints: Errors and warnings in its console, the security policy's among them.
        dialogs: Messages of dialogs it opened.
    """

    page: Page
    origins: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def shoot(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        _SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=_SHOTS / f"{name}.png")


@contextmanager
def tab(browser: Browser, *, width: int = 1440, height: int = 900, dark: bool = False) -> Iterator[Tab]:
    """Open a page of its own, with storage of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    opened = Tab(context.new_page())

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data":
            opened.origins.add(f"{address.scheme}://{address.netloc}")

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.complaints.append(message.text)

    def asked_a_person(dialog: Dialog) -> None:
        opened.dialogs.append(dialog.message)
        dialog.dismiss()

    opened.page.on("request", asked)
    opened.page.on("console", said)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("dialog", asked_a_person)
    opened.page.set_default_timeout(15_000)
    try:
        yield opened
    finally:
        context.close()
