import gzip
import json
import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from browser import tab
from browsing import WIDTHS, agent_trace, holds, rows, send, since_the_start, span, text, violations
from started import Started, started

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

_FIRST_LOAD_BYTES = 300_000
_BIG = 10_000


def _sums_to_whole(page: Page) -> bool:
    """Whether the shares of "where the time went" sum to 100 %, but for rounding."""
    shares = page.locator(".where-labels b").all_inner_texts()
    known = [float(share.removesuffix(" %")) for share in shares if not share.startswith("<")]
    return bool(known) and abs(sum(known) - 100) < len(shares)


def test_a_person_walks_from_the_overview_to_a_message(browser: Browser, demo: Started) -> None:
    """Overview, list, trace, span, message and back, by keyboard alone, the filters kept in the address."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(demo.ui)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"\d+ calls? of [\d,]+ failed"))
        expect(page.get_by_role("slider", name="Cost over time")).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("tern-concierge-8b.*unpriced"))).to_be_visible()

        page.keyboard.press("g")
        page.keyboard.press("t")
        expect(page.locator(".line-link").first).to_be_visible()
        page.get_by_role("button", name="Failed").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("status=error"))
        expect(page.locator(".list-inner .status:not(.failed)")).to_have_count(0)
        page.get_by_role("button", name="All", exact=True).focus()
        page.keyboard.press("Enter")

        page.keyboard.press("/")
        page.keyboard.type("POST /book")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"text=POST\+%2Fbook"))
        page.keyboard.press("Escape")
        expect(page.locator(".line-link").first).to_have_text("POST /book")
        page.keyboard.press("j")
        expect(page.locator(".line.selected .line-link")).to_be_focused()
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", level=1)).to_have_text("POST /book")
        assert _sums_to_whole(page)
        page.keyboard.press("/")
        page.keyboard.type("chat")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name=re.compile("chat gpt-5.2")).first).to_be_visible()
        page.keyboard.press("Escape")
        for _ in range(3):
            page.keyboard.press("k")
        page.keyboard.press("j")
        page.keyboard.press("2")
        expect(page.get_by_role("tab", name="Attributes")).to_have_attribute("aria-selected", "true")

        page.keyboard.press("Escape")
        expect(page).to_have_url(re.compile(r"/traces\?.*text=POST"))
        holds(opened, demo)


def test_a_trace_shows_what_was_paid_waited_and_said(browser: Browser, demo: Started) -> None:
    """An agent run shows its retries before the attempt that won, its wait, its cost split and its messages."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(f"{demo.ui}/traces/{agent_trace(demo)}")
        retried = page.get_by_role("row", name=re.compile(r"chat gpt-5\.2.*\d retr")).first
        retried.click()
        expect(page.locator(".tree-row.selected .bar-span.ghost").first).to_be_attached()
        expect(page.locator(".details .notice")).to_contain_text("rate_limit_exceeded")
        expect(page.locator(".split")).to_contain_text("computed from usage")
        expect(page.locator(".turn.user .prose").first).to_have_text(re.compile(r"\w{3,} \w+"))
        expect(page.locator(".turn.answer .tool-call").first).to_contain_text("find_")
        expect(page.locator(".bar-span.waiting")).to_have_count(1)

        before = page.get_by_role("treegrid").get_by_role("row").count()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("treegrid").get_by_role("row")).not_to_have_count(before)
        page.get_by_role("tab", name="Raw").click()
        expect(page.locator(".raw .code")).to_contain_text('"span_id"')
        holds(opened, demo)


def test_time_is_one_for_all_pages(browser: Browser, demo: Started) -> None:
    """A brush over a chart narrows the page; a click on it leads to the traces of that moment; Back returns."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(f"{demo.ui}/?from={since_the_start(demo)}")
        chart = page.get_by_role("slider", name="Calls over time")
        box = chart.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 60, steps=5)
        page.mouse.up()
        expect(page).to_have_url(re.compile(r"from=\d+&to=\d+"))
        expect(page.get_by_role("button", name="Live")).to_be_disabled()

        chart.focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".chart-crosshair-label")).to_have_count(5)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/traces\?from=\d+&to=\d+"))
        page.go_back()
        expect(chart).to_be_visible()
        holds(opened, demo)


def test_the_list_is_live(browser: Browser, demo: Started) -> None:
    """New traces come in by themselves while live, and stay out once a person switches it off."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(f"{demo.ui}/traces")
        first = page.locator(".line-link").first
        before = first.get_attribute("href")
        expect(first).not_to_have_attribute("href", before or "", timeout=30_000)
        page.keyboard.press("l")
        expect(page).to_have_url(re.compile("live=0"))
        holds(opened, demo)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_can_be_read_by_everyone(
    browser: Browser, demo: Started, width: int, *, dark: bool
) -> None:
    """No page scrolls sideways; axe finds no missing name and no contrast below AA; screenshots are kept."""
    start = since_the_start(demo)
    failed = next(str(row["trace_id"]) for row in rows(demo) if row["status"] == "error")
    agent = agent_trace(demo)
    span = next(each for each in demo.get(f"/api/v1/traces/{agent}")["spans"] if each["call"])["span_id"]
    pages = {
        "overview": f"/?from={start}",
        "traces": f"/traces?from={start}",
        "trace": f"/traces/{agent}",
        "span": f"/traces/{agent}?span={span}",
        "attributes": f"/traces/{agent}?span={span}&tab=attributes",
        "failed": f"/traces/{failed}",
        "nothing": "/traces?from=100&to=200",
    }
    with tab(browser, width=width, height=WIDTHS[width], dark=dark) as opened:
        for name, path in pages.items():
            opened.page.goto(demo.ui + path)
            opened.page.wait_for_load_state("networkidle")
            expect(opened.page.locator("main :is(h1, h2)").first).to_be_attached()
            opened.shoot(f"{name}-{width}-{'dark' if dark else 'light'}")
            overflow = opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{name} is {overflow} px too wide"
            assert violations(opened.page) == [], name
        holds(opened, demo)


def test_the_first_load_is_small(browser: Browser, demo: Started) -> None:
    """Everything the first page needs is at most 300 kB gzipped."""
    sizes: dict[str, int] = {}

    def received(response: Response) -> None:
        if "/api/" not in response.url:
            sizes[response.url] = len(gzip.compress(response.body()))

    with tab(browser) as opened:
        opened.page.on("response", received)
        opened.page.goto(demo.ui)
        opened.page.wait_for_load_state("networkidle")

    assert len(sizes) >= 3
    assert sum(sizes.values()) <= _FIRST_LOAD_BYTES, sizes


def test_an_empty_server_teaches(browser: Browser, quiet: Started) -> None:
    """Before anything was received, the page shows the lines that would fill it, and where to send."""
    with tab(browser) as opened:
        page = opened.page
        page.goto(f"{quiet.ui}/?from=100&to=200")
        expect(page.locator(".teach")).to_contain_text('spanglass.init(service_name="my-app")')
        expect(page.locator(".teach")).to_contain_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={quiet.otlp_http}")
        opened.shoot("empty-1440-light")
        page.goto(f"{quiet.ui}/traces/{'0' * 31}1")
        expect(page.get_by_role("alert")).to_be_visible()
        assert opened.origins == {quiet.ui}


def test_hostile_content_staystext(browser: Browser, quiet: Started) -> None:
    """Markup, script addresses and broken JSON in what others send are shown as text and do nothing."""
    trace = uuid.uuid4().hex
    markup = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    messages = json.dumps(
        [
            {
                "role": markup,
                "parts": [{"type": "text", "content": markup}, {"type": "uri", "uri": "javascript:alert(1)"}],
            },
            {"role": "user", "parts": [{"type": "text", "content": "long " * 100_000}, 42, None]},
        ]
    )
    attributes = [
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", markup),
        text("gen_ai.input.messages", messages),
        text("gen_ai.output.messages", '[{"role":"assistant","parts":[{"type":"te'),
        text(markup, markup),
        text("user.id", markup),
    ]
    send(quiet, [span(trace, 0, parent=None, name=markup * 20, attributes=attributes, kind=3)])
    with tab(browser) as opened:
        page = opened.page
        for path in ("/", "/traces", f"/traces/{trace}", f"/traces/{trace}?tab=attributes", f"/traces/{trace}?tab=raw"):
            page.goto(quiet.ui + path)
            page.wait_for_load_state("networkidle")
            expect(page.locator("main")).to_contain_text("<img src=x")
            assert page.locator("main img, main script, main a[href^=javascript]").count() == 0
            assert "owned" not in page.title()
        page.goto(f"{quiet.ui}/traces/{trace}")
        expect(page.get_by_role("button", name=re.compile("of 500,000 characters"))).to_be_visible()
        opened.shoot("hostile-1440-light")
        holds(opened, quiet)


def test_a_trace_of_ten_thousand_spans_opens_within_a_second(browser: Browser, quiet: Started) -> None:
    """From the click in the list to the drawn waterfall, at best of three, and it scrolls to its end."""
    trace = uuid.uuid4().hex
    spans = [span(trace, 0, parent=None, name="big batch")]
    spans += [span(trace, number, parent=(number - 1) // 6 * 6) for number in range(1, _BIG)]
    for first in range(0, _BIG, 2_500):
        send(quiet, spans[first : first + 2_500])
    took: list[float] = []
    with tab(browser) as opened:
        page = opened.page
        for _ in range(3):
            page.goto(f"{quiet.ui}/traces?live=0&text=big+batch")
            page.get_by_role("link", name="big batch").wait_for()
            took.append(page.evaluate(_OPEN_AND_TIME))
        expect(page.get_by_role("definition").filter(has_text="10,000")).to_be_visible()
        page.locator(".tree-scroll").focus()
        page.keyboard.press("End")
        expect(page.get_by_role("row", name=re.compile(f"step {_BIG - 1}"))).to_be_visible()
        opened.shoot("ten-thousand-1440-light")
        holds(opened, quiet)

    assert min(took) <= 1_000, f"opening took {took} ms"


_OPEN_AND_TIME = """() => new Promise((resolve) => {
  const begin = performance.now();
  const drawn = () => document.querySelector(".tree-inner .tree-row .bar-span") === null
    ? requestAnimationFrame(drawn)
    : requestAnimationFrame(() => resolve(performance.now() - begin));
  document.querySelector(".line-link").click();
  drawn();
})"""


def test_a_server_with_a_key_asks_for_it(browser: Browser, tmp_path: Path) -> None:
    """A browser without the key is asked for it, told when it is wrong, and let in when it is right."""
    with started(tmp_path, SPANGLASS_SERVER_API_KEY="a-key-of-this-test") as up, tab(browser) as opened:
        page = opened.page
        page.goto(up.ui)
        page.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("API key").fill("a-key-of-this-test")
        page.keyboard.press("Enter")
        expect(page.get_by_role("navigation", name="Pages")).to_be_visible()

        page.context.clear_cookies()
        page.keyboard.press("g")
        page.keyboard.press("t")
        expect(page.get_by_label("API key")).to_be_visible()
