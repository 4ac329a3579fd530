"""What is said in the demo, read from `script.toml`: the questions, and what the stand-in's model replies to them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from spanglass.standin.ask import Ask
from spanglass.standin.reply import Reply, ToolUse

_Table = Mapping[str, Any]  # what tomllib gives; turned into values below


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what is replied.

    Attributes:
        question: What is asked.
        steps: The replies; only an agent takes more than one.
        passages: What was looked up for it.
    """

    question: str
    steps: tuple[Reply, ...]
    passages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that is said.

    Attributes:
        handbook: Instructions of the chatbot, long enough that a provider caches them.
        support: Conversations with travellers.
        search: Questions to the travel guides; answers cite.
        journeys: Tasks for the booking agent.
        tool_results: What the agent's tools answer, as JSON text.
        summaries: Reports to summarise.
        reviews: Changes under review.
        triage: Mail to sort into fields.
        concierge: Small talk with the company's own model.
        voice: Spoken questions.
        forbidden: What a content filter stops.
        too_long: What the provider refuses for its length.
    """

    handbook: str
    support: tuple[tuple[Exchange, ...], ...]
    search: tuple[Exchange, ...]
    journeys: tuple[Exchange, ...]
    tool_results: Mapping[str, str]
    summaries: tuple[Exchange, ...]
    reviews: tuple[Exchange, ...]
    triage: tuple[Exchange, ...]
    concierge: tuple[Exchange, ...]
    voice: tuple[Exchange, ...]
    forbidden: tuple[Exchange, ...]
    too_long: tuple[Exchange, ...]

    def replies(self, ask: Ask) -> Reply | None:
        """Return the reply to a request: the question's step that follows those already taken."""
        found = next((one for one in self.exchanges() if one.question == ask.last_user_text), None)
        if found is None:
            return None
        taken = 0
        for message in reversed(ask.messages):
            if message.role == "user":
                break
            taken += message.role == "assistant"
        return found.steps[min(taken, len(found.steps) - 1)]

    def exchanges(self) -> Iterable[Exchange]:
        """Yield every question with its replies."""
        for conversation in self.support:
            yield from conversation
        for feature in (self.search, self.journeys, self.summaries, self.reviews, self.triage, self.concierge):
            yield from feature
        for feature in (self.voice, self.forbidden, self.too_long):
            yield from feature


def load() -> Script:
    """Read the script that comes with the package."""
    table = tomllib.loads(resources.files(__package__).joinpath("script.toml").read_text("utf-8"))
    features = ("search", "journeys", "summaries", "reviews", "triage", "concierge", "voice", "forbidden", "too_long")
    return Script(
        handbook=table["handbook"],
        support=tuple(tuple(map(_exchange, conversation["turns"])) for conversation in table["support"]),
        tool_results=table["tool_results"],
        **{feature: tuple(map(_exchange, table[feature])) for feature in features},
    )


def _exchange(table: _Table) -> Exchange:
    steps = table.get("steps") or [table]
    return Exchange(table["question"], tuple(map(_reply, steps)), tuple(table.get("passages", ())))


def _reply(table: _Table) -> Reply:
    tools = tuple(ToolUse(tool["name"], tool["arguments"]) for tool in table.get("tools", ()))
    return Reply(table.get("answer", ""), tools, reasoning=table.get("reasoning"))
