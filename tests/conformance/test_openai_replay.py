"""Recorded OpenAI traffic, replayed through the real client: the span ends with the recorded usage and its cost."""

import json
from typing import Any

import openai
import pytest

from parts import recordings
from replays import counts, interactions, price, provider_of, recorded_model, recorded_usage, replay
from spanglass.semconv import attributes as attr
from telemetry import recording


@pytest.mark.parametrize("interaction", [pytest.param(one, id=name) for name, one in interactions().items()] or [None])
def test_recording_ends_in_its_usage_and_cost(interaction: dict[str, Any] | None) -> None:
    """Usage, model, response id, finish reasons and cost are the recorded ones; an error has the provider's name."""
    if interaction is None:
        recordings("openai")
        pytest.fail("the folder of recordings holds none")
    response = interaction["response"]
    body, status = response["body"]["string"], response["status"]["code"]
    with recording() as telemetry, provider_of(interaction) as client:
        if status >= 400:
            with pytest.raises(openai.APIStatusError):
                replay(client, interaction)
        else:
            replay(client, interaction)
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
