"""What an answer of the stand-in used, counted from what was really asked and said."""

from __future__ import annotations

from dataclasses import dataclass

from spanglass.standin import tokens
from spanglass.standin.ask import Ask
from spanglass.standin.reply import Reply
from spanglass.standin.scenario import Scenario, Scenarios

_PER_MESSAGE = 4
_PER_TOOL_CALL = 8
_CACHE_FLOOR = 1024  # the provider caches prompts from this size on, in steps of 128
_CACHE_STEP = 128
_AUDIO_PER_TOKEN = 3  # spoken output takes about three times the tokens of its transcript


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens, as the provider reports them; `prompt` and `completion` are inclusive totals."""

    prompt: int
    completion: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    image_in: int = 0
    accepted: int = 0
    rejected: int = 0

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.prompt + self.completion


def counted(ask: Ask, replies: tuple[Reply, ...], scenarios: Scenarios) -> Counts:
    """Count one request with one reply a choice."""
    audio_in = sum(message.audio_tokens for message in ask.messages)
    if Scenario.AUDIO in scenarios and not audio_in:
        audio_in = tokens.count(ask.last_user_text)
    images = sum(message.image_tokens for message in ask.messages)
    prompt = 3 + audio_in + images
    prompt += sum(_PER_MESSAGE + tokens.count(message.text) for message in ask.messages)
    prompt += sum(tokens.count(tool.text) for tool in ask.tools)
    said = sum(tokens.count(reply.text) for reply in replies)
    called = sum(_PER_TOOL_CALL + tokens.count(tool.arguments) for reply in replies for tool in reply.tools)
    reasoning = sum(reply.reasoning or 0 for reply in replies)
    audio_out = said * _AUDIO_PER_TOKEN if ask.audio or Scenario.AUDIO in scenarios else 0
    accepted, rejected = _prediction(ask, replies)
    cached = _cacheable(prompt) if Scenario.CACHED in scenarios else 0
    return Counts(
        prompt=prompt,
        completion=said + called + reasoning + audio_out + rejected,
        cached=cached,
        cache_write=min(_cacheable(prompt), prompt - cached) if Scenario.CACHE_WRITE in scenarios else 0,
        reasoning=reasoning,
        audio_in=audio_in,
        audio_out=audio_out,
        image_in=images,
        accepted=accepted,
        rejected=rejected,
    )


def _cacheable(prompt: int) -> int:
    most = prompt * 3 // 4
    return max(_CACHE_FLOOR, most // _CACHE_STEP * _CACHE_STEP) if prompt >= _CACHE_FLOOR else most


def _prediction(ask: Ask, replies: tuple[Reply, ...]) -> tuple[int, int]:
    if ask.prediction is None:
        return 0, 0
    predicted, said = tokens.split(ask.prediction), tokens.split("".join(reply.text for reply in replies))
    accepted = sum(1 for left, right in zip(predicted, said, strict=False) if left == right)
    return accepted, len(predicted) - accepted
