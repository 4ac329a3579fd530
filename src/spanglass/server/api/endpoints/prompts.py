"""`/api/v1/prompts` and `/api/v1/prompts/{name}`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, ROWS, TO, Asked
from spanglass.server.query.prompts import Prompts, PromptVersions, prompt, prompts
from spanglass.server.store.protocol import Store


def _ask_all(store: Store, asked: Asked, _: str) -> Prompts:
    return prompts(store, start_ns=asked.start_ns, end_ns=asked.end_ns, filters=asked.filters, page=asked.page)


def _ask_one(store: Store, asked: Asked, name: str) -> PromptVersions:
    return prompt(store, name, start_ns=asked.start_ns, end_ns=asked.end_ns, filters=asked.filters)


PROMPTS = Endpoint(
    "/api/v1/prompts",
    "The prompts that were used, most calls first, each with its versions counted.",
    (FROM, TO, *FILTERS, ROWS, CURSOR),
    Prompts,
    _ask_all,
)
PROMPT = Endpoint(
    "/api/v1/prompts/{name:path}",
    "The versions of one prompt beside each other: calls, errors, time, tokens, cost and scores.",
    (FROM, TO, *FILTERS),
    PromptVersions,
    _ask_one,
    (400, 404, 503),
)
