"""The demo chatbot as a process: switches spanglass on as any application would, then serves made-up travellers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

import openai

from spanglass.sdk.context import context
from spanglass.standin import features
from spanglass.standin.desk import Desk, Visit
from spanglass.standin.script import load

SERVICE_NAME = "demo-chatbot"
_AT_ONCE = 10  # visits; more would be a queue in front of the demo's small machine
_BETWEEN_VISITS_S = 1.1
_TRAVELLERS = tuple(f"u-{number}" for number in (1042, 1187, 1203, 2316, 2790, 3055, 3371, 4410, 4982, 5127))
_COLLEAGUES = ("ana@tern.example", "jonas@tern.example", "mei@tern.example")


@dataclass(frozen=True, slots=True)
class Errand:
    """What someone may come for.

    Attributes:
        name: The feature, as spanglass shows it.
        serve: What serves it.
        weight: How often it comes, relative to others.
        wish: As in `Visit`.
        leaves_after: As in `Visit`.
        people: Who comes.
    """

    name: str
    serve: Callable[[Desk, Visit], Awaitable[None]]
    weight: int
    wish: str = ""
    leaves_after: int | None = None
    people: tuple[str, ...] = _TRAVELLERS


PROGRAMME: tuple[Errand, ...] = (
    Errand("support", features.support, 30),
    Errand("search", features.search, 18),
    Errand("booking", features.book, 12),
    Errand("concierge", features.chat_with_concierge, 6),
    Errand("search", features.search, 4, wish="rate-limited"),
    Errand("triage", features.triage, 14, people=("mail",)),
    Errand("support", features.support, 4, leaves_after=9),
    Errand("summary", features.summarise, 8, people=("inbox",)),
    Errand("code_review", features.review, 5, people=_COLLEAGUES),
    Errand("summary", features.summarise, 1, wish="context-length", people=("inbox",)),
    Errand("search", features.search, 2, wish="no-usage"),
    Errand("voice", features.speak, 3),
    Errand("support", features.support, 1, wish="server-error:3"),
    Errand("triage", features.triage, 2, wish="overloaded", people=("mail",)),
    Errand("letters", features.complain, 1, wish="content-filter"),
    Errand("code_review", features.review, 1, wish="model-not-found", people=_COLLEAGUES),
    Errand("booking", features.book, 1, wish="rate-limited:2"),
    Errand("search", features.search, 2, wish="slow:4"),
    Errand("support", features.support, 1, wish="cut"),
)
"""Everything that happens in the demo: once in this order, then by weight."""


def errands(random: Random) -> Iterator[Errand]:
    """Yield errands forever; the programme comes first, so that everything is seen within half a minute."""
    weights = [errand.weight for errand in PROGRAMME]
    return itertools.chain(PROGRAMME, (random.choices(PROGRAMME, weights)[0] for _ in itertools.count()))


async def serve(desk: Desk, wanted: Iterable[Errand]) -> None:
    """Serve errands as they come, several at a time, until there are no more."""
    free = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as visits:
        for errand in wanted:
            await free.acquire()
            visits.create_task(_visit(desk, errand)).add_done_callback(lambda _: free.release())
            await asyncio.sleep(desk.random.expovariate(1 / _BETWEEN_VISITS_S) / desk.speed)


async def _visit(desk: Desk, errand: Errand) -> None:
    visit = Visit(
        user_id=desk.random.choice(errand.people),
        session_id=f"s-{desk.random.getrandbits(40):010x}",
        wish=errand.wish,
        leaves_after=errand.leaves_after,
    )
    with context(user_id=visit.user_id, session_id=visit.session_id, feature=errand.name):
        await errand.serve(desk, visit)


async def run(
    base_url: str, *, speed: float = 1.0, seed: int | None = None, wanted: Iterable[Errand] | None = None
) -> None:
    """Talk to the provider at `base_url`, until cancelled or, with `wanted` given, until that is done."""
    random = Random(seed)  # noqa: S311 - chance, not secrets
    async with openai.AsyncOpenAI(base_url=base_url, api_key="demo", max_retries=2) as client:
        desk = Desk(client=client, script=load(), random=random, speed=speed)
        await serve(desk, errands(random) if wanted is None else wanted)
