"""Turns the hooks on and off for the whole process, in libraries imported already and in those imported later."""

from __future__ import annotations

from threading import RLock

from spanglass.sdk.calls.collector import collector
from spanglass.sdk.calls.recorder import Recorder
from spanglass.sdk.guard import safely
from spanglass.sdk.hooks import httpx
from spanglass.sdk.hooks.imports import ImportWatch
from spanglass.sdk.hooks.seat import Patch, Seat

_guard = safely("hooks.switch")


class Switch:
    """The hooks of one process: what is patched, and the recorder that all of them share."""

    def __init__(self) -> None:
        self._seat = Seat()
        self._patches: list[Patch] = []
        self._libraries = {module: library for library in httpx.LIBRARIES for module in httpx.modules(library)}
        self._imports = ImportWatch(frozenset(self._libraries), self._executed)
        self._lock = RLock()  # patching may import, and an import calls back

    def install(self, recorder: Recorder) -> None:
        """Hook every known HTTP library, those imported already and those imported later; imports none itself.

        Calling it again hands later requests to the new recorder; nothing is hooked twice.
        """
        with self._lock:
            self._seat.recorder = recorder
            collector.watch()
            self._imports.start()
            for library in httpx.LIBRARIES:
                self._patch(library)

    def uninstall(self) -> None:
        """Restore what `install` replaced, exactly; requests in flight are still recorded to their end."""
        with self._lock:
            self._seat.recorder = None
            collector.unwatch()
            self._imports.stop()
            # What another tool has wrapped stays known, so that it works again after another `install`.
            self._patches = [patch for patch in self._patches if not patch.undo()]

    def active(self) -> tuple[str, ...]:
        """Return the names of the HTTP libraries that are imported and hooked, sorted."""
        with self._lock:
            if self._seat.recorder is None:
                return ()
            return tuple(sorted({patch.owner.__module__.partition(".")[0] for patch in self._patches}))

    def _executed(self, module: str) -> None:
        with _guard, self._lock:
            if self._seat.recorder is not None:
                self._patch(self._libraries[module])

    def _patch(self, library: str) -> None:
        with _guard:
            for patch in httpx.patches(library, self._seat):
                patch.apply()
                self._patches.append(patch)
