"""The scenarios a request may ask the stand-in for, and how a request names them; nothing here acts them out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

HEADER = "x-standin-scenario"
"""Names scenarios, comma-separated, each with an optional number: `rate-limited:2, cached`."""

MODEL_PREFIX = "standin-"
"""A model called `standin-<scenario>` asks for that scenario where no header can be sent."""


class Scenario(StrEnum):
    """What can happen to a request; `MEANINGS` says what each does."""

    PLAIN = "plain"
    TOOLS = "tools"
    CACHED = "cached"
    CACHE_WRITE = "cache-write"
    REASONING = "reasoning"
    AUDIO = "audio"
    LENGTH = "length"
    REFUSAL = "refusal"
    CONTENT_FILTER = "content-filter"
    NO_USAGE = "no-usage"
    GZIP = "gzip"
    SLOW = "slow"
    CUT = "cut"
    MALFORMED = "malformed"
    STREAM_ERROR = "stream-error"
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    OVERLOADED = "overloaded"
    QUOTA = "quota"
    UNAUTHORIZED = "unauthorized"
    CONTEXT_LENGTH = "context-length"
    MODEL_NOT_FOUND = "model-not-found"


class Meaning(NamedTuple):
    """What a scenario does, and what its number counts (empty where it takes none)."""

    text: str
    number: str = ""


MEANINGS: Mapping[Scenario, Meaning] = {
    Scenario.PLAIN: Meaning("A normal answer."),
    Scenario.TOOLS: Meaning("Every offered tool is called, until a tool's result is in the conversation."),
    Scenario.CACHED: Meaning("Three quarters of the input come from the prompt cache."),
    Scenario.CACHE_WRITE: Meaning("Three quarters of the input are written to the prompt cache."),
    Scenario.REASONING: Meaning("The answer is thought over first.", "reasoning tokens"),
    Scenario.AUDIO: Meaning("Input and output count audio, and the answer is spoken."),
    Scenario.LENGTH: Meaning("The answer stops at half its length, finish reason `length`."),
    Scenario.REFUSAL: Meaning("The model refuses."),
    Scenario.CONTENT_FILTER: Meaning("A content filter cuts the answer."),
    Scenario.NO_USAGE: Meaning("The answer says nothing of usage, even where it was asked to."),
    Scenario.GZIP: Meaning("A stream is compressed too, as some gateways do."),
    Scenario.SLOW: Meaning("The answer starts late.", "seconds"),
    Scenario.CUT: Meaning("The connection breaks in the middle of the answer.", "events sent before"),
    Scenario.MALFORMED: Meaning("One event of the stream is not JSON."),
    Scenario.STREAM_ERROR: Meaning("The stream reports an error half-way."),
    Scenario.RATE_LIMITED: Meaning("429 with Retry-After, then the answer.", "attempts that fail"),
    Scenario.SERVER_ERROR: Meaning("500, then the answer.", "attempts that fail"),
    Scenario.OVERLOADED: Meaning("503, then the answer.", "attempts that fail"),
    Scenario.QUOTA: Meaning("429 insufficient_quota, every time."),
    Scenario.UNAUTHORIZED: Meaning("401 invalid_api_key."),
    Scenario.CONTEXT_LENGTH: Meaning("400 context_length_exceeded."),
    Scenario.MODEL_NOT_FOUND: Meaning("404 model_not_found."),
}

Scenarios = Mapping[Scenario, float | None]
"""The scenarios of one request, each with its number."""


def parse(header: str | None, *, model: str) -> Scenarios:
    """Read the scenarios of a request; the header goes before the model's name.

    Raises:
        ValueError: A name is unknown or a number is none; the message lists the names.
    """
    named = header if header is not None else model.removeprefix(MODEL_PREFIX) * model.startswith(MODEL_PREFIX)
    found: dict[Scenario, float | None] = {}
    for part in filter(None, (part.strip() for part in named.split(","))):
        name, separator, number = part.partition(":")
        try:
            found[Scenario(name)] = _number(number) if separator else None
        except ValueError:
            raise ValueError(f"Unknown scenario '{part}'; there are: {', '.join(Scenario)}.") from None
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise ValueError(text)
    return number
