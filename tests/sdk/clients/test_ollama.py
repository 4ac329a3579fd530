"""Calls made through the real ollama client: each is one span, with the server's times, unpriced unless configured."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ollama
import pytest

from cassettes import names, recorded
from parts import ROOT
from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.sdk.content import ContentMode
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from spanglass.wire.recognise import recognise
from telemetry import Telemetry, recording

HOSTS = {"127.0.0.1": "ollama"}
QUESTION: Any = {
    "model": "llama3.2",
    "messages": [{"role": "user", "content": "Where is the night train?"}],
    "options": {"temperature": 0.2, "num_predict": 64},
}
DONE = {
    "model": "llama3.2",
    "created_at": "2026-11-21T12:00:01Z",
    "done": True,
    "done_reason": "stop",
    "total_duration": 5_000_000_000,
    "load_duration": 1_000_000_000,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 500_000_000,
    "eval_count": 12,
    "eval_duration": 3_000_000_000,
}
WHOLE = Answer([json.dumps(DONE | {"message": {"role": "assistant", "content": "On platform 3."}}).encode()])
LINES: list[dict[str, Any]] = [
    {
        "model": "llama3.2",
        "created_at": f"2026-11-21T12:00:00.{number}Z",
        "message": {"role": "assistant", **said},
        "done": False,
    }
    for number, said in enumerate([{"content": "", "thinking": "Hm."}, {"content": "On platform "}, {"content": "3."}])
]
NDJSON = {"content-type": "application/x-ndjson"}


def lines(*documents: dict[str, Any]) -> list[bytes | Act]:
    return [json.dumps(document).encode() + b"\n" for document in documents]


STREAM = Answer(lines(*LINES, DONE | {"message": {"role": "assistant", "content": ""}}), headers=NDJSON)


def total(telemetry: Telemetry, metric: metrics.Metric) -> float:
    return sum(telemetry.metrics().get(metric.name, {}).values())


def holds_call(telemetry: Telemetry, *, streamed: bool) -> None:
    """Check the one span and the metrics of a chat that was read to its end."""
    assert telemetry.span().name == "chat llama3.2"
    found = telemetry.attributes()
    expected = {
        attr.PROVIDER: "ollama",
        attr.REQUEST_MODEL: "llama3.2",
        attr.REQUEST_TEMPERATURE: 0.2,
        attr.REQUEST_MAX_TOKENS: 64,
        attr.RESPONSE_MODEL: "llama3.2",
        attr.FINISH_REASONS: ("stop",),
        attr.INPUT_TOKENS: 26,
        attr.OUTPUT_TOKENS: 12,
        attr.SERVER_TIME_TOTAL: pytest.approx(5),
        attr.SERVER_TIME_LOAD: pytest.approx(1),
        attr.SERVER_TIME_INPUT: pytest.approx(0.5),
        attr.SERVER_TIME_OUTPUT: pytest.approx(3),
        attr.COST_STATE: "unpriced",
        attr.COST_AMOUNT: None,
        attr.STREAM_INCOMPLETE: None,
        attr.CHUNK_COUNT: 4 if streamed else None,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert (attr.TIME_TO_FIRST_TOKEN in found) is streamed
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.TOKEN_USAGE) == 38
    assert total(telemetry, metrics.UNPRICED) == 1


@pytest.mark.parametrize("gzipped", ["", "gzip"])
@pytest.mark.parametrize("streamed", ["", "streamed"])
def test_chat(streamed: str, gzipped: str, server: ScriptedServer) -> None:
    """A chat, as one document or in lines, plain or encoded, is one span; a local model is unpriced, never 0."""
    answer = STREAM if streamed else WHOLE
    server.script.append(answer.encoded() if gzipped else answer)
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made:
        if streamed:
            assert (
                "".join(part.message.content or "" for part in made.chat(**QUESTION, stream=True)) == "On platform 3."
            )
        else:
            assert made.chat(**QUESTION).message.content == "On platform 3."
    holds_call(telemetry, streamed=bool(streamed))


@pytest.mark.parametrize("streamed", ["", "streamed"])
def test_async_chat(streamed: str, server: ScriptedServer) -> None:
    """The asynchronous client's calls are read like the other's."""
    server.script.append(STREAM if streamed else WHOLE)

    async def talk() -> None:
        async with ollama.AsyncClient(server.url) as made:
            if streamed:
                assert [part async for part in await made.chat(**QUESTION, stream=True)]
            else:
                await made.chat(**QUESTION)

    with recording(hosts=HOSTS) as telemetry:
        asyncio.run(talk())
    holds_call(telemetry, streamed=bool(streamed))


def test_unknown_port_is_recognised_by_its_body(server: ScriptedServer) -> None:
    """A server on another port, or in a container, needs no setting."""
    server.script.append(STREAM)
    with recording(hosts={}) as telemetry, ollama.Client(server.url) as made:
        list(made.chat(**QUESTION, stream=True))
    holds_call(telemetry, streamed=True)


def test_generate(server: ScriptedServer) -> None:
    """A completion is an operation of its own."""
    server.script.append(Answer(lines({**LINES[0], "response": "On 3."}, DONE | {"response": ""}), headers=NDJSON))
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made:
        parts = list(made.generate("llama3.2", "Where is the night train?", stream=True))
    assert parts[0].response == "On 3."
    assert telemetry.span().name == "text_completion llama3.2"
    found = telemetry.attributes()
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS], found[attr.COST_STATE]) == (26, 12, "unpriced")


@pytest.mark.parametrize("older", ["", "older"])
def test_embeddings(older: str, server: ScriptedServer) -> None:
    """Both interfaces are embeddings; the older one counts nothing, so its tokens are estimated and flagged."""
    body = {"embedding": [0.1, 0.2]} if older else {"model": "m", "embeddings": [[0.1]], "prompt_eval_count": 7}
    server.script.append(Answer([json.dumps(body).encode()]))
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made:
        if older:
            made.embeddings("m", "night train")
        else:
            made.embed("m", ["night", "train"])
    found = telemetry.attributes()
    assert telemetry.span().name == "embeddings m"
    assert found[attr.INPUT_TOKENS] == (3 if older else 7)
    assert found.get(attr.USAGE_ESTIMATED) is (True if older else None)


def test_cached_prompt_is_estimated(server: ScriptedServer) -> None:
    """`prompt_eval_count` is left out when the prompt was in the model's cache: it is estimated, never 0."""
    last = {name: value for name, value in DONE.items() if name != "prompt_eval_count"} | {
        "message": LINES[0]["message"]
    }
    server.script.append(Answer(lines(*LINES, last), headers=NDJSON))
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made:
        list(made.chat(**QUESTION, stream=True))
    found = telemetry.attributes()
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS], found[attr.USAGE_ESTIMATED]) == (7, 12, True)


def test_cancelled_stream(server: ScriptedServer) -> None:
    """Counts come with the last line alone, so a stream left early has estimated ones."""
    server.script.append(Answer([*lines(*LINES[:2]), Act.WAIT], headers=NDJSON))
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made:
        stream = made.chat(**QUESTION, stream=True)
        next(stream)
        stream.close()
    found = telemetry.attributes()
    assert found[attr.STREAM_END] == "cancelled"
    assert (found[attr.INPUT_TOKENS], found[attr.USAGE_ESTIMATED]) == (7, True)
    assert attr.ERROR_TYPE not in found


def test_error_in_a_stream(server: ScriptedServer) -> None:
    """An error line raises in the application and is the span's error."""
    server.script.append(Answer(lines(*LINES, {"error": "model runner has unexpectedly stopped"}), headers=NDJSON))
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made, pytest.raises(ollama.ResponseError):
        list(made.chat(**QUESTION, stream=True))
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("error", "model runner has unexpectedly stopped")


def test_missing_model(server: ScriptedServer) -> None:
    """A refusal has no type of its own, so its status is the label."""
    server.script.append(Answer([b'{"error":"model \'x\' not found"}'], 404))
    with recording(hosts=HOSTS) as telemetry, ollama.Client(server.url) as made, pytest.raises(ollama.ResponseError):
        made.chat(**QUESTION)
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("404", "model 'x' not found")
    assert attr.COST_STATE not in found


def test_price_file_of_the_docs_makes_local_models_free(server: ScriptedServer, tmp_path: Path) -> None:
    """What a local model costs is said in a price file: 0 is computed then, with the row and table that say so."""
    prices = tmp_path / "prices.json"
    section = (ROOT / "docs" / "providers.md").read_text().partition("## Ollama")[2]
    prices.write_text(section.partition("```json")[2].partition("```")[0])
    server.script.append(STREAM)
    with recording(hosts=HOSTS, prices=prices) as telemetry, ollama.Client(server.url) as made:
        list(made.chat(**QUESTION, stream=True))
    found = telemetry.attributes()
    assert (found[attr.COST_STATE], found[attr.COST_EXACT], found[attr.COST_AMOUNT]) == ("computed", "0", 0.0)
    assert (found[attr.COST_PRICE_ID], found[attr.COST_TABLE]) == ("ollama/local", "our machines 2026-11")
    assert total(telemetry, metrics.UNPRICED) == 0


def test_content(server: ScriptedServer) -> None:
    """Where content is asked for, thinking and text are parts of the answer."""
    server.script.append(STREAM)
    with recording(hosts=HOSTS, content=ContentMode.SPAN_ONLY) as telemetry, ollama.Client(server.url) as made:
        list(made.chat(**QUESTION, stream=True))
    (answer,) = json.loads(telemetry.attributes()[attr.OUTPUT_MESSAGES])
    assert answer["parts"] == [
        {"type": "reasoning", "content": "Hm."},
        {"type": "text", "content": "On platform 3."},
    ]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_other_protocols_at_its_port_are_ollamas(path: str) -> None:
    """Ollama speaks OpenAI's and Anthropic's protocols too; on whichever host, its port says who answers."""
    for host in ("localhost", "ollama", "host.docker.internal", "192.168.1.7", "::1"):
        found = recognise("POST", f"{host}:11434", path)
        assert found is not None
        assert (found.provider, found.known) == ("ollama", True)


CALLS: dict[str, Callable[[ollama.Client], Callable[..., Any]]] = {
    "/api/chat": lambda made: made.chat,
    "/api/generate": lambda made: made.generate,
    "/api/embeddings": lambda made: made.embeddings,
}


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("name", names("ollama"))
def test_recording_ends_in_its_usage(name: str, gzipped: bool) -> None:  # noqa: FBT001 - a column
    """Recorded traffic through the real client: model, counts and the server's times, in pieces and encoded."""
    exchange = recorded("ollama", name)
    expected = exchange.read()
    asked = {key: value for key, value in json.loads(exchange.asked).items() if value}
    with (
        scripted(exchange.answer(piece=97, gzipped=gzipped)) as server,
        recording(hosts=HOSTS) as telemetry,
        ollama.Client(server.url) as made,
    ):
        answered = CALLS[exchange.path](made)(**asked)
        if asked.get("stream"):
            list(answered)
    found = telemetry.attributes()
    assert found.get(attr.RESPONSE_MODEL) == expected.model
    if expected.usage is not None:
        assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == expected.usage[:2]
        assert expected.server_times is not None
        assert found[attr.SERVER_TIME_TOTAL] == pytest.approx((expected.server_times.total_ns or 0) / 1e9)
    assert found[attr.COST_STATE] == "unpriced"
