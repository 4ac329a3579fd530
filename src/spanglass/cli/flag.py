"""How a setting becomes a flag: help and default are read from the settings table, which is the only place for them."""

from __future__ import annotations

from typing import Any

import typer

from spanglass.settings import Setting, T


def flag(setting: Setting[T], *names: str, **more: Any) -> Any:  # noqa: ANN401 - what Typer's own Option takes and is
    """Return the option of a setting; its value is None when the flag is not given.

    Args:
        setting: The row.
        names: How the flag is written.
        more: Passed on to `typer.Option`.
    """
    default = "" if setting.default in (None, False, ()) else f" Default: {setting.default}."
    return typer.Option(*names, help=f"{setting.help} Also: {setting.env}.{default}", show_default=False, **more)
