"""The demo's two processes, `python -m spanglass.standin provider|chatbot`; both end when their standard input does."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress

_TOKENS_PER_EVENT = 4  # fewer, larger events: the demo shares a small machine with the server


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="python -m spanglass.standin", description=__doc__)
    parser.add_argument("role", choices=("provider", "chatbot"))
    parser.add_argument("--base-url", default="", help="where the chatbot finds the provider")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than life")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us by closing our input
    if arguments.role == "provider":
        _provider(arguments.speed)
    else:
        _chatbot(arguments.base_url, arguments.speed)


def _provider(speed: float) -> None:
    from spanglass.standin.provider import create_app  # noqa: PLC0415 - each process loads only what it needs
    from spanglass.standin.script import load  # noqa: PLC0415
    from spanglass.standin.serve import Standin  # noqa: PLC0415

    standin = Standin(create_app(replies=load().replies, speed=speed, tokens_per_event=_TOKENS_PER_EVENT))
    _when_input_ends(standin.stop)
    print(standin.base_url, flush=True)  # noqa: T201 - the parent reads it
    standin.run()


def _chatbot(base_url: str, speed: float) -> None:
    from spanglass.sdk.runtime import init  # noqa: PLC0415 - likewise
    from spanglass.standin import chatbot  # noqa: PLC0415

    init(service_name=chatbot.SERVICE_NAME, service_version="1.4.0", environment="demo")
    log = logging.getLogger("skipper")
    log.setLevel(logging.INFO)
    log.addHandler(logging.NullHandler())  # what goes wrong on purpose is for the page, not for the terminal
    asyncio.run(_until_input_ends(chatbot.run(base_url, speed=speed)))


async def _until_input_ends(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()

    def end() -> None:
        # The receiver ends with the parent: that the last spans find nobody there is no news.
        logging.getLogger("spanglass").setLevel(logging.CRITICAL)
        loop.call_soon_threadsafe(task.cancel)

    _when_input_ends(end)
    with suppress(asyncio.CancelledError):
        await task


def _when_input_ends(act: Callable[[], object]) -> None:
    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        act()

    threading.Thread(target=watch, name="spanglass-parent-watch", daemon=True).start()


if __name__ == "__main__":
    main()
