"""The features of the demo chatbot: what it does for travellers and for its own company, each as one function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spanglass.sdk.context import context
from spanglass.sdk.structure.agent import agent
from spanglass.sdk.structure.approval import approval
from spanglass.sdk.structure.retrieval import retrieval
from spanglass.sdk.structure.step import step
from spanglass.standin.desk import Desk, Messages, Visit, fields, function, said
from spanglass.standin.scenario import HEADER

_GUIDE = "Answer from the numbered passages alone, cite them as [n], and say so when they do not hold the answer."
_BOOKING = "You plan journeys. Look at trains and ferries first, hold what fits, then explain it in three sentences."
_REVIEW = "You review changes of the booking system. Name bugs first, with a fix; praise nothing."
_SUMMARY = "Summarise the report for the morning meeting in at most four bullet points; end with what is to be done."
_TRIAGE = "Sort the mail: topic, urgency (low, normal, high), language, and whether a person must answer it."
_TOOLS = [
    function("find_trains", "Train connections on a day.", **{"from": "string", "to": "string", "date": "string"}),
    function("find_ferries", "Ferry crossings on a day.", **{"from": "string", "to": "string", "date": "string"}),
    function("hold_booking", "Hold legs for 48 hours.", legs="array", fare="string"),
]
_FIELDS = {
    "type": "object",
    "properties": {
        "topic": {"type": "string"},
        "urgency": {"enum": ["low", "normal", "high"]},
        "language": {"type": "string"},
        "hand_over": {"type": "boolean"},
    },
}


async def support(desk: Desk, visit: Visit) -> None:
    """A traveller talks with the assistant; every turn is a request of its own in one session."""
    messages: Messages = [said("system", desk.script.handbook)]
    version = desk.random.choice(("12", "13"))
    with context(prompt_name="support-answer", prompt_version=version):
        for exchange in desk.random.choice(desk.script.support):
            messages.append(said("user", exchange.question))
            with desk.request("/chat"):
                await desk.database("SELECT", "bookings")
                wish = f"cached, {visit.wish}" if visit.wish else "cached"
                text = await desk.answer(
                    replace(visit, wish=wish), "gpt-5.4-mini", messages, reasoning_effort="none", temperature=0.4
                )
                await desk.database("INSERT", "messages")
                desk.ask_whether_it_helped()
            if visit.wish or visit.leaves_after is not None:
                return  # it went wrong, or the traveller is gone
            messages.append(said("assistant", text))
            await desk.wait(4.0)


async def search(desk: Desk, visit: Visit) -> None:
    """A traveller searches the guides: embed, look up, answer with sources."""
    exchange = desk.random.choice(desk.script.search)
    with context(prompt_name="guide-answer", prompt_version="4"), desk.request("/search"):
        await desk.client.embeddings.create(model="text-embedding-3-small", input=exchange.question, dimensions=256)
        with retrieval("travel-guides", top_k=4, query=exchange.question) as found:
            await desk.wait(0.045)
            found.returned([{"content": passage} for passage in exchange.passages])
        passages = "\n".join(f"[{number}] {passage}" for number, passage in enumerate(exchange.passages, 1))
        question = said("user", exchange.question)
        await desk.answer(visit, "gpt-4o-mini", [said("system", f"{_GUIDE}\n\n{passages}"), question])
        desk.check_relevance()


async def book(desk: Desk, visit: Visit) -> None:
    """An agent plans a journey: it thinks, calls tools, waits for the traveller's yes, and explains."""
    task = desk.random.choice(desk.script.journeys)
    messages: Messages = [said("system", _BOOKING), said("user", task.question)]
    create: Any = desk.client.chat.completions.create
    kinds = ("plan", *["act"] * (len(task.steps) - 2), "synthesize")
    with context(prompt_name="plan-journey", prompt_version="7"), desk.request("/book"):
        with agent("booking-agent"):
            for number, kind in enumerate(kinds):
                with step(type=kind):
                    answer = await create(
                        model="gpt-5.2",
                        messages=messages,
                        tools=_TOOLS,
                        reasoning_effort="medium",
                        extra_headers={HEADER: "" if number else visit.wish},
                    )
                    message = answer.choices[0].message
                    messages.append(message.to_dict())
                    await _run_tools(desk, messages, message.tool_calls or ())
        await desk.database("INSERT", "messages")


async def _run_tools(desk: Desk, messages: Messages, calls: Any) -> None:  # noqa: ANN401 - the client's own union
    for call in calls:
        name, arguments = call.function.name, call.function.arguments
        if name == "hold_booking":
            with approval("journey") as asked:
                await desk.wait(2.4)
                asked.decided("approved", by="traveller")
        result = await desk.tool(name, call.id, arguments)
        messages.append(said("tool", result) | {"tool_call_id": call.id})


async def summarise(desk: Desk, visit: Visit) -> None:
    """A report from the inbox is summarised for the morning meeting."""
    report = desk.random.choice(desk.script.too_long if "context-length" in visit.wish else desk.script.summaries)
    with context(prompt_name="report-summary", prompt_version="3"), desk.message("reports"):
        await desk.client.responses.create(
            model="gpt-4.1-mini",
            instructions=_SUMMARY,
            input=report.question,
            max_output_tokens=400,
            extra_headers={HEADER: visit.wish},
        )
        await desk.database("INSERT", "summaries")


async def review(desk: Desk, visit: Visit) -> None:
    """A change of the company's own code is reviewed, with much thinking."""
    change = desk.random.choice(desk.script.reviews)
    with context(prompt_name="code-review", prompt_version="2"), desk.request("/hooks/pull-request"):
        stream = await desk.client.responses.create(
            model="gpt-5.2-preview-tern" if "model-not-found" in visit.wish else "gpt-5.2",
            instructions=_REVIEW,
            input=change.question,
            reasoning={"effort": "high", "summary": "auto"},
            stream=True,
            extra_headers={HEADER: visit.wish},
        )
        async with stream:
            async for _ in stream:
                pass
        await desk.database("INSERT", "review_comments")


async def triage(desk: Desk, visit: Visit) -> None:
    """A mail is sorted into fields by a small model, and handed over where a person must answer."""
    mail = desk.random.choice(desk.script.triage)
    schema: Any = {"type": "json_schema", "json_schema": {"name": "mail", "schema": _FIELDS, "strict": True}}
    messages: Any = [said("system", _TRIAGE), said("user", mail.question)]
    with context(prompt_name="mail-triage", prompt_version="9"), desk.message("mail"):
        answer = await desk.client.chat.completions.create(
            model="gpt-4.1-mini",
            messages=messages,
            response_format=schema,
            temperature=0,
            extra_headers={HEADER: visit.wish},
        )
        if fields(answer.choices[0].message.content or "{}").get("hand_over"):
            await desk.publish("hand-overs")


async def chat_with_concierge(desk: Desk, visit: Visit) -> None:
    """Small talk with the company's own model, which no price table knows."""
    exchange = desk.random.choice(desk.script.concierge)
    with context(prompt_name="concierge", prompt_version="1"), desk.request("/concierge"):
        await desk.answer(visit, "tern-concierge-8b", [said("user", exchange.question)])


async def speak(desk: Desk, visit: Visit) -> None:
    """A traveller at the station asks aloud."""
    exchange = desk.random.choice(desk.script.voice)
    with context(prompt_name="station-voice", prompt_version="1"), desk.request("/voice"):
        await desk.client.chat.completions.create(
            model="gpt-audio-mini",
            messages=[{"role": "user", "content": exchange.question}],
            modalities=["text", "audio"],
            audio={"voice": "coral", "format": "wav"},
            extra_headers={HEADER: visit.wish or "audio"},
        )


async def complain(desk: Desk, visit: Visit) -> None:
    """A traveller asks for what a content filter stops."""
    exchange = desk.random.choice(desk.script.forbidden)
    with context(prompt_name="letter", prompt_version="5"), desk.request("/letters"):
        await desk.answer(visit, "gpt-4o-mini", [said("user", exchange.question)])
