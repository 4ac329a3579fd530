import asyncio
import json
from typing import NamedTuple

import openai
from inline_snapshot import snapshot
from opentelemetry import trace

import spanglass
from scripted import Answer, scripted
from spanglass.sdk.content import ContentMode
from spanglass.testing import Captured, capture

ANSWER = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "42"}}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105},
}


def tree(seen: Captured) -> list[str]:
    """Return the trace as an indented list of span names."""
    depths: dict[object, int] = {None: -1}
    lines = []
    for span in seen.spans():
        depth = depths[span["id"]] = depths[span["parent"]] + 1
        lines.append("  " * depth + span["name"])
    return lines


class Planned(NamedTuple):
    """One step of a plan."""

    kind: str
    tool: str
    question: str


class DataAgent:
    """An agent that plans, acts by calling models and tools, and writes an answer."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    @spanglass.workflow("data question")
    async def answer(self, question: str) -> str:
        """Answer a question about data."""
        return await self._run(question)

    @spanglass.agent("data agent", version="3")
    async def _run(self, question: str) -> str:
        results = []
        for planned in await self._plan(question):
            with spanglass.step(type="act"):
                if planned.kind == "llm_call":
                    results.append(await self._ask(planned.question))
                else:
                    results.append(await self._execute(planned.tool, planned.question))
        return await self._synthesize(results)

    @spanglass.step(type="plan")
    async def _plan(self, question: str) -> list[Planned]:
        await self._ask(question)
        return [Planned("tool_call", "sql", "select 1"), Planned("llm_call", "", "explain")]

    @spanglass.step(type="synthesize")
    async def _synthesize(self, results: list[str]) -> str:
        return await self._ask(" ".join(results))

    async def _execute(self, name: str, query: str) -> str:
        with spanglass.tool(name, type="datastore", call_id="call-7") as call:
            call.called({"query": query})
            call.returned([{"n": 1}])
        return "1"

    async def _ask(self, text: str) -> str:
        answer = await self._client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": text}]
        )
        return answer.choices[0].message.content or ""


async def ask(url: str) -> str:
    """Ask the agent."""
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client:
        return await DataAgent(client).answer("How many?")


def test_a_data_agent_is_one_tree() -> None:
    """Workflow, agent, steps, tools and calls to models hang together; only calls carry tokens and cost."""
    with scripted(*[Answer([json.dumps(ANSWER).encode()])] * 3) as server, capture() as seen:
        assert asyncio.run(ask(server.url)) == "42"
    assert tree(seen) == snapshot(
        [
            "invoke_workflow data question",
            "  invoke_agent data agent",
            "    plan data agent",
            "      chat gpt-4o-mini",
            "    step act",
            "      execute_tool sql",
            "    step act",
            "      chat gpt-4o-mini",
            "    step synthesize",
            "      chat gpt-4o-mini",
        ]
    )
    spans = seen.spans()
    assert [(span["kind"], span["attributes"]) for span in spans if not span["name"].startswith("chat")] == snapshot(
        [
            ("INTERNAL", {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "data question"}),
            (
                "INTERNAL",
                {
                    "gen_ai.agent.name": "data agent",
                    "gen_ai.agent.version": "3",
                    "gen_ai.operation.name": "invoke_agent",
                    "spanglass.agent.steps": 4,
                },
            ),
            (
                "INTERNAL",
                {
                    "gen_ai.agent.name": "data agent",
                    "gen_ai.operation.name": "plan",
                    "spanglass.step.name": "plan",
                    "spanglass.step.number": 1,
                    "spanglass.step.type": "plan",
                },
            ),
            ("INTERNAL", {"gen_ai.agent.name": "data agent", "spanglass.step.number": 2, "spanglass.step.type": "act"}),
            (
                "INTERNAL",
                {
                    "gen_ai.agent.name": "data agent",
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.call.id": "call-7",
                    "gen_ai.tool.name": "sql",
                    "gen_ai.tool.type": "datastore",
                },
            ),
            ("INTERNAL", {"gen_ai.agent.name": "data agent", "spanglass.step.number": 3, "spanglass.step.type": "act"}),
            (
                "INTERNAL",
                {
                    "gen_ai.agent.name": "data agent",
                    "spanglass.step.name": "synthesize",
                    "spanglass.step.number": 4,
                    "spanglass.step.type": "synthesize",
                },
            ),
        ]
    )
    costs = [span["name"] for span in spans if any("usage" in name or "cost" in name for name in span["attributes"])]
    assert costs == ["chat gpt-4o-mini"] * 3


def test_metrics_of_a_data_agent() -> None:
    """Durations by name, steps of the agent, and the calls' own metrics once each."""
    with scripted(*[Answer([json.dumps(ANSWER).encode()])] * 3) as server, capture() as seen:
        asyncio.run(ask(server.url))
    counts = {
        name: [(point["labels"], point["count"]) for point in points]
        for name, points in seen.metrics().items()
        if "agent" in name or "tool" in name or "workflow" in name
    }
    made = {name: seen.metrics()[f"gen_ai.invoke_agent.{name}"][0]["sum"] for name in ("inference_calls", "tool_calls")}
    assert made == {"inference_calls": 3, "tool_calls": 1}
    assert counts == snapshot(
        {
            "gen_ai.execute_tool.duration": [({"gen_ai.tool.name": "sql", "gen_ai.tool.type": "datastore"}, 1)],
            "gen_ai.invoke_agent.duration": [({"gen_ai.agent.name": "data agent"}, 1)],
            "gen_ai.invoke_agent.inference_calls": [({"gen_ai.agent.name": "data agent"}, 1)],
            "gen_ai.invoke_agent.tool_calls": [({"gen_ai.agent.name": "data agent"}, 1)],
            "gen_ai.invoke_workflow.duration": [({"gen_ai.workflow.name": "data question"}, 1)],
            "spanglass.agent.steps": [({"gen_ai.agent.name": "data agent"}, 1)],
        }
    )
    assert [point["count"] for point in seen.metrics()["gen_ai.client.operation.duration"]] == [3]
    assert seen.metrics()["spanglass.agent.steps"][0]["sum"] == 4


def test_arguments_and_results_are_content() -> None:
    """They are on the span where content is on, and nowhere else."""

    @spanglass.tool
    def weather(city: str, days: int = 1) -> dict[str, object]:
        """Say the weather."""
        return {"city": city, "days": days, "rain": None}

    for content, expected in (
        (ContentMode.NO_CONTENT, {}),
        (ContentMode.EVENT_ONLY, {}),
        (
            ContentMode.SPAN_ONLY,
            {
                "gen_ai.tool.call.arguments": '{"city":"Rome"}',
                "gen_ai.tool.call.result": '{"city":"Rome","days":1,"rain":null}',
            },
        ),
    ):
        with capture(content=content) as seen:
            weather("Rome")
        [span] = seen.spans()
        assert {name: value for name, value in span["attributes"].items() if ".call." in name} == expected
        assert span["attributes"]["gen_ai.tool.description"] == "Say the weather."


def test_retrieval_has_its_own_words() -> None:
    """Source, top k and count always; query and documents as content."""

    @spanglass.retrieval("products", top_k=2)
    def search(query: str) -> list[dict[str, object]]:
        assert query
        return [{"id": "a", "score": 0.9}, {"id": "b", "score": 0.5}]

    with capture(content=ContentMode.SPAN_AND_EVENT) as seen:
        search("red shoes")
        with spanglass.retrieval("pages", query="blue") as found:
            found.returned([])
    assert [(span["name"], span["kind"], span["attributes"]) for span in seen.spans()] == snapshot(
        [
            (
                "retrieval products",
                "CLIENT",
                {
                    "gen_ai.data_source.id": "products",
                    "gen_ai.operation.name": "retrieval",
                    "gen_ai.retrieval.documents": '[{"id":"a","score":0.9},{"id":"b","score":0.5}]',
                    "gen_ai.retrieval.query.text": "red shoes",
                    "gen_ai.retrieval.top_k": 2,
                    "spanglass.retrieval.count": 2,
                },
            ),
            (
                "retrieval pages",
                "CLIENT",
                {
                    "gen_ai.data_source.id": "pages",
                    "gen_ai.operation.name": "retrieval",
                    "gen_ai.retrieval.documents": "[]",
                    "gen_ai.retrieval.query.text": "blue",
                    "spanglass.retrieval.count": 0,
                },
            ),
        ]
    )
    with capture() as seen:
        search("red shoes")
    assert seen.spans()[0]["attributes"] == snapshot(
        {
            "gen_ai.data_source.id": "products",
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.top_k": 2,
            "spanglass.retrieval.count": 2,
        }
    )


def test_nested_agents_count_their_own_steps() -> None:
    """A step belongs to the innermost agent; a step without an agent has no number."""
    with capture() as seen, spanglass.step("alone") as alone, spanglass.agent("outer"):
        for _ in range(2):
            with spanglass.step("look"), spanglass.agent("inner"), spanglass.step("read"):
                pass
    assert alone.number == 0
    steps = [
        (span["name"], span["attributes"].get("spanglass.step.number"), span["attributes"].get("spanglass.agent.steps"))
        for span in seen.spans()
    ]
    assert steps == snapshot(
        [
            ("step alone", None, None),
            ("invoke_agent outer", None, 2),
            ("step look", 1, None),
            ("invoke_agent inner", None, 1),
            ("step read", 1, None),
            ("step look", 2, None),
            ("invoke_agent inner", None, 1),
            ("step read", 1, None),
        ]
    )


def test_steps_in_parallel_tasks_and_threads_are_all_counted() -> None:
    """Tasks and threads that run in the agent's context count for it."""

    async def main() -> None:
        async def one() -> None:
            with spanglass.step("part"):
                await asyncio.sleep(0)

        with spanglass.agent("wide"):
            await asyncio.gather(
                *(one() for _ in range(20)), *(asyncio.to_thread(asyncio.run, one()) for _ in range(3))
            )

    with capture() as seen:
        asyncio.run(main())
    spans = seen.spans()
    assert spans[0]["attributes"]["spanglass.agent.steps"] == 23
    assert sorted(span["attributes"]["spanglass.step.number"] for span in spans[1:]) == list(range(1, 24))


def test_a_run_is_never_taken_for_the_calls_own_span() -> None:
    """A call inside gets a span of its own, also below a step that names a model, as code written by hand does."""
    with (
        scripted(Answer([json.dumps(ANSWER).encode()])) as server,
        openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as client,
        capture() as seen,
        spanglass.step("generate") as step,
    ):
        step.span.set_attribute("llm.model", "gpt-4o")
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "x"}])
    assert tree(seen) == ["step generate", "  chat gpt-4o-mini"]


def test_users_and_sessions_are_on_every_run() -> None:
    """What `spanglass.context` says is on runs as on all spans."""
    with capture() as seen, spanglass.context(user_id="u-1", feature="search"), spanglass.agent("a"):
        pass
    assert seen.spans()[0]["attributes"]["user.id"] == "u-1"


def test_the_span_is_the_applications_too() -> None:
    """Attributes and events of the application's own go on the span of the run, which is the current one."""
    with capture() as seen, spanglass.agent("a") as run:
        assert trace.get_current_span() is run.span
        run.span.set_attribute("shop.id", 7)
    assert seen.spans()[0]["attributes"]["shop.id"] == 7
