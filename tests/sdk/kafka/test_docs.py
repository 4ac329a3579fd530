"""The examples of docs/kafka.md that need a broker, run against one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_clients import CLIENTS
from otlp_receiver import environment, receiver
from parts import ROOT
from services.fixtures import Broker
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving

pytestmark = pytest.mark.services
EXAMPLES = re.findall(
    r"<!-- not run: needs a broker.*?-->\n```python\n(.*?)```", (ROOT / "docs" / "kafka.md").read_text(), re.DOTALL
)


@pytest.mark.parametrize("code", EXAMPLES, ids=[str(number) for number in range(1, len(EXAMPLES) + 1)])
def test_the_example_does_what_the_page_says(code: str, kafka_broker: Broker, tmp_path: Path) -> None:
    """It sends, or processes what was sent, until it is stopped."""
    CLIENTS["kafka-python"].send(kafka_broker, "questions", [b"hello"])
    script = tmp_path / "example.py"
    script.write_text(code.replace("localhost:9092", kafka_broker.address))
    expected = "process questions" if "process" in code else "send questions"
    with serving(create_app()) as provider, receiver() as seen:
        variables = environment(
            seen.endpoint, OPENAI_BASE_URL=provider, OPENAI_API_KEY="k", OTEL_BSP_SCHEDULE_DELAY="100"
        )
        with subprocess.Popen([sys.executable, str(script)], env={**variables, "HOME": os.environ["HOME"]}) as example:
            told = seen.wait_for(lambda: expected in seen.span_names(), 40)
            example.kill()

    assert told
