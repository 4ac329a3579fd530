import gc
import importlib
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from scripted import Answer, scripted
from spanglass.sdk import hooks
from telemetry import recording

HOOKED: tuple[tuple[type, str], ...] = tuple(
    pair
    for library in (httpx, httpx2)
    for pair in (
        (library.HTTPTransport, "handle_request"),
        (library.AsyncHTTPTransport, "handle_async_request"),
        (library.Client, "_transport_for_url"),
        (library.AsyncClient, "_transport_for_url"),
    )
)
ANSWER = Answer([b'{"id":"c","model":"gpt-4o-mini","usage":{"prompt_tokens":1,"completion_tokens":1}}'])
BODY = {"model": "gpt-4o-mini", "messages": []}


def functions() -> list[Any]:
    """Return what stands where the hooks go."""
    return [vars(owner)[name] for owner, name in HOOKED]


def run(code: str) -> str:
    """Run code in a process of its own, where nothing has been imported or hooked yet."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_uninstall_restores_the_very_originals() -> None:
    """After uninstalling, the libraries hold the same function objects as before, and nothing watches imports."""
    before, finders, callbacks = functions(), list(sys.meta_path), list(gc.callbacks)
    with recording():
        assert all(now is not then for now, then in zip(functions(), before, strict=True))
        assert {"httpx", "httpx2"} <= set(hooks.active())
    assert all(now is then for now, then in zip(functions(), before, strict=True))
    assert hooks.active() == ()
    assert (sys.meta_path, gc.callbacks) == (finders, callbacks)


def test_installing_twice_hooks_once() -> None:
    """A second install hands calls to the new recorder; the first sees none of them, and no hook wraps a hook."""
    before = functions()
    with recording() as first, recording() as second, scripted(ANSWER) as server:
        httpx2.post(f"{server.url}/v1/chat/completions", json=BODY)
    assert (len(first.spans()), len(second.spans())) == (0, 1)
    assert all(now is then for now, then in zip(functions(), before, strict=True))


def test_hooked_methods_look_like_the_originals() -> None:
    """Name, module, documentation and signature of a hooked method are the original's."""
    before = [(f.__qualname__, f.__module__, f.__doc__) for f in functions()]
    with recording():
        assert [(f.__qualname__, f.__module__, f.__doc__) for f in functions()] == before


def test_another_tool_that_wraps_ours_keeps_working() -> None:
    """Uninstalling leaves another tool's wrapper in place, ours passes through below it, and works again later."""
    seen: list[str] = []

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def handle_request(transport: object, request: httpx2.Request) -> object:
            seen.append("other")
            return original(transport, request)

        return handle_request

    with scripted() as server:
        server.repeat = ANSWER
        url = f"{server.url}/v1/chat/completions"
        untouched = httpx2.HTTPTransport.handle_request
        with recording() as first:
            ours = httpx2.HTTPTransport.handle_request
            httpx2.HTTPTransport.handle_request = wrap(ours)  # type: ignore[method-assign] # as other tools do
            httpx2.post(url, json=BODY)
        httpx2.post(url, json=BODY)
        assert len(first.spans()) == 1
        with recording() as second:
            httpx2.post(url, json=BODY)
            # The other tool goes, and puts back what it found: ours.
            httpx2.HTTPTransport.handle_request = ours  # type: ignore[method-assign]
        assert len(second.spans()) == 1
    assert seen == ["other"] * 3
    assert httpx2.HTTPTransport.handle_request is untouched


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_hooks_import_no_library_and_find_it_later(library: str) -> None:
    """Installing imports no HTTP library; one that is imported afterwards is hooked, also through a part of it."""
    assert (
        run(f"""
        import sys
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import TracerProvider
        from spanglass.sdk import hooks
        from spanglass.sdk.calls.recorder import Recorder
        from spanglass.sdk.content import ContentMode
        from spanglass.sdk.labels import Labels
        recorder = Recorder(TracerProvider(), MeterProvider(), content=ContentMode.NO_CONTENT, labels=Labels(1))
        hooks.install(recorder)
        assert not {{"httpx", "httpx2", "openai", "requests", "aiohttp"}} & set(sys.modules)
        import {library}._transports.default
        print(*hooks.active(), hasattr({library}.HTTPTransport.handle_request, "__wrapped__"))
    """)
        == f"{library} True"
    )


@pytest.mark.parametrize("module", ["", "._client", "._transports.default"])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_reloaded_library_is_hooked_again(library: str, module: str) -> None:
    """Reloading a library, or the part that holds the hooked classes, loses no hook, and none is put twice."""
    assert (
        run(f"""
        import importlib, sys
        import {library}
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import TracerProvider
        from spanglass.sdk import hooks
        from spanglass.sdk.calls.recorder import Recorder
        from spanglass.sdk.content import ContentMode
        from spanglass.sdk.labels import Labels
        recorder = Recorder(TracerProvider(), MeterProvider(), content=ContentMode.NO_CONTENT, labels=Labels(1))
        hooks.install(recorder)
        importlib.reload(sys.modules["{library}{module}"])
        for owner, name in (
            ({library}._transports.default.HTTPTransport, "handle_request"),
            ({library}._transports.default.AsyncHTTPTransport, "handle_async_request"),
            ({library}._client.Client, "_transport_for_url"),
            ({library}._client.AsyncClient, "_transport_for_url"),
            ({library}.HTTPTransport, "handle_request"),
        ):
            hooked = vars(owner)[name]
            assert not hasattr(hooked.__wrapped__, "__wrapped__"), owner
        hooks.uninstall()
        assert not hasattr({library}._transports.default.HTTPTransport.handle_request, "__wrapped__")
        assert not hasattr({library}.HTTPTransport.handle_request, "__wrapped__")
        print("ok")
    """)
        == "ok"
    )


@pytest.mark.parametrize(
    ("imported", "hook"),
    [("urllib3.connectionpool", "urllib3"), ("requests", "requests"), ("aiohttp.client", "aiohttp")],
)
def test_hook_is_loaded_with_its_library(imported: str, hook: str) -> None:
    """The code of a hook is not in memory before its library is, and is there once that is imported."""
    assert (
        run(f"""
        import sys
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import TracerProvider
        from spanglass.sdk import hooks
        from spanglass.sdk.calls.recorder import Recorder
        from spanglass.sdk.content import ContentMode
        from spanglass.sdk.labels import Labels
        recorder = Recorder(TracerProvider(), MeterProvider(), content=ContentMode.NO_CONTENT, labels=Labels(1))
        hooks.install(recorder)
        loaded = {{name.rpartition(".hooks.")[2] for name in sys.modules}}
        assert not {{"urllib3", "aiohttp", "requests", "httpx"}} & loaded
        import {imported}
        print("spanglass.sdk.hooks.{hook}" in sys.modules)
    """)
        == "True"
    )


@pytest.mark.parametrize(
    ("library", "module", "owner", "name"),
    [
        ("urllib3", "urllib3.connectionpool", "HTTPConnectionPool", "_make_request"),
        ("aiohttp", "aiohttp.client", "ClientSession", "_request"),
        ("aiohttp", "aiohttp", "ClientSession", "_request"),
    ],
)
def test_reloaded_part_is_hooked_again(library: str, module: str, owner: str, name: str) -> None:
    """Likewise for the other libraries: after a reload both classes are hooked once, and both are restored."""
    assert (
        run(f"""
        import importlib, sys
        import {library}
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import TracerProvider
        from spanglass.sdk import hooks
        from spanglass.sdk.calls.recorder import Recorder
        from spanglass.sdk.content import ContentMode
        from spanglass.sdk.labels import Labels
        recorder = Recorder(TracerProvider(), MeterProvider(), content=ContentMode.NO_CONTENT, labels=Labels(1))
        hooks.install(recorder)
        importlib.reload(sys.modules["{module}"])
        both = ({library}.{owner}, sys.modules["{module}"].{owner})
        for one in both:
            assert not hasattr(vars(one)["{name}"].__wrapped__, "__wrapped__"), one
        hooks.uninstall()
        for one in both:
            assert not hasattr(vars(one)["{name}"], "__wrapped__"), one
        print("ok")
    """)
        == "ok"
    )


def test_importing_the_hooks_has_no_effect() -> None:
    """The module alone patches nothing and watches nothing."""
    before = functions()
    importlib.import_module("spanglass.sdk.hooks")
    assert functions() == before
    assert hooks.active() == ()


def test_a_library_that_no_hook_sees_is_named_once(tmp_path: Path) -> None:
    """Google's old client speaks gRPC: its import says so, and what to use, and imports nothing else of ours."""
    package = tmp_path / "google" / "generativeai"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    said = run(
        f"""
        import importlib, logging, sys
        sys.path.insert(0, {str(tmp_path)!r})
        import google
        google.__path__.append({str(tmp_path / "google")!r})
        import spanglass
        logging.basicConfig(stream=sys.stdout, format="%(name)s %(message)s")
        spanglass.init(destinations=["console"])
        import google.generativeai
        importlib.reload(google.generativeai)
        """
    )
    lines = [line for line in said.splitlines() if line.startswith("spanglass ")]
    assert len(lines) == 1
    assert "google.generativeai are not seen" in lines[0]
    assert "google-genai" in lines[0]
