"""What a process pays for: with every extra and every library installed, only what it uses is imported."""

import json
import sys

import pytest

from otlp_receiver import receiver, run

SHOW = "import json, sys; print(json.dumps(sorted(sys.modules)))"
# What OpenTelemetry's SDK and its OTLP/HTTP encoding bring, and what they and urllib3 take where they find it.
OPENTELEMETRYS = {"opentelemetry", "google", "urllib3", "typing_extensions", "importlib_metadata", "zipp"}
IF_FOUND = {"psutil", "brotli", "_brotli", "certifi", "backports", "zstandard", "socks"}
ALLOWED = {"spanglass"} | OPENTELEMETRYS | IF_FOUND
PARTS = (
    "spanglass.sdk.structure.unit",
    "spanglass.sdk.turn",
    "spanglass.sdk.kafka",
    "spanglass.sdk.hooks.httpx",
    "spanglass.sdk.hooks.aiohttp",
    "spanglass.wire.openai_chat",
    "spanglass.wire.gemini",
    "spanglass.wire.aws_event_stream",
)


def loaded(script: str) -> list[str]:
    """Return the modules that a process has after a script."""
    with receiver() as seen:
        done = run(f"{script}\n{SHOW}", endpoint=seen.endpoint)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def foreign(modules: list[str]) -> set[str]:
    """Return the packages that are neither the standard library's nor allowed."""
    before = loaded("pass")
    names = {name.partition(".")[0] for name in set(modules) - set(before)}
    return {name for name in names - sys.stdlib_module_names - ALLOWED if "mypyc" not in name}


def test_importing_spanglass_starts_nothing() -> None:
    """The name alone loads no SDK of OpenTelemetry's, no codec, no hook."""
    modules = loaded("import spanglass")
    assert foreign(modules) == set()
    assert not [name for name in modules if name.startswith(("opentelemetry.exporter", "google", "urllib3", "asyncio"))]
    assert not [name for name in modules if name in PARTS]


def test_init_loads_no_library_of_the_applications() -> None:
    """With every framework, client and instrumentation at hand, `init` imports none, and no codec before a call."""
    modules = loaded("import spanglass; spanglass.init(); spanglass.flush()")
    assert foreign(modules) == set()
    assert not [name for name in modules if name.startswith(("opentelemetry.instrumentation", "asyncio", "grpc"))]
    assert not [name for name in modules if name in PARTS]


@pytest.mark.parametrize(
    ("script", "part"),
    [
        ("import httpx", "spanglass.sdk.hooks.httpx"),
        ("import aiohttp", "spanglass.sdk.hooks.aiohttp"),
        ("spanglass.tool", "spanglass.sdk.structure.tool"),
        ("spanglass.turn", "spanglass.sdk.turn"),
    ],
)
def test_a_part_is_loaded_when_it_is_used(script: str, part: str) -> None:
    """A library brings its hook, a name its module; one without the other would be a part that never loads."""
    assert part not in loaded("import spanglass; spanglass.init()")
    assert part in loaded(f"import spanglass; spanglass.init()\n{script}")
