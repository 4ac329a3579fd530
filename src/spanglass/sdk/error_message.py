"""What an exception says, as it is recorded; its class and traceback are not told here."""

from __future__ import annotations

from spanglass.sdk.queries import without_queries

_LONGEST = 500


def error_message(error: BaseException) -> str | None:
    """Return an exception's words, at most 500 characters, without queries of addresses; None where it has none."""
    try:
        return without_queries(str(error))[:_LONGEST] or None
    except Exception:  # noqa: BLE001 - the application's own `__str__`
        return None
