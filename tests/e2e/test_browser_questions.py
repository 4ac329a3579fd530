"""The pages of questions in a real browser: that they fit and can be read, and lead from a figure to its traces."""

import json
import re
import time
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from browser import tab
from browsing import RESOURCE, WIDTHS, agent_trace, export, holds, send, since_the_start, span, text, violations
from started import Started, started

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_LISTS = (
    *("sessions", "cost", "models", "users", "prompts", "quality", "errors", "agents", "tools", "time"),
    *("series", "logs", "status"),
)
_MARKUP = "<img src=x onerror=\"document.title='owned'\">"
_HOSTILE = f"{_MARKUP} \u202e /../ %2F ?#& " + "x" * 10_000


def _one_of_each(demo: Started) -> dict[str, str]:
    """Paths of pages that show one thing."""
    sessions = demo.get("/api/v1/sessions?from=1h")["sessions"]
    session = max(sessions, key=lambda row: int(row["turns"]))["session_id"]
    error = demo.get("/api/v1/errors?from=1h")["groups"][0]["group"]
    trace = agent_trace(demo)
    first = next(each for each in demo.get(f"/api/v1/traces/{trace}")["spans"] if each["call"])["span_id"]
    return {
        "session": f"/sessions/{session}?",
        "prompt": "/prompts/support-answer?",
        "error": f"/errors/{error}?",
        "metric": "/series/gen_ai.client.operation.duration?by=gen_ai.request.model&",
        "span-logs": f"/traces/{trace}?span={first}&tab=logs&",
        "query": "/traces?q=model%3Agpt-5*&",
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_question_fits_and_can_be_read_by_everyone(
    browser: Browser, demo: Started, width: int, *, dark: bool
) -> None:
    """No page scrolls sideways; axe finds no missing name and no contrast below AA; screenshots are kept."""
    start = since_the_start(demo)
    pages = {name: f"/{name}?" for name in _LISTS} | _one_of_each(demo)
    with tab(browser, width=width, height=WIDTHS[width], dark=dark) as opened:
        for name, path in pages.items():
            opened.page.goto(f"{demo.ui}{path}from={start}&live=0")
            opened.page.wait_for_load_state("networkidle")
            expect(opened.page.locator("main h1").first).to_be_attached()
            expect(opened.page.get_by_role("alert")).to_have_count(0)
            opened.shoot(f"{name}-{width}-{'dark' if dark else 'light'}")
            overflow = opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} is {overflow} px too wide"
            assert violations(opened.page) == [], name
        holds(opened, demo)


def test_nothing_to_show_teaches_on_every_page(browser: Browser, demo: Started) -> None:
    """In a range without data each page says so in a heading, and nothing fails."""
    with tab(browser, width=360, height=780) as opened:
        for name in _LISTS:
            opened.page.goto(f"{demo.ui}/{name}?from=100&to=200")
            expect(opened.page.locator("main .teach h2, main .totals").first).to_be_visible()
            expect(opened.page.get_by_role("alert")).to_have_count(0)
            opened.shoot(f"nothing-{name}-360-light")
        holds(opened, demo)


def test_figures_lead_to_their_traces(browser: Browser, demo: Started) -> None:
    """From cost to a feature's traces, from an error, a session and a measurement to one trace, from a span back."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(demo.ui)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("c")
        page.get_by_role("rowheader", name="booking").get_by_role("link").click()
        expect(page).to_have_url(re.compile(r"/traces\?feature=booking"))
        expect(page.locator(".line-link").first).to_have_text(re.compile("POST /book|booking-agent"))

        page.goto(f"{demo.ui}/errors")
        page.get_by_role("rowheader", name="rate_limit_exceeded").first.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("rate_limit_exceeded")
        page.get_by_role("region", name="Samples").get_by_role("link").first.click()
        expect(page.locator(".details .fault")).to_contain_text("rate_limit_exceeded")
        page.keyboard.press("g")
        page.keyboard.press("e")  # which alone is the next failed span
        expect(page.get_by_role("heading", level=1)).to_have_text("Errors")
        page.go_back()
        page.get_by_role("link", name="Others of this cause").click()
        expect(page).to_have_url(re.compile("/errors/"))
        expect(page.get_by_role("heading", level=1)).to_have_text("rate_limit_exceeded")

        page.goto(f"{demo.ui}/series/gen_ai.client.operation.duration")
        page.get_by_role("region", name="Traces behind it").get_by_role("link").first.click()
        expect(page.locator(".details h2")).to_have_text(re.compile("chat|embeddings"))

        page.goto(f"{demo.ui}/sessions")
        page.locator("tbody a[href^='/sessions/']").first.click()
        page.locator(".turns a").first.click()
        expect(page.locator(".details")).to_be_visible()
        page.locator(".belongs a[href^='/sessions/']").click()
        expect(page.locator(".turns li").first).to_be_visible()
        holds(opened, demo)


def test_a_trace_shows_its_logs_and_scores(browser: Browser, demo: Started) -> None:
    """The span's own records come first, those of the rest after them; judgements have a tab where there are any."""
    searches = demo.get("/api/v1/traces?from=1h&feature=search&limit=200&status=ok")["traces"]
    traces = (demo.get(f"/api/v1/traces/{row['trace_id']}") for row in searches)
    trace = next(each for each in traces if each["scores"])
    judged = trace["scores"][0]["span_id"]
    with tab(browser) as opened:
        page = opened.page
        page.goto(f"{demo.ui}/traces/{trace['trace_id']}?span={judged}")
        page.get_by_role("tab", name="Logs").click()
        expect(page.get_by_role("region", name="Logs of this span")).to_contain_text("/search answered")
        page.get_by_role("tab", name="Scores").click()
        expect(page.locator(".scores")).to_contain_text("relevance")
        page.keyboard.press("5")
        expect(page.get_by_role("tab", name="Raw")).to_have_attribute("aria-selected", "true")

        other = next(each["span_id"] for each in trace["spans"] if each["work"] == "retrieval")
        page.goto(f"{demo.ui}/traces/{trace['trace_id']}?span={other}&tab=logs")
        expect(page.get_by_role("region", name="Logs of the rest of the trace")).to_contain_text("/search answered")
        expect(page.get_by_role("tab", name="Scores")).to_have_count(0)
        holds(opened, demo)


def test_the_search_takes_the_filter_language(browser: Browser, demo: Started) -> None:
    """A query finds traces and is a chip that goes away; what cannot be read is told in the server's words."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(demo.ui)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("tool:find_ferries duration<1h")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/traces\?.*q=tool%3Afind_ferries"))
        expect(page.locator(".line-link").first).to_have_text(re.compile("POST /book|booking-agent"))
        page.get_by_role("button", name="Remove the filter q").click()
        expect(page).not_to_have_url(re.compile("q="))

        page.get_by_role("searchbox", name="Search traces").fill("serivce:x")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("did you mean service?")
        assert [complaint for complaint in opened.complaints if "400 (Bad Request)" not in complaint] == []


def test_a_small_screen_reaches_every_page(browser: Browser, demo: Started) -> None:
    """Where the rail shows a few pages, one button shows all of them."""
    with tab(browser, width=360, height=780) as opened:
        page = opened.page
        page.goto(demo.ui)
        page.get_by_role("button", name="All pages").click()
        opened.shoot("all-pages-360-light")
        page.get_by_role("dialog").get_by_role("link", name="Status").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("heading", level=1).first).to_have_text("Server")
        holds(opened, demo)


@pytest.fixture(scope="module")
def hostile(quiet: Started) -> Started:
    """A server to which names were sent that are markup, turn text around and never end."""
    trace = uuid.uuid4().hex
    of_call = [
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", _HOSTILE),
        text("gen_ai.request.model", _HOSTILE),
        *(text(name, _MARKUP) for name in ("gen_ai.prompt.name", "spanglass.prompt.version", "spanglass.feature")),
        *(text(name, _HOSTILE) for name in ("user.id", "gen_ai.agent.name", "gen_ai.output.messages")),
        text("session.id", _MARKUP),
        text("error.type", _HOSTILE),
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}},
        {"key": "spanglass.tags", "value": {"arrayValue": {"values": [{"stringValue": _HOSTILE}]}}},
    ]
    judged = {
        "name": "gen_ai.evaluation.result",
        "timeUnixNano": str(time.time_ns() - 10**9),
        "attributes": [
            *(text(f"gen_ai.evaluation.{name}", _HOSTILE) for name in ("name", "score.label", "explanation"))
        ],
    }
    failed = {"code": 2, "message": _HOSTILE}
    run = [text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", _HOSTILE)]
    send(
        quiet,
        [
            span(trace, 0, parent=None, name=_HOSTILE, attributes=of_call, status=failed, events=[judged], kind=3),
            span(trace, 1, parent=0, name=_HOSTILE, attributes=run, status=failed),
        ],
    )
    now = str(time.time_ns())
    record = {"timeUnixNano": now, "traceId": trace, "spanId": f"{1:016x}", "body": {"stringValue": _HOSTILE}}
    export(quiet, "logs", {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"logRecords": [record]}]}]})
    point = {"timeUnixNano": now, "asDouble": 1.5, "attributes": [text(_MARKUP, _HOSTILE)]}
    metric = {"name": _MARKUP, "unit": _MARKUP, "gauge": {"dataPoints": [point]}}
    export(quiet, "metrics", {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"metrics": [metric]}]}]})
    return quiet


def test_hostile_names_stay_text_on_every_page(browser: Browser, hostile: Started) -> None:
    """Markup in names, messages and labels is text, does nothing, and breaks no page at any width."""
    error = hostile.get("/api/v1/errors?from=1h")["groups"][0]["group"]
    trace = hostile.get("/api/v1/logs?from=1h")["logs"][0]["trace_id"]
    name = quote(_MARKUP, safe="")
    pages = [f"/{each}" for each in _LISTS]
    pages += [f"/sessions/{name}", f"/prompts/{name}", f"/errors/{error}", f"/series/{name}?by={name}"]
    pages += [f"/traces/{trace}?span={1:016x}&tab={each}" for each in ("messages", "logs", "scores", "attributes")]
    with tab(browser, width=360, height=780) as opened:
        for path in pages:
            opened.page.goto(hostile.ui + path)
            opened.page.wait_for_load_state("networkidle")
            expect(opened.page.locator("main h1").first).to_be_attached()
            expect(opened.page.get_by_role("alert")).to_have_count(0)
            assert opened.page.locator("main img, main script").count() == 0, path
            assert opened.page.title() != "owned", path
            assert "\u202e" not in opened.page.inner_text("main"), path
            overflow = opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{path} is {overflow} px too wide"
        opened.page.goto(f"{hostile.ui}/errors")
        expect(opened.page.locator("main")).to_contain_text("<img src=x")
        holds(opened, hostile)


def test_a_server_that_sheds_says_so_on_every_page(browser: Browser, tmp_path: Path) -> None:
    """Where content was left out for want of memory, a banner says what is missing and what to set."""
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "word " * 280_000}]}])
    attributes = [text("gen_ai.operation.name", "chat"), text("gen_ai.input.messages", said)]
    trace = uuid.uuid4().hex
    with (
        started(tmp_path, SPANGLASS_QUEUE_MIB="2", SPANGLASS_MAX_BODY_MIB="2") as up,
        tab(browser, width=360, height=780) as opened,
    ):
        # More than the queue holds, and less once the text has gone.
        small = [span(trace, number, parent=0) for number in range(1, 2_000)]
        send(up, [span(trace, 0, parent=None, attributes=attributes), *small])
        for path in ("/", "/cost", "/status"):
            opened.page.goto(up.ui + path)
            expect(opened.page.get_by_role("status")).to_contain_text("were kept without their long texts")
            assert violations(opened.page) == []
        opened.shoot("notice-360-light")
        holds(opened, up)
