"""Hooks on HTTP clients, one file a client library family; they see calls to models and hand the bytes to `calls`."""

from __future__ import annotations

from spanglass.sdk.calls.recorder import Recorder


def install(recorder: Recorder) -> None:
    """Hook every known HTTP library, those imported already and those imported later; imports none itself.

    Calling it again hands later requests to the new recorder; nothing is hooked twice.
    """
    raise NotImplementedError


def uninstall() -> None:
    """Restore what `install` replaced, exactly; requests in flight are still recorded to their end."""
    raise NotImplementedError


def active() -> tuple[str, ...]:
    """Return the names of the HTTP libraries that are imported and hooked, sorted."""
    raise NotImplementedError
