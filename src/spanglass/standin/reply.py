"""What the stand-in's model says: replies as values, and the reply it makes up where no script has one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from spanglass.standin import tokens
from spanglass.standin.ask import Ask
from spanglass.standin.scenario import Scenario, Scenarios

_REASONING = {"none": 0, "minimal": 0, "low": 64, "medium": 256, "high": 768, "xhigh": 1536}
_THINKERS = ("gpt-5", "gpt-6", "o1", "o3", "o4")
_SENTENCES = (
    "The short answer is yes, with one condition worth knowing beforehand.",
    "Most people start with the simplest option and change it once they have seen a week of results.",
    "Two things decide it: how often you need it, and who has to look after it later.",
    "If you tell me a little more about your situation, I can be more precise.",
    "A good next step is to try it on one small case and compare the outcome with what you have today.",
    "There is no extra charge for this, and you can undo it at any time.",
)
_WORDS = ("Lisbon", "tomorrow", "two travellers", "window seat")
_SIMPLE: Mapping[str, Callable[[Random], object]] = {
    "array": lambda _: [],
    "boolean": lambda _: True,
    "integer": lambda random: random.randrange(1, 10),
    "null": lambda _: None,
    "number": lambda random: random.randrange(1, 10),
    "string": lambda random: random.choice(_WORDS),
}


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of one offered tool; `arguments` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says.

    Attributes:
        text: The answer.
        tools: Tools it calls instead of, or after, answering.
        refusal: The answer is a refusal.
        reasoning: Tokens spent thinking; None leaves it to the model's habit.
        summary: Summary of the thinking, sent where it was asked for.
        finish: stop, length, tool_calls or content_filter.
    """

    text: str = ""
    tools: tuple[ToolUse, ...] = ()
    refusal: bool = False
    reasoning: int | None = None
    summary: str = "Weighing what was asked against what is known."
    finish: str = "stop"


Replies = Callable[[Ask], Reply | None]
"""A script: the reply to a request, or None where it has none."""


def decide(ask: Ask, scenarios: Scenarios, *, replies: Replies | None, random: Random) -> Reply:
    """Return what the model says to a request under its scenarios."""
    scripted = replies(ask) if replies else None
    reply = scripted or Reply(text=_made_up(ask, random))
    if Scenario.TOOLS in scenarios and ask.tools and not ask.has_tool_result:
        called = (ToolUse(tool.name, json.dumps(example(tool.parameters, random))) for tool in ask.tools)
        reply = replace(reply, text="", tools=tuple(called))
    if Scenario.REFUSAL in scenarios:
        reply = replace(reply, text="I'm sorry, but I can't help with that.", tools=(), refusal=True)
    if reply.tools:
        reply = replace(reply, finish="tool_calls")
    for scenario, finish in ((Scenario.LENGTH, "length"), (Scenario.CONTENT_FILTER, "content_filter")):
        if scenario in scenarios:
            half = (tokens.count(reply.text) + 1) // 2
            reply = replace(reply, text=tokens.head(reply.text, half), tools=(), finish=finish)
    return _limited(ask, replace(reply, reasoning=_reasoning(ask, reply, scenarios)))


def example(schema: Mapping[str, object], random: Random) -> object:
    """Return a value that fits a JSON schema, as far as its common keywords go."""
    match schema:
        case {"enum": [*values]} if values:
            return random.choice(values)
        case {"anyOf": [dict(first), *_]}:
            return example(first, random)
        case {"properties": dict(properties)}:
            return {name: example(field, random) for name, field in properties.items() if isinstance(field, dict)}
        case {"type": "array", "items": dict(items)}:
            return [example(items, random)]
        case _:
            simple = _SIMPLE.get(str(schema.get("type")))
            return simple(random) if simple else {}


def _made_up(ask: Ask, random: Random) -> str:
    if ask.schema is not None:
        return json.dumps(example(ask.schema, random) if ask.schema else {"answer": random.choice(_SENTENCES)})
    asked = " ".join(ask.last_user_text.split()[:8])
    return " ".join((f"You asked: {asked}.", *random.sample(_SENTENCES, k=random.randrange(2, 4))))


def _reasoning(ask: Ask, reply: Reply, scenarios: Scenarios) -> int:
    if Scenario.REASONING in scenarios:
        number = scenarios[Scenario.REASONING]
        return 256 if number is None else int(number)
    if reply.reasoning is not None:
        return reply.reasoning
    return _REASONING.get(ask.effort or "low", 256) if ask.model.startswith(_THINKERS) else 0


def _limited(ask: Ask, reply: Reply) -> Reply:
    """Cut what would go over the limit on output tokens; thinking counts first, as with the provider."""
    if ask.max_tokens is None:
        return reply
    reasoning = min(reply.reasoning or 0, ask.max_tokens)
    left = ask.max_tokens - reasoning
    if not reply.tools and tokens.count(reply.text) <= left:
        return replace(reply, reasoning=reasoning)
    if reply.tools and sum(tokens.count(tool.arguments) for tool in reply.tools) <= left:
        return replace(reply, reasoning=reasoning)
    return replace(reply, reasoning=reasoning, text=tokens.head(reply.text, left), tools=(), finish="length")
