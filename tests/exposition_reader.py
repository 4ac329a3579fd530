"""A strict reader of Prometheus text, format 0.0.4, with the rules that `promtool check metrics` has for names.

Source of the grammar: https://prometheus.io/docs/instrumenting/exposition_formats/. Whatever the format allows and we
never write (timestamps, comments, blank lines, spaces around names) is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|NaN|[+-]Inf")
KINDS = {"counter", "gauge", "histogram"}
SUFFIXES = {"counter": {""}, "gauge": {""}, "histogram": {"_bucket", "_sum", "_count"}}
Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    """A metric: its samples by suffix and labels."""

    name: str
    kind: str
    help: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


def read(text: str) -> dict[str, Family]:
    """Return the families of an exposition by name.

    Raises:
        AssertionError: It is none that Prometheus takes, or that promtool has no complaint about.
    """
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    current: Family | None = None
    lines = iter(text[:-1].split("\n"))
    for line in lines:
        if line.startswith("# HELP "):
            current = _family(line, next(lines))
            assert current.name not in families, f"{current.name} comes twice"
            families[current.name] = current
        else:
            assert current is not None, f"no metric before {line!r}"
            _add(line, current)
    for family in families.values():
        _check(family)
    return families


def value(text: str, name: str, suffix: str = "", **labels: str) -> float:
    """Return the sum of the samples of a metric that have some labels."""
    found = [
        number
        for (ending, its), number in read(text)[name].samples.items()
        if ending == suffix and labels.items() <= dict(its).items()
    ]
    assert found, f"{name} has no such sample"
    return sum(found)


def _family(help_line: str, type_line: str) -> Family:
    _, _, name, told = help_line.split(" ", 3)
    assert NAME.fullmatch(name), help_line
    assert told, f"{name} has no help"
    assert re.fullmatch(r"(?:[^\\]|\\[\\n])*", told), help_line
    assert type_line.startswith(f"# TYPE {name} "), type_line
    kind = type_line.rpartition(" ")[2]
    assert kind in KINDS, type_line
    return Family(name, kind, told)


def _add(line: str, family: Family) -> None:
    sample = SAMPLE.fullmatch(line)
    assert sample is not None, f"no sample: {line!r}"
    name, inner, number = sample.groups()
    suffix = name.removeprefix(family.name)
    assert name.startswith(family.name), f"{name} stands among {family.name}"
    assert suffix in SUFFIXES[family.kind], f"{name} in a {family.kind}"
    assert NUMBER.fullmatch(number), line
    labels = tuple(sorted(_labels(inner))) if inner is not None else ()
    names = [label for label, _ in labels]
    assert len(names) == len(set(names)), f"a label comes twice: {line!r}"
    assert all(text for _, text in labels), f"an empty label is none: {line!r}"
    assert (suffix == "_bucket") == ("le" in names), line
    assert (suffix, labels) not in family.samples, f"a series comes twice: {line!r}"
    family.samples[suffix, labels] = float(number.replace("Inf", "inf"))


def _labels(inner: str) -> Iterator[tuple[str, str]]:
    place = 0
    while True:
        pair = LABEL.match(inner, place)
        assert pair is not None, f"no label at {place} of {inner!r}"
        assert not pair[1].startswith("__"), inner
        yield pair[1], re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], pair[2])
        place = pair.end()
        if place == len(inner):
            return
        assert inner[place] == ",", f"no comma at {place} of {inner!r}"
        place += 1


def _check(family: Family) -> None:
    assert family.samples, f"{family.name} has no samples"
    assert (family.kind == "counter") == family.name.endswith("_total"), f"{family.name} is a {family.kind}"
    assert not re.search(r"[A-Z]|_(bucket|sum|count|info)$|(milli|micro|nano)seconds|minutes|kilobytes", family.name)
    assert all(not math.isnan(number) for number in family.samples.values())
    if family.kind != "gauge":
        assert all(number >= 0 for number in family.samples.values())
    if family.kind == "histogram":
        _check_histogram(family)


def _check_histogram(family: Family) -> None:
    buckets: dict[Labels, list[tuple[float, float]]] = {}
    for (suffix, labels), number in family.samples.items():
        if suffix == "_bucket":
            rest = tuple(pair for pair in labels if pair[0] != "le")
            buckets.setdefault(rest, []).append((float(dict(labels)["le"].replace("Inf", "inf")), number))
    assert set(buckets) == {labels for suffix, labels in family.samples if suffix == "_sum"}
    for labels, found in buckets.items():
        bounds, counts = zip(*found, strict=True)
        assert list(bounds) == sorted(set(bounds))
        assert bounds[-1] == math.inf
        assert list(counts) == sorted(counts)
        assert counts[-1] == family.samples["_count", labels]
