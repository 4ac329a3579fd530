"""What a store says it committed, span by span: whoever counts calls counts these."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.conftest import Opener
from records import batch, call, span
from spanglass.server.record import Signal, StoredSpan
from spanglass.server.store.protocol import Store


def ids(kept: Sequence[StoredSpan]) -> list[int]:
    """Return the numbers of spans, sorted."""
    return sorted(int(stored.span.span_id, 16) for stored in kept)


def test_all_spans_of_new_batches_are_kept(store: Store) -> None:
    """As they were handed over, one by one."""
    spans = [span(1, 1), call(1, 2, 1), span(2, 3)]

    written = store.write([batch(*spans[:2]), batch(spans[2])])

    assert ids(written.kept) == [1, 2, 3]
    assert all(any(kept is one for one in spans) for kept in written.kept)


def test_a_batch_sent_again_keeps_nothing(reopen: Opener) -> None:
    """Neither beside itself, nor later, nor after a restart."""
    once = batch(span(1, 1), call(1, 2, 1))
    store = reopen()

    assert ids(store.write([once, once]).kept) == [1, 2]
    assert ids(store.write([once]).kept) == []
    assert ids(reopen().write([once, batch(span(2, 3))]).kept) == [3]


def test_a_span_sent_again_in_another_batch_is_kept_once(store: Store, can: Callable[[str], bool]) -> None:
    """Where the engine recognises it; elsewhere as often as it is counted as stored."""
    spans = [call(1, number, at=number) for number in range(6)]
    store.write([batch(*spans[:4])])

    written = store.write([batch(*spans[2:]), batch(*spans[1:3], *spans[5:])])

    assert ids(written.kept) == ([4, 5] if can("count_resent_spans") else [1, 2, 2, 3, 4, 5, 5])
    assert len(written.kept) == written.stored[Signal.TRACES]
