"""The documentation is true: its examples run, its links lead somewhere, and nothing public is left out."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import spanglass
from parts import ROOT
from scripted import Answer, scripted
from spanglass.semconv.attributes import ATTRIBUTES
from spanglass.semconv.metrics import METRICS
from spanglass.settings import SETTINGS
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?P<note><!-- not run: .+? -->\n)?```python\n(?P<code>.*?)```", re.DOTALL)


def examples() -> Iterator[pytest.ParameterSet]:
    """Yield every Python block that is not marked `<!-- not run: why -->`."""
    for page in PAGES:
        for number, block in enumerate(BLOCK.finditer(page.read_text()), 1):
            if not block["note"]:
                yield pytest.param(block["code"], id=f"{page.relative_to(ROOT)}:{number}")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Run the stand-in provider for the examples."""
    with serving(create_app()) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def claude() -> Iterator[str]:
    """Answer every question as Claude, in a stream."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": []}
    usage = {"input_tokens": 8, "output_tokens": 2}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]
    pieces = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    with scripted() as server:
        server.repeat = Answer(pieces, headers={"content-type": "text/event-stream"})
        yield server.url


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """Answer every question as a local model would, in lines."""
    line = b'{"model":"llama3.2","message":{"role":"assistant","content":"Hello"},"done":true,"eval_count":1}\n'
    with scripted() as server:
        server.repeat = Answer([line], headers={"content-type": "application/x-ndjson"})
        yield server.url


TAUGHT = re.compile(r'<pre className="code">\{`((?:with |@)spanglass\..+?)`\}</pre>', re.DOTALL)


@pytest.mark.parametrize("page", sorted((ROOT / "web/src").rglob("*Page.tsx")), ids=lambda page: page.stem)
def test_what_empty_pages_teach_runs(page: Path) -> None:
    """The lines that an empty page of the UI gives a newcomer are Python that spanglass takes."""
    for code in TAUGHT.findall(page.read_text()):
        lines = code.replace("\\n", "\n")
        exec(compile(lines, page.name, "exec"), {"spanglass": spanglass, "answer": print, "question": "?"})  # noqa: S102


@pytest.mark.parametrize("code", list(examples()))
def test_examples_run(code: str, provider: str, claude: str, llama: str, tmp_path: Path) -> None:
    """A Python example in the docs runs to its end, against stand-in providers and with nothing exported."""
    environ = {
        **os.environ,
        "OPENAI_BASE_URL": provider,
        "OPENAI_API_KEY": "example",
        "ANTHROPIC_BASE_URL": claude,
        "ANTHROPIC_API_KEY": "example",
        "OLLAMA_HOST": llama,
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    script = tmp_path / "example.py"
    script.write_text(code)

    ran = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(script)],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link or image in a page names a file that exists."""
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_row_of_the_tables_is_documented() -> None:
    """Settings, metrics and attributes are on their reference pages."""
    settings, metrics, attributes = (
        (ROOT / "docs" / f"{name}.md").read_text() for name in ("settings", "metrics", "attributes")
    )

    assert [row.env for row in SETTINGS if f"`{row.env}`" not in settings] == []
    assert [row.name for row in METRICS if f"`{row.name}`" not in metrics] == []
    assert [row.name for row in ATTRIBUTES if f"`{row.name}`" not in attributes] == []


def test_every_page_is_reachable() -> None:
    """docs/README.md links every page of docs/, and the README links docs/README.md."""
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md"]

    assert [name for name in pages if f"({name})" not in index] == []
    assert "(docs/README.md)" in (ROOT / "README.md").read_text()
