"""The chat's first process: takes a question over HTTP, sends it on through Kafka, and hands out the answer."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import spanglass

spanglass.init(service_name="web")

import logging  # noqa: E402 - an application begins with `init()`, so that it sees what is imported later

import psycopg  # noqa: E402
from aiokafka import AIOKafkaProducer  # noqa: E402
from fastapi import FastAPI, HTTPException, Request  # noqa: E402

logger = logging.getLogger("chat.web")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold a producer while the application serves."""
    async with AIOKafkaProducer(bootstrap_servers=os.environ["KAFKA"]) as producer:
        app.state.producer = producer
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/chat", status_code=202)
async def ask(request: Request) -> dict[str, str]:
    """Take a question; the answer will be under the id."""
    number = uuid4().hex
    question = (await request.body()).decode()
    logger.warning("question taken")
    await app.state.producer.send_and_wait("chat.questions", question.encode(), key=number.encode())
    return {"id": number}


@app.get("/chat/{number}")
async def answer(number: str) -> dict[str, str]:
    """Hand out an answer, once it is there."""
    async with await psycopg.AsyncConnection.connect(os.environ["POSTGRES"]) as connection:
        row = await (await connection.execute("SELECT answer FROM answers WHERE id = %s", [number])).fetchone()
    if row is None:
        raise HTTPException(404)
    return {"answer": row[0]}
