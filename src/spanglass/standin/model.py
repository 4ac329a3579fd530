"""The stand-in's models: the exact model an alias stands for, and how fast it answers."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from spanglass.standin.scenario import MODEL_PREFIX

_SNAPSHOTS = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5.2": "gpt-5.2-2025-12-11",
    "gpt-5.4-mini": "gpt-5.4-mini-2026-03-17",
    "gpt-5.5": "gpt-5.5-2026-04-23",
    "gpt-audio-mini": "gpt-audio-mini-2025-12-15",
    "o4-mini": "o4-mini-2025-04-16",
}
MODELS = (*_SNAPSHOTS, "text-embedding-3-small", "text-embedding-3-large")
"""What GET /v1/models lists; any other name is answered too."""


class Pace(NamedTuple):
    """How fast one answer comes, in seconds: until it starts, and for each token."""

    start: float
    token: float


_SMALL = Pace(0.32, 0.007)
_LARGE = Pace(0.55, 0.013)
_EMBEDDING = Pace(0.06, 0.0)


def exact(model: str) -> str:
    """Return the model that answers for the one asked for."""
    if model.startswith(MODEL_PREFIX):
        return _SNAPSHOTS["gpt-4o-mini"]
    return _SNAPSHOTS.get(model, model)


def pace(model: str, random: Random) -> Pace:
    """Return how fast an answer comes: the model's habit, spread as latencies are, with a long tail."""
    habit = _SMALL if "mini" in model or "nano" in model else _LARGE
    if "embedding" in model:
        habit = _EMBEDDING
    return Pace(habit.start * random.lognormvariate(0, 0.35), habit.token * random.lognormvariate(0, 0.2))
