import json

import pytest

from otlp_receiver import receiver, run

START = "import logging, logging.config, logging.handlers, queue, sys, spanglass; from opentelemetry import trace\n"
INIT = "spanglass.init(service_name='shop')\n"
SPEAK = """
with trace.get_tracer("app").start_as_current_span("work"):
    logging.getLogger("app").warning("inside")
"""
DICT = """
handlers = {"h": {"class": "logging.StreamHandler"}}
logging.config.dictConfig({"version": 1, "handlers": handlers, "root": {"handlers": ["h"]}})
"""


@pytest.mark.parametrize(
    "order",
    [(INIT,), (INIT, "logging.basicConfig()\n"), ("logging.basicConfig()\n", INIT), (INIT, DICT), (DICT, INIT)],
    ids=["unconfigured", "init-basic", "basic-init", "init-dict", "dict-init"],
)
def test_lines_are_json_whatever_the_order(order: tuple[str, ...]) -> None:
    """With SPANGLASS_LOG_FORMAT=json what prints without a format of its own is JSON with the ids of the span."""
    with receiver() as seen:
        done = run(START + "".join(order) + SPEAK, endpoint=seen.endpoint, SPANGLASS_LOG_FORMAT="json")
        [(_, span)] = seen.spans()
        [line] = map(json.loads, done.stderr.splitlines())
        assert (line["message"], line["service"]) == ("inside", "shop")
        assert (line["trace_id"], line["span_id"]) == (span.trace_id.hex(), span.span_id.hex())
        assert [record.body.string_value for _, record in seen.logs()] == ["inside"]


def test_a_format_of_ones_own_stays() -> None:
    """A handler with a format, one that queues and one that is no stream print what they did, and no handler is new."""
    script = """
own = logging.StreamHandler(); own.setFormatter(logging.Formatter("own %(message)s"))
waiting = queue.Queue(); queued = logging.handlers.QueueHandler(waiting)
logging.basicConfig(handlers=[own, queued])
queued.setFormatter(None)
"""
    after = "print(waiting.get().message, logging.root.handlers == [own, queued])\n"
    with receiver() as seen:
        done = run(START + script + INIT + SPEAK + after, endpoint=seen.endpoint, SPANGLASS_LOG_FORMAT="text")
        assert (done.stdout, done.stderr) == ("inside True\n", "own inside\n")


def test_a_wrong_format_is_said_once() -> None:
    """An unknown format is one warning that names the choices, and lines stay as they were."""
    with receiver() as seen:
        done = run(START + INIT + SPEAK, endpoint=seen.endpoint, SPANGLASS_LOG_FORMAT="xml")
        warning, line = done.stderr.splitlines()
        assert "SPANGLASS_LOG_FORMAT" in warning
        assert "json, text or none" in warning
        assert line == "inside"
