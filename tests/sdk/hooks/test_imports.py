import importlib
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path

import pytest

from spanglass.sdk.hooks.imports import ImportWatch

NAME = "watched_by_spanglass"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that can be imported, and is forgotten afterwards."""
    (tmp_path / f"{NAME}.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield NAME
    sys.modules.pop(NAME, None)


def test_import_is_reported_after_the_code_has_run(module: str) -> None:
    """The callback sees the finished module, on first import and on reload."""
    seen: list[int] = []
    watch = ImportWatch(frozenset({module}), lambda name: seen.append(sys.modules[name].value))
    watch.start()
    try:
        imported = importlib.import_module(module)
        importlib.reload(imported)
    finally:
        watch.stop()
    assert seen == [1, 1]


def test_module_looks_as_if_nobody_had_watched(module: str) -> None:
    """Loader and spec of a watched module are its own, so resources, pickling and reloading work as ever."""
    watch = ImportWatch(frozenset({module}), lambda _: None)
    watch.start()
    try:
        imported = importlib.import_module(module)
    finally:
        watch.stop()
    assert type(imported.__loader__) is SourceFileLoader
    assert imported.__spec__ is not None
    assert imported.__spec__.loader is imported.__loader__


def test_looking_for_a_module_is_not_importing_it(module: str) -> None:
    """A spec can be asked for, and its loader used to read the source, without a report."""
    seen: list[str] = []
    watch = ImportWatch(frozenset({module}), seen.append)
    watch.start()
    try:
        spec = find_spec(module)
        assert spec is not None
        assert getattr(spec.loader, "get_source", str)(module) == "value = 1\n"
    finally:
        watch.stop()
    assert seen == []


def test_two_watches_of_one_module(module: str) -> None:
    """Watches that ask each other find the module, and each reports it."""
    seen: list[str] = []
    watches = [ImportWatch(frozenset({module}), seen.append) for _ in range(2)]
    for watch in watches:
        watch.start()
    try:
        importlib.import_module(module)
    finally:
        for watch in watches:
            watch.stop()
    assert seen == [module, module]


def test_missing_module_is_missing() -> None:
    """Watching a module that is not installed changes nothing of its absence."""
    watch = ImportWatch(frozenset({"no_such_module_at_all"}), lambda _: None)
    watch.start()
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_such_module_at_all")
    finally:
        watch.stop()


def test_stopped_watch_leaves_no_trace() -> None:
    """What was started twice is gone after one stop."""
    watch = ImportWatch(frozenset(), lambda _: None)
    before = list(sys.meta_path)
    watch.start()
    watch.start()
    watch.stop()
    watch.stop()
    assert sys.meta_path == before
