"""Turns the hooks on and off for the whole process, in libraries imported already and in those imported later."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
from typing import NamedTuple

from spanglass.sdk.calls.collector import collector
from spanglass.sdk.calls.recorder import Recorder
from spanglass.sdk.guard import safely
from spanglass.sdk.hooks.imports import ImportWatch
from spanglass.sdk.hooks.seat import Patch, Seat

_guard = safely("hooks.switch")


class _Hooked(NamedTuple):
    """A library that is hooked.

    Attributes:
        hook: The module beside this one that does it, imported once the library is: its `patches(library, seat)`
            yields what is not patched yet.
        modules: After the execution of which there may be something new to patch.
    """

    hook: str
    modules: tuple[str, ...]


_INSTRUMENTORS = "opentelemetry.instrumentation"
_LIBRARIES = {
    "httpx": _Hooked("httpx", ("httpx", "httpx._client", "httpx._transports.default")),
    "httpx2": _Hooked("httpx", ("httpx2", "httpx2._client", "httpx2._transports.default")),
    "urllib3": _Hooked("urllib3", ("urllib3", "urllib3.connectionpool")),
    "requests": _Hooked("requests", ("requests.sessions",)),
    "aiohttp": _Hooked("aiohttp", ("aiohttp", "aiohttp.client")),
    "google.generativeai": _Hooked("unseen", ("google.generativeai",)),
    _INSTRUMENTORS: _Hooked("instrumentors", ("opentelemetry.instrumentation.instrumentor",)),
}
_LIBRARY_OF = {module: library for library, hooked in _LIBRARIES.items() for module in hooked.modules}


class Switch:
    """The hooks of one process: what is patched, and the recorder that all of them share."""

    def __init__(self) -> None:
        self._seat = Seat(self._aside)
        self._patches: list[tuple[str, Patch]] = []
        self._imports = ImportWatch(frozenset(_LIBRARY_OF), self._executed)
        self._lock = RLock()  # patching may import, and an import calls back
        self._stepped_aside = 0

    def install(self, recorder: Recorder) -> None:
        """Hook every known HTTP library, those imported already and those imported later; imports none itself.

        Calling it again hands later requests to the new recorder; nothing is hooked twice.
        """
        with self._lock:
            self._seat.recorder = recorder
            collector.watch()
            self._imports.start()
            self._patch_all()

    def uninstall(self) -> None:
        """Restore what `install` replaced, exactly; requests in flight are still recorded to their end."""
        with self._lock:
            self._seat.recorder = None
            collector.unwatch()
            self._imports.stop()
            self._undo(keep=())

    def renew_after_fork(self) -> None:
        """Leave a lock behind that a thread of the parent may have held; called in the child."""
        self._lock = RLock()

    def active(self) -> tuple[str, ...]:
        """Return the names of the HTTP libraries that are imported and hooked, sorted."""
        with self._lock:
            if self._seat.recorder is None:
                return ()
            return tuple(sorted({library for library, _ in self._patches} - {_INSTRUMENTORS}))

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Take the hooks away while another tool puts its wrappers on or off, then put them on top again.

        No lock is held inside: what the other tool imports may wait for a thread that waits for us.
        """
        with _guard, self._lock:
            self._stepped_aside += 1
            self._undo(keep=(_INSTRUMENTORS,))
        try:
            yield
        finally:
            with _guard, self._lock:
                self._stepped_aside -= 1
                if self._seat.recorder is not None:
                    self._patch_all()

    def _undo(self, keep: tuple[str, ...]) -> None:
        # The latest first. What another tool has wrapped stays known, so that it works again after another `install`.
        self._patches = [
            (library, patch) for library, patch in reversed(self._patches) if library in keep or not patch.undo()
        ][::-1]

    def _executed(self, module: str) -> None:
        with _guard, self._lock:
            if self._seat.recorder is not None:
                self._patch(_LIBRARY_OF[module])

    def _patch_all(self) -> None:
        for library in _LIBRARIES:
            self._patch(library)

    def _patch(self, library: str) -> None:
        hooked = _LIBRARIES[library]
        if (self._stepped_aside and library != _INSTRUMENTORS) or not any(map(sys.modules.get, hooked.modules)):
            return
        with _guard:
            hook = import_module(f"spanglass.sdk.hooks.{hooked.hook}")
            for patch in hook.patches(library, self._seat):
                patch.apply()
                self._patches.append((library, patch))
