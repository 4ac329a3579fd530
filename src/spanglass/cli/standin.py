"""`spanglass standin`: a stand-in for OpenAI on this machine, to try an application without a key or a bill."""

from __future__ import annotations

import json
import math
from typing import Annotated

import typer

from spanglass.cli.extras import STANDIN, require

app = typer.Typer()


@app.command(
    epilog="Example: spanglass standin --port 8080, then OPENAI_BASE_URL=http://127.0.0.1:8080/v1 python app.py"
)
def standin(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 lets the system choose.")] = 8080,
    speed: Annotated[float, typer.Option(min=0.01, help="1 takes as long as a real provider, 10 a tenth of it.")] = 1.0,
    at_once: Annotated[bool, typer.Option("--at-once", help="Answer without any wait, whatever --speed says.")] = False,
    seed: Annotated[int | None, typer.Option(help="Repeat the same answers, waits and identifiers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON.")] = False,
    scenarios: Annotated[bool, typer.Option("--scenarios", help="List what can be asked to happen, and exit.")] = False,
) -> None:
    """Stand in for the OpenAI API: chat completions, responses and embeddings, streamed or not.

    Answers are made up, and their usage agrees with them.
    The header x-standin-scenario asks for more: a rate limit, a cut stream, cached tokens, ...
    So does the model name standin-SCENARIO. --scenarios lists them all.
    """
    from spanglass.standin.scenario import HEADER, MEANINGS  # noqa: PLC0415 - `--help` needs nothing of this

    if scenarios:
        for name, meaning in MEANINGS.items():
            takes = f" Number: {meaning.number}." if meaning.number else ""
            typer.echo(f"{name:<16} {meaning.text}{takes}")
        return
    require("standin", "server", STANDIN)
    from spanglass.standin.provider import create_app  # noqa: PLC0415 - likewise
    from spanglass.standin.serve import Standin  # noqa: PLC0415 - `--help` needs none of it

    provider = Standin(create_app(speed=math.inf if at_once else speed, seed=seed), port=port)
    if as_json:
        typer.echo(json.dumps({"base_url": provider.base_url}))
    else:
        typer.echo(f"The stand-in for OpenAI listens. Any key will do.\n\n  OPENAI_BASE_URL={provider.base_url}")
        typer.echo(f"  OPENAI_API_KEY=any\n\nHeader {HEADER} asks for more: spanglass standin --scenarios")
        typer.echo("Stop with Ctrl-C.")
    provider.run()
