"""An answer that is ready to be written in one interface's words, and the events of a stream; nothing is sent here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from spanglass.standin import tokens
from spanglass.standin.ask import Ask
from spanglass.standin.counts import Counts
from spanglass.standin.reply import Reply
from spanglass.standin.scenario import Scenario, Scenarios

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream.

    Attributes:
        data: The bytes as they are sent.
        tokens: Tokens the model makes before it; they are what takes time.
        breaks: The connection is broken instead of sending anything.
    """

    data: bytes
    tokens: int = 0
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to one request.

    Attributes:
        ask: The request.
        replies: One a choice.
        counts: What it used.
        model: The exact model.
        created: Unix seconds.
        ids: Where identifiers come from; never the same twice.
        random: Where padding comes from.
        tokens_per_event: How many tokens one event of a stream carries.
        scenarios: What was asked to happen.
    """

    ask: Ask
    replies: tuple[Reply, ...]
    counts: Counts
    model: str
    created: int
    ids: Random
    random: Random
    tokens_per_event: int
    scenarios: Scenarios

    @property
    def reports_usage(self) -> bool:
        """Usage is part of the answer."""
        return Scenario.NO_USAGE not in self.scenarios

    @property
    def speaks(self) -> bool:
        """The answer is spoken, not written."""
        return self.ask.audio or Scenario.AUDIO in self.scenarios

    @property
    def tier(self) -> str:
        """The service tier that answers."""
        return "default" if self.ask.service_tier in {None, "auto"} else str(self.ask.service_tier)

    def identifier(self, prefix: str, length: int = 24) -> str:
        """Return a new identifier."""
        return prefix + "".join(self.ids.choices(_ALPHABET, k=length))

    def hex_identifier(self, prefix: str) -> str:
        """Return a new identifier in the longer, hexadecimal form of the newer interfaces."""
        return f"{prefix}{self.ids.getrandbits(200):050x}"

    def pieces(self, text: str) -> Iterator[tuple[str, int]]:
        """Yield the parts of a text as a stream carries them, each with its number of tokens."""
        parts = tokens.split(text)
        for start in range(0, len(parts), self.tokens_per_event):
            piece = parts[start : start + self.tokens_per_event]
            yield "".join(piece), len(piece)

    def padding(self) -> dict[str, str]:
        """Return the field that hides the length of a piece, as the provider adds it."""
        if not self.ask.obfuscate:
            return {}
        return {"obfuscation": "".join(self.random.choices(_ALPHABET, k=self.random.randrange(4, 16)))}


def encoded(value: Mapping[str, object]) -> bytes:
    """Return a value as the provider writes JSON in a stream; half of a surrogate pair, which no text holds, is `?`."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def disturbed(events: list[Event], scenarios: Scenarios, error: Event) -> list[Event]:
    """Return the events with what the scenarios break: a cut, an event that is no JSON, an error half-way."""
    middle = len(events) // 2
    if Scenario.CUT in scenarios:
        number = scenarios[Scenario.CUT]
        return [*events[: middle if number is None else int(number)], Event(b"", breaks=True)]
    if Scenario.MALFORMED in scenarios:
        return [*events[:middle], Event(b'data: {"id":"chatcmpl-","choices":[{"ind\n\n'), *events[middle:]]
    if Scenario.STREAM_ERROR in scenarios:
        return [*events[:middle], error]
    return events
