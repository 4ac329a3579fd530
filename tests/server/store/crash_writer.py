"""A process of its own that writes batches and says which are kept; its test kills it, or takes its disk away."""

import resource
import sys
from itertools import count
from pathlib import Path

from records import batch, log, span
from spanglass.errors import StoreUnavailable
from spanglass.server.store.duckdb import DuckDBStore

SPANS = 40


def say(line: str) -> None:
    """Tell the test, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(directory: str, first: str, largest_file: str) -> None:
    """Write until killed, or until the file cannot grow and then once more; say each batch's number once it is kept."""
    if int(largest_file):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest_file), resource.RLIM_INFINITY))
    store = DuckDBStore(Path(directory))
    say("open")
    for number in count(int(first)):
        content = {"content": f"{number}-" * 500}
        spans = [span(number, place, at=number, attributes=content) for place in range(SPANS)]
        try:
            written = store.write([batch(*spans, logs=(log(trace=number),))])
        except StoreUnavailable as error:
            say(f"failed: {error}")
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            store.write([batch(*spans, logs=(log(trace=number),))])
            say(str(number))
            return
        assert sum(written.stored.values()) == SPANS + 1
        say(str(number))


if __name__ == "__main__":
    main(*sys.argv[1:])
