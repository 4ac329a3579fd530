"""Which provider and which model a name means; it knows no price.

Names are compared in lower case. Prefixes that say who sells a model are taken off, but never a Bedrock region (`us.`,
`eu.`, `global.` differ in price) nor `ft:` (fine-tuned models cost more).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_ALIASES = {
    "azure": ("azure.ai.openai", "azure.ai.inference", "az.ai.openai", "az.ai.inference", "azure_openai", "azure_ai"),
    "aws": ("aws.bedrock", "aws_bedrock", "bedrock", "bedrock_converse", "amazon_bedrock"),
    "google": ("gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai", "gcp", "gemini", "google_genai", "vertex_ai", "vertexai"),
    "mistral": ("mistral_ai", "mistralai"),
    "moonshotai": ("moonshot_ai", "moonshot"),
    "x-ai": ("x_ai", "xai"),
    "together": ("together_ai", "togetherai"),
    "fireworks": ("fireworks_ai",),
    "voyageai": ("voyage_ai", "voyage"),
    "github-copilot": ("github_copilot",),
}
_PROVIDERS = {alias: provider for provider, aliases in _ALIASES.items() for alias in aliases}
_RESOURCES = ("models/", "publishers/", "projects/", "locations/")
_COMPACT_DATE = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


def table_provider(name: str) -> str:
    """Return the table's id for a provider as the conventions, or another dialect, name it."""
    lowered = name.strip().lower()
    return _PROVIDERS.get(lowered) or _PROVIDERS.get(lowered.replace("-", "_")) or lowered


def model_names(model: str, sellers: Collection[str]) -> list[str]:
    """Return what a model may be listed as, the plainest first.

    Args:
        model: The name as a request or a response has it.
        sellers: Table ids whose name, as a prefix of the model's, says nothing new.
    """
    full = model.strip().lower()
    names = [full, full.rpartition("models/")[2] if full.startswith(_RESOURCES) else full]
    while "/" in names[-1] and table_provider(names[-1].partition("/")[0]) in sellers:
        names.append(names[-1].partition("/")[2])
    names.append(_COMPACT_DATE.sub(r"-\1-\2-\3", names[-1]))
    return [name for name in dict.fromkeys(names) if name]


def is_match(pattern: object, name: str) -> bool:
    """Whether a lower-case name fits a pattern of the price table.

    A text is the whole name, `text*` its start, `*text` its end and `*text*` any part of it; `{"regex": ...}` is
    searched for in it; `{"all": [...]}` wants every pattern of a list, and a list any.
    """
    if isinstance(pattern, str):
        return _fits(pattern, name)
    if isinstance(pattern, dict):
        if "all" in pattern:
            return all(is_match(part, name) for part in pattern["all"])
        return re.search(pattern["regex"], name) is not None
    return isinstance(pattern, Sequence) and any(is_match(part, name) for part in pattern)


def _fits(pattern: str, name: str) -> bool:
    starts, ends = pattern.endswith("*"), pattern.startswith("*")
    if starts and ends:
        return pattern[1:-1] in name
    if starts:
        return name.startswith(pattern[:-1])
    return name.endswith(pattern[1:]) if ends else name == pattern
