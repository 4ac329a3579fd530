"""Recorded OpenAI traffic, replayed through the real client: the span ends with the recorded usage and its cost."""

import json

import openai
import pytest

from cassettes import names, recorded
from replays import counts, price, provider_of, recorded_model, recorded_usage, replay
from spanglass.semconv import attributes as attr
from telemetry import recording


@pytest.mark.parametrize("name", names("openai"))
def test_recording_ends_in_its_usage_and_cost(name: str) -> None:
    """Usage, model, response id, finish reasons and cost are the recorded ones; an error has the provider's name."""
    exchange = recorded("openai", name)
    body, status = exchange.body, exchange.status
    with recording() as telemetry, provider_of(exchange) as client:
        if status >= 400:
            with pytest.raises(openai.APIStatusError):
                replay(client, exchange)
        else:
            replay(client, exchange)
    found = telemetry.attributes()
    assert found[attr.HTTP_STATUS_CODE] == status
    if status >= 400:
        error = json.loads(body)["error"]
        assert found[attr.ERROR_TYPE] == (error["code"] or error["type"])
        assert attr.COST_STATE not in found
        return
    model = recorded_model(body)
    assert found[attr.RESPONSE_MODEL] == model
    usage = recorded_usage(body)
    if usage is None:
        assert found[attr.USAGE_ESTIMATED] is True
        assert found[attr.COST_STATE] == "estimated"
        return
    expected = {name: count for name, count in counts(usage).items() if count is not None}
    assert {name: found.get(name) for name in expected} == expected
    assert found[attr.COST_STATE] == "computed"
    assert found[attr.COST_AMOUNT] == pytest.approx(float(price(counts(usage), model)), rel=1e-12)
