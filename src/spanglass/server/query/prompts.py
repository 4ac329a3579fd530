"""Which prompts are used, in which versions, and how these compare: calls, errors, time, tokens, cost and scores."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from spanglass.errors import NotFound
from spanglass.server.query.call_figures import Figures, bins, figures, sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import count, number, text
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.models import mean_cost
from spanglass.server.query.ranking import rank_page
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Store

MOST_VERSIONS: Final = 50
_SECOND: Final = 1_000_000_000


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt template.

    Attributes:
        name: Its name.
        versions: How many versions were used.
        figures: Of all its calls; without percentiles.
        last_used: Unix seconds; to the minute or hour where calls are summarised.
    """

    name: str
    versions: int
    figures: Figures
    last_used: float


class Prompts(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: a page of prompts, most calls first, and the cursor of the next or None."""

    start: float
    end: float
    prompts: tuple[Prompt, ...]
    next_cursor: str | None


class MeanScore(msgspec.Struct, frozen=True, kw_only=True):
    """What one check or kind of feedback says of a version: how often, and the mean of its numbers or None."""

    name: str
    count: int
    mean: float | None


class PromptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a prompt.

    Attributes:
        version: The version; None for calls that name none.
        figures: Of its calls.
        cut_short: Answers that ended before their terminal event.
        input_tokens_a_call: Mean; None where no call said.
        output_tokens_a_call: Mean; None where no call said.
        cost_a_call: USD, of the calls whose cost is known; None where none is.
        models: The models it was asked of, sorted.
        scores: Of spans of its calls.
        first_used: Unix seconds; to the minute or hour where calls are summarised.
        last_used: Likewise.
    """

    version: str | None
    figures: Figures
    cut_short: int
    input_tokens_a_call: float | None
    output_tokens_a_call: float | None
    cost_a_call: Decimal | None
    models: tuple[str, ...]
    scores: tuple[MeanScore, ...]
    first_used: float
    last_used: float


class PromptVersions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: the versions of a prompt beside each other, the latest used first, at most 50."""

    start: float
    end: float
    name: str
    versions: tuple[PromptVersion, ...]


def prompts(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    page: tuple[str | None, int] = (None, 25),
) -> Prompts:
    """Return the prompts of the calls of a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of the call's own span.
        page: `next_cursor` of the page before, and prompts a page, 1 to 100.

    Raises:
        QueryError: The range is empty, a filter or the cursor is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = rank_page(start_ns, end_ns, *page)
    dimensions = ("prompt_name", "prompt_version")
    calls = Calls(store, start_ns=place.start_ns, end_ns=place.end_ns, dimensions=dimensions, filters=filters)
    keys = {"its_name": "prompt_name"}
    order = "HAVING its_name IS NOT NULL\nORDER BY all_attempts DESC, its_name\nLIMIT $limit OFFSET $skip"
    rows = sums(store, calls, keys, order=order, more={"limit": page[1] + 1, "skip": place.skip})
    table, parameters = calls.sums()
    counted = store.select(
        statement("prompts_versions", calls=table), {**parameters, "names": [str(row["its_name"]) for row in rows]}
    )
    versions = {row["its_name"]: count(row["versions"]) for row in counted}
    return Prompts(
        start=place.start_ns / _SECOND,
        end=place.end_ns / _SECOND,
        prompts=tuple(
            Prompt(
                name=str(row["its_name"]),
                versions=versions.get(row["its_name"], 0),
                figures=figures(row),
                last_used=count(row["last_ns"]) / _SECOND,
            )
            for row in rows[: page[1]]
        ),
        next_cursor=place.after(page[1], len(rows)),
    )


def prompt(store: Store, name: str, *, start_ns: int, end_ns: int, filters: Filters = ANY) -> PromptVersions:
    """Return the versions of one prompt, side by side.

    Args:
        store: Where to look.
        name: The prompt's name.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of the call's own span.

    Raises:
        NotFound: No call of the range names it.
        QueryError: The range is empty, a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    rank_page(start_ns, end_ns, None, 1)
    dimensions = ("prompt_name", "prompt_version", "request_model", "response_model")
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, dimensions=dimensions, filters=filters)
    keys = {"its_name": "prompt_name", "its_version": "prompt_version"}
    order = f"HAVING its_name = $prompt\nORDER BY last_ns DESC, its_version\nLIMIT {MOST_VERSIONS}"
    rows = sums(store, calls, keys, order=order, more={"prompt": name})
    if not rows:
        raise NotFound(
            f"No call of the range names the prompt {name[:80]!r}; choose a longer range, or set "
            "gen_ai.prompt.name and gen_ai.prompt.version on the calls."
        )
    named = {"prompt": name}
    measured = bins(store, calls, keys, named, where="WHERE prompt_name = $prompt")
    table, parameters = calls.sums()
    of_models: dict[str | None, list[str]] = {}
    for row in store.select(statement("prompt_models", calls=table), {**parameters, **named}):
        of_models.setdefault(text(row["its_version"]), []).append(str(row["model"]))
    scores = _scores(store, name, range(start_ns, end_ns), filters)
    found = [(row, figures(row, measured.get((row["its_name"], row["its_version"]), {}))) for row in rows]
    return PromptVersions(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        name=name,
        versions=tuple(
            PromptVersion(
                version=text(row["its_version"]),
                figures=one,
                cut_short=count(row["all_cut_short"]),
                input_tokens_a_call=_mean(one.tokens.input, one.calls),
                output_tokens_a_call=_mean(one.tokens.output, one.calls),
                cost_a_call=mean_cost(one),
                models=tuple(of_models.get(text(row["its_version"]), ())),
                scores=scores.get(text(row["its_version"]), ()),
                first_used=count(row["first_ns"]) / _SECOND,
                last_used=count(row["last_ns"]) / _SECOND,
            )
            for row, one in found
        ),
    )


def _scores(store: Store, name: str, asked: range, filters: Filters) -> dict[str | None, tuple[MeanScore, ...]]:
    """Return the mean scores of each version, from the scores of spans that name it."""
    found: dict[str | None, tuple[MeanScore, ...]] = {}
    conditions = Conditions(filters)
    sql = statement("prompt_scores", filters=conditions.each_span())
    named = {**conditions.parameters, "prompt": name, "start_ns": asked.start, "end_ns": asked.stop}
    for row in store.select(sql, named):
        mean = None if row["mean"] is None else number(row["mean"])
        one = MeanScore(name=str(row["name"]), count=count(row["times"]), mean=mean)
        version = text(row["its_version"])
        found[version] = (*found.get(version, ()), one)
    return found


def _mean(total: int | None, calls: int) -> float | None:
    return None if total is None or not calls else round(total / calls, 1)
