"""What is proposed for a metric that is not there, whatever names senders chose."""

from __future__ import annotations

import random
import time

from spanglass.server.query.metric import near_names


def test_a_misspelt_name_is_told_those_like_it() -> None:
    """The nearest first, whole however long they are."""
    long = "gen_ai.client.operation.duration." + "x" * 100

    assert near_names("http.server.durations", ["http.server.duration", "cpu.time"]) == ["http.server.duration"]
    assert near_names(long[:-1], ["cpu", long]) == [long]
    assert near_names("a", []) == []


def test_names_that_are_all_alike_take_little_time() -> None:
    """A thousand long names of two letters, the worst there are, are compared in well under the 20 s of all letters."""
    letters = random.Random(1)
    name, *names = ("".join(letters.choices("ab", k=199)) for _ in range(1_001))

    began = time.process_time()
    near_names(name, names)
    assert time.process_time() - began < 4
