"""Commands to a real PostgreSQL and a real Redis, in programs of their own."""

import pytest

from otlp_receiver import receiver, run, values

pytestmark = pytest.mark.services

INIT = "import spanglass; spanglass.init(service_name='shop')\n"
POSTGRES = """
import asyncio, psycopg
from opentelemetry import trace
from psycopg import sql
tracer = trace.get_tracer("app")

with tracer.start_as_current_span("work"):
    with psycopg.connect(DSN) as connection:
        assert connection.execute("SELECT %s::int + 1", (41,)).fetchone() == (42,)
        try:
            connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier("nowhere")))
        except psycopg.errors.UndefinedTable:
            pass
async def ask():
    async with await psycopg.AsyncConnection.connect(DSN) as connection:
        async with connection.cursor() as cursor:
            await cursor.execute("VALUES (%s)", ("secret",))
asyncio.run(ask())
"""


@pytest.mark.parametrize("order", ["init first", "init last"])
def test_statements_are_spans_and_measured(postgres_dsn: str, order: str) -> None:
    """Sync and async statements are CLIENT spans under the work they are done for, with stable names.

    The statement is recorded as written, its parameters are not, and nothing is added to what the database gets.
    """
    program = f"DSN = {postgres_dsn!r}\n" + POSTGRES
    first, second = (INIT, program) if order == "init first" else ("import psycopg\n" + INIT, program)
    with receiver() as seen:
        done = run(first + second, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        spans = {values(span.attributes).get("db.query.text"): span for _, span in seen.spans()}
        work = spans[None]
        select, failed, insert = (
            spans[text] for text in ("SELECT %s::int + 1", 'SELECT * FROM "nowhere"', "VALUES (%s)")
        )
        assert len(seen.spans()) == 4
        assert [span.kind for span in (select, failed, insert)] == [3, 3, 3]
        assert select.parent_span_id == failed.parent_span_id == work.span_id
        assert (failed.status.code, select.status.code) == (2, 0)
        assert values(select.attributes)["db.system.name"] == "postgresql"
        assert "secret" not in str(insert)
        assert "41" not in str(values(select.attributes))
        points = [(values(point.attributes), point.count) for _, point in seen.points("db.client.operation.duration")]
        told = {(at["db.system.name"], at["db.operation.name"], "error.type" in at): count for at, count in points}
        assert told == {
            ("postgresql", "SELECT", False): 1,
            ("postgresql", "SELECT", True): 1,
            ("postgresql", "VALUES", False): 1,
        }


REDIS = """
import asyncio, redis, redis.asyncio
from opentelemetry import trace
redis.Redis.from_url(URL).ping()
with trace.get_tracer("app").start_as_current_span("work"):
    client = redis.Redis.from_url(URL)
    client.set("user:17", "secret value")
    pipe = client.pipeline(); pipe.get("user:17"); pipe.delete("user:17"); pipe.execute()
    async def ask():
        async with redis.asyncio.Redis.from_url(URL) as asynchronous: await asynchronous.get("user:17")
    asyncio.run(ask())
"""


def test_redis_commands_are_spans_of_the_work_they_belong_to(redis_url: str) -> None:
    """Commands, pipelines and asynchronous ones are children of the work, without values; alone they are none."""
    with receiver() as seen:
        done = run(INIT + f"URL = {redis_url!r}\n" + REDIS, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        [work] = [span for _, span in seen.spans() if span.name == "work"]
        commands = [span for _, span in seen.spans() if span is not work]
        assert {span.parent_span_id for span in commands} == {work.span_id}
        assert len(commands) == 3
        assert all(values(span.attributes)["db.system.name"] == "redis" for span in commands)
        assert "secret" not in str(commands)
