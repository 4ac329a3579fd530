"""SQL texts: one .sql file each, with named gaps that only fixed texts fill; values always travel as parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final

from spanglass.server.store.protocol import Parameter

_GAP: Final = re.compile(r"/\*\{(\w+)\}\*/")


@cache
def _text(name: str) -> str:
    lines = (resources.files(__package__) / f"{name}.sql").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))


def statement(name: str, **gaps: str) -> str:
    """Return a file's SQL with its gaps `/*{name}*/` filled; a gap that is not named is filled with nothing."""
    filled = _GAP.sub(lambda gap: gaps.get(gap.group(1), ""), _text(name))
    return "\n".join(line.rstrip() for line in filled.splitlines() if line.strip())


def in_list(values: Sequence[str | int], prefix: str) -> tuple[str, Mapping[str, Parameter]]:
    """Return a list for SQL in which each value, of a few, is a parameter of its own, and the values."""
    parameters: Mapping[str, Parameter] = {f"{prefix}_{place}": value for place, value in enumerate(values)}
    return ", ".join(f"${name}" for name in parameters), parameters
