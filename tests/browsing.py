"""What tests of the UI ask of a server and of a page: made-up telemetry, what must hold of every visit."""

import json
import time
import urllib.request

from playwright.sync_api import Page

from browser import Tab
from parts import ROOT, missing_part
from started import Started

WIDTHS = {360: 780, 768: 1024, 1440: 900}
"""Height by width."""
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "sender"}}]}
_AXE = ROOT / "web/node_modules/axe-core/axe.min.js"


def rows(up: Started) -> list[dict[str, object]]:
    """The newest traces."""
    found: list[dict[str, object]] = up.get("/api/v1/traces?limit=500")["traces"]
    return found


def has_told_enough(up: Started) -> bool:
    """Whether the demo has shown a failure, a retried agent run and an unpriced model."""
    found = rows(up)
    return (
        len(found) > 50
        and any(row["status"] == "error" for row in found)
        and any(row["retries"] and row["name"] == "POST /book" for row in found)
        and "unpriced" in json.dumps(found)
    )


def since_the_start(up: Started) -> int:
    """Unix seconds of the first trace, so that charts are full."""
    starts = [row["start"] for row in rows(up)]
    return int(min(start for start in starts if isinstance(start, float)))


def agent_trace(up: Started) -> str:
    """A whole agent run with retries and a wait for a person."""
    return next(str(row["trace_id"]) for row in rows(up) if row["name"] == "POST /book" and row["retries"])


def holds(opened: Tab, up: Started) -> None:
    """What must hold of every visit: no request elsewhere, no complaint in the console, no dialog."""
    assert opened.origins == {up.ui}
    assert opened.complaints == []
    assert opened.dialogs == []


def send(up: Started, spans: list[dict[str, object]]) -> None:
    """Export spans as OTLP/JSON."""
    export(up, "traces", {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"spans": spans}]}]})


def export(up: Started, signal: str, body: dict[str, object]) -> None:
    """Export anything as OTLP/JSON."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{up.otlp_http}/v1/{signal}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
        assert answer.status == 200


def span(trace: str, number: int, *, parent: int | None, **more: object) -> dict[str, object]:
    """A span of half a minute ago, the later the higher its number."""
    start = time.time_ns() - 30_000_000_000 + number * 1_000_000
    return {
        "traceId": trace,
        "spanId": f"{number + 1:016x}",
        "parentSpanId": "" if parent is None else f"{parent + 1:016x}",
        "name": f"step {number}",
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 900_000),
        "attributes": [],
        **more,
    }


def text(key: str, value: str) -> dict[str, object]:
    """An attribute."""
    return {"key": key, "value": {"stringValue": value}}


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA: rule and first element."""
    if not _AXE.is_file():
        missing_part("axe-core is not installed; run `npm ci` in web/")
    page.evaluate(_AXE.read_text())
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']}).then(result => result.violations)")
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}" for each in found]
