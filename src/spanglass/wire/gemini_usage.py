"""Gemini's usage metadata and search grounding: token counts by modality, tier, billed searches.

Shapes: ai.google.dev/api/generate-content (UsageMetadata, GroundingMetadata) and Vertex AI's GenerateContentResponse.
"""

from __future__ import annotations

import re

from spanglass.call import Usage
from spanglass.wire.document import count, rows, text
from spanglass.wire.gemini_enums import MODALITIES, name_of

_FAMILY = re.compile(r"gemini-(\d+)")
_FIRST_PER_QUERY = 3
_ON_DEMAND = "on_demand"
_READ = frozenset(
    {
        "promptTokenCount",
        "candidatesTokenCount",
        "toolUsePromptTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
        "totalTokenCount",
        "promptTokensDetails",
        "candidatesTokensDetails",
        "toolUsePromptTokensDetails",
        "cacheTokensDetails",
        "serviceTier",
        "trafficType",
    }
)


def merge(counts: dict[str, object], given: object) -> None:
    """Take a chunk's usage metadata into those of the chunks before: later counts replace, what is left out stays."""
    if isinstance(given, dict):
        counts.update({name: given[name] for name in given.keys() & _READ})


def read_usage(counts: dict[str, object], *, said: bool) -> Usage | None:
    """Return the counts of usage metadata; None where it has neither input nor output.

    Input is the prompt, cached content included, and what tools the provider ran put beside it. Output is the
    candidates and the thoughts, which are billed alike.

    Args:
        counts: The metadata, of a stream's chunks together; Google leaves out a count that is 0.
        said: The answer has text, so output that is left out is unknown, not 0.
    """
    got = counts.get
    prompt, candidates = count(got("promptTokenCount")), count(got("candidatesTokenCount"))
    tools, thoughts = count(got("toolUsePromptTokenCount")), count(got("thoughtsTokenCount"))
    if candidates is None and not said and prompt is not None and "totalTokenCount" in counts:
        candidates = 0
    if prompt is None and candidates is None:
        return None
    into = _by_modality(got("promptTokensDetails"), got("toolUsePromptTokensDetails"))
    out = _by_modality(got("candidatesTokensDetails"))
    return Usage(
        None if prompt is None else prompt + (tools or 0),
        None if candidates is None else candidates + (thoughts or 0),
        cache_read_tokens=count(got("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        input_audio_tokens=into.get("AUDIO"),
        output_audio_tokens=out.get("AUDIO"),
        cache_read_audio_tokens=_by_modality(got("cacheTokensDetails")).get("AUDIO"),
        input_image_tokens=into.get("IMAGE"),
        output_image_tokens=out.get("IMAGE"),
    )


def read_tier(counts: dict[str, object]) -> str | None:
    """Return the tier that served the call; None for the standard one."""
    tier = text(counts.get("serviceTier"))
    if tier is not None:
        return tier.lower()
    traffic = (text(counts.get("trafficType")) or _ON_DEMAND).lower()
    return None if traffic == _ON_DEMAND else traffic.removeprefix(f"{_ON_DEMAND}_")


def billed_searches(queries: set[str], model: str | None) -> int | None:
    """Return the searches that are billed; None where none were run.

    From Gemini 3 on each query is, before that each prompt that was grounded, whatever the number of queries
    (ai.google.dev/gemini-api/docs/google-search, "Pricing").

    Args:
        queries: Those that differ and are not empty.
        model: The exact model used.
    """
    if not queries:
        return None
    family = _FAMILY.search(model or "")
    return 1 if family is not None and int(family[1]) < _FIRST_PER_QUERY else len(queries)


def _by_modality(*details: object) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in [row for listed in details if listed for row in rows(listed)]:
        modality, tokens = name_of(row.get("modality"), MODALITIES), count(row.get("tokenCount"))
        if modality is not None and tokens is not None:
            found[modality] = found.get(modality, 0) + tokens
    return found
