"""House rules that no linter checks: docstrings of tests, sizes, addresses, words that give a machine away."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from parts import ROOT

LONGEST_FUNCTION = 80
LONGEST_FILE = 600


def tracked(*patterns: str) -> list[Path]:
    """Return the files that are in git or would be added, and exist."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_every_test_says_what_must_hold() -> None:
    """A test's docstring is one sentence on what must hold."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in tracked("tests/**.py")
        for node in functions(path)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]

    assert silent == []


def test_the_tail_is_short() -> None:
    """No file over 600 lines and no function over 80; ruff holds the number of arguments."""
    sources = tracked("src/**.py", "scripts/*.py", "benchmarks/**.py")
    long_files = [str(path) for path in sources if path.read_text().count("\n") > LONGEST_FILE]
    long_functions = [
        f"{path}:{node.lineno} {node.name}"
        for path in sources
        for node in functions(path)
        if (node.end_lineno or node.lineno) - node.lineno > LONGEST_FUNCTION
    ]

    assert long_files == []
    assert long_functions == []


def test_lock_files_hold_no_download_address() -> None:
    """A lock file pins by version and hash; where to fetch from is the machine's business."""
    named = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in [*tracked("requirements/*.txt"), ROOT / "web" / "package-lock.json"]
        if (
            found := re.search(
                r"(--(extra-)?index-url|--find-links|\"resolved\"|https?://\S*\.(whl|tgz|tar\.gz)).*", path.read_text()
            )
        )
    ]

    assert named == []


@pytest.mark.parametrize("word", ["/" + "work/", "/" + "root/", "." + "library", "TO" + "DO", "FIX" + "ME"])
def test_no_word_that_gives_a_machine_or_a_loose_end_away(word: str) -> None:
    """Paths of a machine and notes of unfinished work do not belong in the project."""
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.md", "*.ts", "*.tsx", "*.toml", "*.yaml", "*.yml", "*.sh", "*.json", "Makefile")
        if word in path.read_text(errors="replace")
    ]

    assert found == []
