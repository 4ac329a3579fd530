"""The dialects that are understood, in the order in which they are asked, and what a span says in current words.

To add a dialect, add its file to `dialects` and a row to `DIALECTS`. Current are the names of the OpenTelemetry GenAI
conventions, main branch, autumn 2026, and spanglass's own, as in `semconv.attributes`. The attributes of a span are
kept as they were sent; what is made here is read for facts and then forgotten.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from spanglass.server.normalise.dialect import Dialect, Infer
from spanglass.server.normalise.dialects import (
    adk,
    anthropic,
    by_hand,
    claude_code,
    conventions,
    genkit,
    laminar,
    langfuse,
    langsmith,
    litellm,
    livekit,
    mcp,
    mlflow,
    openinference,
    openlit,
    pydantic_ai,
    strands,
    traceloop,
    vercel,
    voltagent,
)
from spanglass.server.record import Attributes, Span, Value

DIALECTS: Final[tuple[Dialect, ...]] = (
    langfuse.DIALECT,
    openinference.DIALECT,
    traceloop.DIALECT,
    vercel.DIALECT,
    pydantic_ai.DIALECT,
    langsmith.DIALECT,
    mlflow.DIALECT,
    adk.DIALECT,
    strands.DIALECT,
    litellm.DIALECT,
    openlit.DIALECT,
    livekit.DIALECT,
    genkit.DIALECT,
    claude_code.DIALECT,
    anthropic.DIALECT,
    laminar.DIALECT,
    voltagent.DIALECT,
    mcp.DIALECT,
    # Whoever speaks none of these, and what these leave open
    conventions.DIALECT,
    by_hand.DIALECT,
)
FOREIGN: Final[frozenset[str]] = frozenset(
    name for dialect in DIALECTS for name in (*dialect.names, *dialect.marks, *dialect.milliseconds)
)
"""Every name that is not current: a span without any needs no translation."""
_SPOKEN: Final = tuple((dialect, frozenset({*dialect.names, *dialect.marks})) for dialect in DIALECTS)
_SHAPES: Final = 2048


class _Step(NamedTuple):
    """What one dialect adds: renamed values (their name, the current one, in milliseconds), then what it infers."""

    renames: tuple[tuple[str, str, bool], ...]
    infer: Infer | None
    correct: Infer | None


def translate(span: Span) -> Attributes:
    """Return a span's attributes with current names added; the same mapping where it speaks none but those."""
    sent = span.attributes
    if FOREIGN.isdisjoint(sent):
        return sent
    attributes = dict(sent)
    for renames, infer, correct in _steps(span.scope.name, FOREIGN.intersection(sent)):
        for name, current, milliseconds in renames:
            if current not in attributes:
                value = sent[name]
                attributes[current] = _seconds(value) if milliseconds else value
        if infer is not None:
            for current, inferred in infer(span, attributes).items():
                attributes.setdefault(current, inferred)
        if correct is not None:
            attributes.update(correct(span, attributes))
    return attributes


def spoken_in(span: Span) -> tuple[Dialect, ...]:
    """Return the dialects that a span speaks, in the order in which they are asked."""
    return _spoken(span.scope.name, FOREIGN.intersection(span.attributes))


@lru_cache(maxsize=_SHAPES)  # spans of one producer have one of few shapes; bounded, since strangers choose them
def _steps(scope: str | None, foreign: frozenset[str]) -> tuple[_Step, ...]:
    return tuple(
        _Step(
            tuple(
                (name, current, name in dialect.milliseconds)
                for name, current in dialect.names.items()
                if name in foreign
            ),
            dialect.infer,
            dialect.correct,
        )
        for dialect in _spoken(scope, foreign)
    )


def _spoken(scope: str | None, foreign: frozenset[str]) -> tuple[Dialect, ...]:
    by_scope = [dialect for dialect in DIALECTS if scope is not None and scope.startswith(dialect.scopes)]
    by_names = [dialect for dialect, names in _SPOKEN if dialect not in by_scope and not names.isdisjoint(foreign)]
    return (*by_scope, *by_names)


def _seconds(value: Value) -> Value:
    return value / 1000 if isinstance(value, int | float) else None
