"""The tables of attributes and metrics are sound."""

import re

import pytest

from spanglass.semconv.attributes import ATTRIBUTES
from spanglass.semconv.metrics import METRICS, Instrument, Metric

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
UNITS = {"s", "By", "1"}
PERSONAL = {"user.id", "session.id", "gen_ai.conversation.id"}
NAMES_USERS = {"spanglass.spans.user_cost": {"user.id"}}
"""The one gauge whose point it is; a setting turns it off."""


def test_attribute_names_are_unique_and_well_formed() -> None:
    """A name stands once, in OpenTelemetry's form."""
    names = [row.name for row in ATTRIBUTES]

    assert len(names) == len(set(names))
    assert [name for name in names if not NAME.fullmatch(name)] == []


def test_attribute_types_are_known() -> None:
    """A type is one of the documented six."""
    known = {"string", "string[]", "int", "double", "boolean", "json"}

    assert {row.type for row in ATTRIBUTES} <= known


def test_metric_names_are_unique() -> None:
    """A metric's name stands once."""
    names = [row.name for row in METRICS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_metric_rows_are_sound(metric: Metric) -> None:
    """Units are UCUM, labels are attributes and never personal, and histograms, only they, have rising buckets."""
    attributes = {row.name for row in ATTRIBUTES}

    assert metric.unit in UNITS or re.fullmatch(r"\{[A-Za-z_]+\}", metric.unit)
    assert set(metric.labels) <= attributes - PERSONAL | NAMES_USERS.get(metric.name, set())
    assert bool(metric.buckets) == (metric.instrument is Instrument.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
