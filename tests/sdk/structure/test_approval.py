import asyncio

import pytest
from inline_snapshot import snapshot
from opentelemetry import trace

import spanglass
from spanglass.sdk.structure.ticket import Ticket
from spanglass.testing import capture


def test_waiting_is_told_apart_from_work() -> None:
    """A wait is a span of its own, and what is around says how much of its time it was."""
    with (
        capture() as seen,
        spanglass.workflow("order"),
        spanglass.agent("refunds"),
        spanglass.tool("refund"),
        spanglass.approval("refund over 100") as wait,
    ):
        seen.clock.advance(600)
        wait.decided("approved", by="anna")
    spans = seen.spans()
    assert [(span["name"], span["attributes"].get("spanglass.agent.waited")) for span in spans] == snapshot(
        [
            ("invoke_workflow order", 601.0),
            ("invoke_agent refunds", 601.0),
            ("execute_tool refund", 601.0),
            ("wait approval refund over 100", None),
        ]
    )
    assert (spans[3]["kind"], spans[3]["attributes"]) == snapshot(
        (
            "INTERNAL",
            {
                "spanglass.wait.decided_by": "anna",
                "spanglass.wait.name": "refund over 100",
                "spanglass.wait.outcome": "approved",
                "spanglass.wait.reason": "approval",
            },
        )
    )
    assert seen.metrics()["spanglass.wait.duration"] == snapshot(
        [
            {
                "labels": {"spanglass.wait.outcome": "approved", "spanglass.wait.reason": "approval"},
                "count": 1,
                "sum": 601.0,
            }
        ]
    )


def test_waits_at_the_same_time_count_once() -> None:
    """Two people waited for in parallel cost no more time than passed."""

    async def one() -> None:
        with spanglass.approval("x"):
            await asyncio.sleep(0)

    async def main() -> None:
        with spanglass.agent("a"):
            await asyncio.gather(one(), one())

    with capture() as seen:
        asyncio.run(main())
    agent, first, second = seen.spans()
    waited = agent["attributes"]["spanglass.agent.waited"]
    assert waited < (first["end"] - first["start"]) + (second["end"] - second["start"])
    assert waited < agent["end"] - agent["start"]


def test_a_decision_that_never_came_is_expired_and_no_failure() -> None:
    """TimeoutError passes, and is the outcome; any other exception is an error."""
    with capture() as seen:
        with pytest.raises(TimeoutError), spanglass.approval("slow"):
            raise TimeoutError
        with pytest.raises(OSError, match="gone"), spanglass.approval("broken"):
            raise OSError("gone")
    expired, broken = seen.spans()
    assert (expired["attributes"]["spanglass.wait.outcome"], expired.get("status")) == ("expired", None)
    assert (broken["attributes"].get("spanglass.wait.outcome"), broken["status"]) == (None, "ERROR")


def test_a_decorated_functions_answer_is_the_outcome() -> None:
    """True and False are approved and denied, the words are themselves; other texts may be content and say nothing."""

    @spanglass.approval
    async def ask(answer: object) -> object:
        return answer

    async def main() -> None:
        for answer in (True, False, "expired", "pay it to Anna", 7):
            assert await ask(answer) == answer

    with capture() as seen:
        asyncio.run(main())
    outcomes = [span["attributes"].get("spanglass.wait.outcome") for span in seen.spans()]
    assert outcomes == ["approved", "denied", "expired", None, None]


def test_a_decision_in_another_request_ends_the_wait() -> None:
    """The span is in the asking trace with the true start, linked with the span that the decision came in by."""
    tracer = trace.get_tracer("shop")
    with capture() as seen:
        with spanglass.context(user_id="u-1"), spanglass.agent("refunds"):
            token = spanglass.approval.requested("refund")
        seen.clock.advance(86_400)
        with tracer.start_as_current_span("POST /decide"):
            spanglass.approval.decided(token, "denied", by="anna")
    assert token.isascii()
    assert len(token) < 1000
    assert seen.spans() == snapshot(
        [
            {
                "name": "invoke_agent refunds",
                "trace": 1,
                "id": 1,
                "parent": None,
                "kind": "INTERNAL",
                "scope": "spanglass",
                "start": 1.0,
                "end": 3.0,
                "attributes": {
                    "gen_ai.agent.name": "refunds",
                    "gen_ai.operation.name": "invoke_agent",
                    "user.id": "u-1",
                },
            },
            {
                "name": "wait approval refund",
                "trace": 1,
                "id": 2,
                "parent": 1,
                "kind": "INTERNAL",
                "scope": "spanglass",
                "start": 3.0,
                "end": 86406.0,
                "attributes": {
                    "spanglass.wait.decided_by": "anna",
                    "spanglass.wait.name": "refund",
                    "spanglass.wait.outcome": "denied",
                    "spanglass.wait.reason": "approval",
                    "user.id": "u-1",
                },
                "links": [{"trace": 2, "span": 3}],
            },
            {
                "name": "POST /decide",
                "trace": 2,
                "id": 3,
                "parent": None,
                "kind": "INTERNAL",
                "scope": "shop",
                "start": 86405.0,
                "end": 86408.0,
                "attributes": {},
                "links": [{"trace": 1, "span": 1}],
            },
        ]
    )
    [point] = seen.metrics()["spanglass.wait.duration"]
    assert point["sum"] > 86_400


def test_a_decision_may_come_where_no_span_is() -> None:
    """Without a span around the decision, the wait is recorded all the same; nor does an agent around have waited."""
    with capture() as seen:
        token = spanglass.approval.requested("refund")
        spanglass.approval.decided(token, "approved")
        with spanglass.agent("deciding"):
            spanglass.approval.decided(token, "approved")
    assert sorted(span["name"] for span in seen.spans()) == ["invoke_agent deciding", *["wait approval refund"] * 2]
    agent = next(span for span in seen.spans() if span["name"] == "invoke_agent deciding")
    assert "spanglass.agent.waited" not in agent["attributes"]


@pytest.mark.parametrize(
    "token", ["", "x", "é", "e30=", "W10=", "WzEsMiwzLDRd", "WyJhIiwiYiIsLTEse31d", "A" * 10_000, None, b"x"]
)
def test_a_token_that_is_none_is_refused(token: object, caplog: pytest.LogCaptureFixture) -> None:
    """What is no token is a line in the log, and no span."""
    with capture() as seen:
        spanglass.approval.decided(token, "approved")  # type: ignore[arg-type] # that is the test
    assert seen.spans() == []
    assert "token" in caplog.text


def test_a_ticket_is_read_as_it_was_written() -> None:
    """Names of any script survive."""
    ticket = Ticket("Rückzahlung 退款", "approval", 5, {"traceparent": "x"})
    assert Ticket.read(ticket.write()) == ticket
