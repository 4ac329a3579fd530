"""The commands that keep house, at a real server."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import exports
from served import config, running
from spanglass.server.app import Addresses
from spanglass.server.store.duckdb import DuckDBStore
from started import SPANGLASS, clean_environment

CALL: dict[str, str | float] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 10,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Addresses]:
    """Run a server that has a call of ann and one of bob."""
    with running(config(tmp_path / "data")) as addresses:
        spans = [
            exports.span_message(number, trace=number, attributes={**CALL, "user.id": user})
            for number, user in enumerate(("ann", "bob"), 1)
        ]
        sent = httpx.post(
            f"{addresses.otlp_http}/v1/traces",
            content=exports.export(spans).SerializeToString(),
            headers={"content-type": "application/x-protobuf"},
        )
        assert sent.status_code == 200
        yield addresses


def spanglass(server: Addresses, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command against a server."""
    return subprocess.run(
        [*SPANGLASS, *map(str, arguments)],
        env=clean_environment(SPANGLASS_SERVER=server.ui, COLUMNS="100"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_is_exported_is_imported(server: Addresses, tmp_path: Path) -> None:
    """An export of a server, imported into an empty one, gives the same traces and the same cost; twice is once."""
    file = tmp_path / "all.jsonl.gz"
    ran = spanglass(server, "export", "--file", file)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    with running(config(tmp_path / "other")) as other:
        for _ in range(2):
            ran = spanglass(other, "import", file)
            assert (ran.returncode, ran.stdout) == (0, f"Sent 1 export requests to {other.otlp_http}.\n"), ran.stderr
        asked = "/api/v1/traces?from=0"
        theirs, ours = (httpx.get(one.ui + asked).json()["traces"] for one in (other, server))
    assert theirs == ours
    assert len(ours) == 2
    assert {row["cost"]["amount"] for row in ours} == {"0.000156"}


def test_an_export_goes_through_a_pipe(server: Addresses) -> None:
    """Without a file it is on standard output, narrowed by filters."""
    ran = spanglass(server, "export", "--user", "bob")

    (line,) = ran.stdout.splitlines()
    assert ('"bob"' in line, '"ann"' in line) == (True, False)


def test_a_user_is_erased(server: Addresses) -> None:
    """It asks first, and says what went; as JSON it is the job."""
    asked = spanglass(server, "erase", "--user", "ann")
    done = spanglass(server, "erase", "--user", "ann", "--yes")
    job = json.loads(spanglass(server, "erase", "--user", "bob", "--json").stdout)
    none = spanglass(server, "erase")

    assert asked.returncode == 1
    assert "Erase every trace of the user ann" in asked.stderr
    assert done.stdout.startswith("Erased 1 trace: 1 span.\n")
    assert (job["state"], job["erasure"]["rows"]["spans"]) == ("done", 1)
    assert (none.returncode, "one of --user, --session and --trace" in none.stderr) == (2, True)


def test_a_backup_is_fetched(server: Addresses, tmp_path: Path) -> None:
    """The file opens as a store; nothing half fetched is left where it cannot be written."""
    there = tmp_path / "copy" / "spanglass.duckdb"
    there.parent.mkdir()
    ran = spanglass(server, "backup", there)
    nowhere = spanglass(server, "backup", tmp_path / "none" / "x.duckdb")

    assert ran.returncode == 0, ran.stderr
    opened = DuckDBStore(there.parent)
    assert opened.select("SELECT count(*) AS n FROM spans", {}) == [{"n": 2}]
    opened.close()
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True)


def test_calls_are_priced_anew(server: Addresses) -> None:
    """It says what calls cost and that nothing was written, until told to write."""
    dry, wet = spanglass(server, "reprice"), spanglass(server, "reprice", "--apply")

    assert dry.stdout.startswith("2 calls, 0 of them with another cost now.\n")
    assert "The new costs are written" not in dry.stdout
    assert "The new costs are written" in wet.stdout


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("bad.jsonl", b'{"resourceSpans": 1}\n', "refuses"),
        ("none.jsonl", b"hello\n", "line 1 is no export request"),
        ("cut.jsonl.gz", gzip.compress(b'{"resourceSpans": []}\n' * 500, mtime=0)[:-20], "cannot be read"),
        ("plain.jsonl.gz", b"hello", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_said(server: Addresses, tmp_path: Path, name: str, held: bytes, said: str) -> None:
    """What is wrong with a file is told with the line it is in."""
    (tmp_path / name).write_bytes(held)

    ran = spanglass(server, "import", tmp_path / name)

    assert (ran.returncode, said in ran.stderr) == (2, True), ran.stderr
