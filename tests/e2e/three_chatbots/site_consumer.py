"""The first chatbot's other side: asks a local model by plain HTTP, and completes the placeholder."""
# Django and Channels come without types:
# mypy: ignore-errors

import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")

import django

django.setup()

import json  # noqa: E402 - what uses Django's models is imported once it is set up
import logging  # noqa: E402

import requests  # noqa: E402
from kafka import KafkaConsumer  # noqa: E402
from site_tables import Message  # noqa: E402

import spanglass  # noqa: E402

logger = logging.getLogger("site.consumer")


def complete(question: str) -> str:
    """Ask the model, streamed."""
    body = {"model": "llama3.2:1b", "prompt": question}
    with requests.post(f"{os.environ['OLLAMA']}/api/generate", json=body, stream=True, timeout=30) as lines:
        return "".join(json.loads(line)["response"] for line in lines.iter_lines())


def main() -> None:
    """Answer questions until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = KafkaConsumer(
        "site.questions", bootstrap_servers=os.environ["KAFKA"], group_id="site", auto_offset_reset="earliest"
    )
    for message in consumer:
        with spanglass.kafka.process(message, group="site"):
            said = json.loads(message.value)
            Message.objects.filter(pk=said["id"]).update(answer=complete(said["text"]))
            logger.info("answer written")


if __name__ == "__main__":
    main()
