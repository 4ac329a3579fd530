"""A watch on imports: calls back when a named module has been executed, now or again; imports nothing itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import get_ident
from types import ModuleType


class ImportWatch(MetaPathFinder):
    """Stands first in `sys.meta_path` and reports the modules it was asked to watch, reloads included.

    The modules are found and loaded by the finders and loaders that would have done so anyway, and keep them as their
    own: afterwards nothing on a module or its spec tells that it was watched.

    Args:
        names: Full names of the modules to watch.
        executed: Called with a module's name after its code has run; must not raise.
    """

    def __init__(self, names: frozenset[str], executed: Callable[[str], None]) -> None:
        self._names = names
        self._executed = executed
        # Another watch like this one asks us in turn: a name is searched only once at a time in a thread.
        self._searching: set[tuple[str, int]] = set()

    def start(self) -> None:
        """Watch from now on."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Watch no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Find a watched module through the other finders, and put ourselves between it and its loader."""
        if fullname not in self._names:
            return None
        search = (fullname, get_ident())
        if search in self._searching:
            return None
        self._searching.add(search)
        try:
            spec = self._search(fullname, path, target)
        finally:
            self._searching.discard(search)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _ReportingLoader(spec.loader, self._executed)
        return spec

    def _search(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None


class _ReportingLoader(Loader):
    """Lets a module's own loader do its work, steps aside, and reports.

    Args:
        loader: The module's own loader.
        executed: Called with the module's name after its code has run.
    """

    def __init__(self, loader: Loader, executed: Callable[[str], None]) -> None:
        self._loader = loader
        self._executed = executed

    def __getattr__(self, name: str) -> object:
        # A spec is also read without loading: for sources, resources and package data.
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as its own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code with its own loader in place, then report."""
        spec = module.__spec__
        name = spec.name if spec is not None else module.__name__
        if spec is not None and spec.loader is self:
            spec.loader = self._loader
        if module.__loader__ is self:
            module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._executed(name)
