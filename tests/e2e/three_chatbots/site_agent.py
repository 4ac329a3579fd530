"""The third chatbot: writes SQL, waits until the visitor agrees, which comes with another message, and runs it."""
# Django and Channels come without types:
# mypy: ignore-errors

import os

import openai
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import connection

import spanglass


@spanglass.tool("execute_sql")
def execute_sql(query: str) -> int:
    """Run a query that gives one number."""
    with spanglass.timer("data_agent.sql.duration"), connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


class DataAgent(spanglass.Turns, AsyncJsonWebsocketConsumer):
    """One visitor, with the query that waits for a decision."""

    query = ""
    token = ""

    async def receive_json(self, content: dict[str, str], **_: object) -> None:
        """Take a question, or the decision on a query."""
        if "question" in content:
            await self.propose(content["question"])
        else:
            await self.run(approved=content["decision"] == "yes")

    async def propose(self, question: str) -> None:
        """Have a query written, and ask for a decision."""
        with spanglass.agent("data agent"), spanglass.step(type="plan"):
            async with openai.AsyncOpenAI(base_url=os.environ["OPENAI"], api_key="k") as client:
                await client.chat.completions.create(
                    model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
                )
            self.query = "SELECT count(*) FROM message"
            self.token = spanglass.approval.requested("run query")
        await self.send_json({"query": self.query})

    async def run(self, *, approved: bool) -> None:
        """Run the query, if the visitor agreed."""
        spanglass.approval.decided(self.token, "approved" if approved else "denied", by="visitor")
        with spanglass.agent("data agent"), spanglass.step(type="act"):
            found = await database_sync_to_async(execute_sql)(self.query) if approved else None
        await self.send_json({"found": found})
