"""The chat's second process: asks a model, streamed, and sends the answer on through Kafka."""

import os
import signal
import sys

import spanglass

spanglass.init(service_name="answerer")

import logging  # noqa: E402 - an application begins with `init()`, so that it sees what is imported later

import openai  # noqa: E402
from kafka import KafkaConsumer, KafkaProducer  # noqa: E402

logger = logging.getLogger("chat.answerer")


def complete(client: openai.OpenAI, question: str) -> str:
    """Ask, and put the answer together."""
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def main() -> None:
    """Answer questions until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    client = openai.OpenAI()
    producer = KafkaProducer(bootstrap_servers=os.environ["KAFKA"])
    consumer = KafkaConsumer(
        "chat.questions", bootstrap_servers=os.environ["KAFKA"], group_id="answerers", auto_offset_reset="earliest"
    )
    for message in consumer:
        with spanglass.kafka.process(message, group="answerers"):
            answer = complete(client, message.value.decode())
            logger.warning("answer complete")
            producer.send("chat.answers", answer.encode(), key=message.key).get(30)


if __name__ == "__main__":
    main()
