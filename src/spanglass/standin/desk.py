"""What every feature of the demo chatbot works with: its model client and its spans, as a real service has them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import openai
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.util.types import AttributeValue

from spanglass.sdk.structure.tool import tool
from spanglass.semconv import attributes as attr
from spanglass.standin.scenario import HEADER
from spanglass.standin.script import Script

_log = logging.getLogger("skipper")
_tracer = trace.get_tracer("skipper")
_JUDGEMENT = "gen_ai.evaluation.result"
_JUDGED = 0.4  # of answers
_HELPED = 0.8  # of those judged
Messages = list[dict[str, Any]]  # the client's own form


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Someone comes with a wish.

    Attributes:
        user_id: Who.
        session_id: In which session.
        wish: What shall happen to the first model call, in the words of the stand-in's scenarios.
        leaves_after: The person goes away after so many events of a stream.
    """

    user_id: str
    session_id: str
    wish: str = ""
    leaves_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The demo chatbot's tools.

    Attributes:
        client: The real OpenAI client, pointed at the stand-in.
        script: What is asked.
        random: Where choices come from.
        speed: How much faster than life everything goes.
    """

    client: openai.AsyncOpenAI
    script: Script
    random: Random
    speed: float = 1.0

    async def wait(self, seconds: float) -> None:
        """Let about so much time pass."""
        await asyncio.sleep(seconds * self.random.lognormvariate(0, 0.4) / self.speed)

    @contextmanager
    def request(self, route: str) -> Iterator[None]:
        """Handle an HTTP request of a traveller; a provider's error becomes a 502 and an apology."""
        attributes = {attr.HTTP_METHOD: "POST", "http.route": route, "url.path": route}
        with _tracer.start_as_current_span(f"POST {route}", kind=SpanKind.SERVER, attributes=attributes) as span:
            try:
                yield
            except openai.OpenAIError as error:
                span.set_attributes({attr.HTTP_STATUS_CODE: 502, attr.ERROR_TYPE: type(error).__name__})
                span.set_status(StatusCode.ERROR, "The assistant could not answer.")
                _log.warning("%s could not be answered: %s", route, error)
            else:
                span.set_attribute(attr.HTTP_STATUS_CODE, 200)
                _log.info("%s answered", route)

    @contextmanager
    def message(self, queue: str) -> Iterator[None]:
        """Handle a message from a queue; a provider's error leaves it for later."""
        attributes = {attr.MESSAGING_SYSTEM: "kafka", "messaging.destination.name": queue}
        with _tracer.start_as_current_span(f"process {queue}", kind=SpanKind.CONSUMER, attributes=attributes) as span:
            try:
                yield
            except openai.OpenAIError as error:
                span.set_attribute(attr.ERROR_TYPE, type(error).__name__)
                span.set_status(StatusCode.ERROR, "The message goes back to the queue.")
                _log.warning("A message of %s goes back to the queue: %s", queue, error)

    async def database(self, operation: str, table: str) -> None:
        """Ask the database."""
        attributes = {attr.DB_SYSTEM: "postgresql", attr.DB_OPERATION: operation, "db.collection.name": table}
        with _tracer.start_as_current_span(f"{operation} {table}", kind=SpanKind.CLIENT, attributes=attributes):
            await self.wait(0.006 if operation == "SELECT" else 0.011)

    async def publish(self, queue: str) -> None:
        """Put a message into a queue."""
        attributes = {attr.MESSAGING_SYSTEM: "kafka", "messaging.destination.name": queue}
        with _tracer.start_as_current_span(f"publish {queue}", kind=SpanKind.PRODUCER, attributes=attributes):
            await self.wait(0.004)

    async def tool(self, name: str, call_id: str, arguments: str) -> str:
        """Run a tool that the model called, and return its result as JSON text."""
        result = self.script.tool_results[name]
        with tool(name, call_id=call_id) as run:
            run.called(json.loads(arguments))
            if name == "hold_booking":
                await self.database("INSERT", "bookings")
            else:
                await self._timetable(name.removeprefix("find_"))
            run.returned(json.loads(result))
        return result

    async def _timetable(self, kind: str) -> None:
        attributes = {attr.HTTP_METHOD: "GET", attr.SERVER_ADDRESS: "timetable.tern.example", "url.path": f"/v2/{kind}"}
        with _tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=attributes) as span:
            await self.wait(0.24)
            span.set_attribute(attr.HTTP_STATUS_CODE, 200)

    def ask_whether_it_helped(self) -> None:
        """Let the traveller press one of two thumbs, or neither, under the answer of this request."""
        if self.random.random() < _JUDGED:
            helped = self.random.random() < _HELPED
            said: dict[str, AttributeValue] = {
                attr.EVALUATION_NAME: "thumbs",
                attr.EVALUATION_SCORE: float(helped),
                attr.EVALUATION_LABEL: "up" if helped else "down",
                attr.FEEDBACK_SOURCE: "user",
            }
            trace.get_current_span().add_event(_JUDGEMENT, said)

    def check_relevance(self) -> None:
        """Say how well the answer of this request fits its question, as a check of the company's own would."""
        said: dict[str, AttributeValue] = {
            attr.EVALUATION_NAME: "relevance",
            attr.EVALUATION_SCORE: round(self.random.betavariate(9, 2), 2),
            attr.EVALUATION_EXPLANATION: "Made up for the demo.",
            attr.FEEDBACK_SOURCE: "check",
        }
        trace.get_current_span().add_event(_JUDGEMENT, said)

    async def answer(self, visit: Visit, model: str, messages: Messages, **options: object) -> str:
        """Stream a chat completion, as a page would show it; the person may leave before its end."""
        create: Any = self.client.chat.completions.create
        headers = {HEADER: visit.wish}
        stream = await create(
            model=model,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers=headers,
            **options,
        )
        text, events = "", 0
        async with stream:
            async for chunk in stream:
                events += 1
                text += "".join(choice.delta.content or "" for choice in chunk.choices)
                if visit.leaves_after is not None and events >= visit.leaves_after:
                    _log.info("The traveller left before the answer was complete.")
                    break
        return text


def said(role: str, text: str) -> dict[str, Any]:
    """Return one message in the client's form."""
    return {"role": role, "content": text}


def function(name: str, description: str, **properties: str) -> dict[str, Any]:
    """Return a tool in the client's form; each property is given with its JSON type."""
    parameters = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def fields(text: str) -> dict[str, object]:
    """Read a structured answer."""
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
