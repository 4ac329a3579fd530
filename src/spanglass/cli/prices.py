"""`spanglass prices`: what the price table says a model costs; it prices no call and changes no table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from spanglass.cost.match import table_provider
from spanglass.cost.model import Band, Entry, ModelPrices
from spanglass.cost.rates import KINDS, MILLION, Kind
from spanglass.cost.table import PriceTable
from spanglass.errors import ConfigurationError
from spanglass.settings import PRICES_FILE, Sources

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look into the price table.\n\nExample: [bold]spanglass prices show openai/gpt-4o[/bold]",
)

PricesFile = Annotated[Path | None, typer.Option("--prices-file", help=PRICES_FILE.help, envvar=PRICES_FILE.env)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; rates are exact decimals as text.")]


@app.command("list", epilog="Example: [bold]spanglass prices list --provider anthropic --search haiku[/bold]")
def list_prices(
    provider: Annotated[str | None, typer.Option(help="Only this provider's models.")] = None,
    search: Annotated[str | None, typer.Option(help="Only models with this text in their name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Models a page.")] = 50,
    page: Annotated[int, typer.Option(min=1, help="Which page.")] = 1,
    as_json: AsJson = False,
    prices_file: PricesFile = None,
) -> None:
    """List models with their rates of today, in USD per million tokens."""
    table = _table(prices_file)
    if provider is not None and table_provider(provider) not in table.providers():
        raise typer.BadParameter(f"there is none called {provider!r}; there are {', '.join(table.providers())}")
    sellers = table.providers() if provider is None else [provider]
    wanted = (search or "").lower()
    found = [row for seller in sellers for row in table.models(seller) if wanted in row.price_id.lower()]
    shown = found[(page - 1) * limit : page * limit]
    now = _nanoseconds(datetime.now(UTC))
    if as_json:
        _print_json(
            {
                "table": table.version,
                "total": len(found),
                "page": page,
                "prices": [_described(row, now) for row in shown],
            }
        )
        return
    columns = [kind for kind in KINDS if kind.name in {"input", "output", "cache_read", "cache_write"}]
    longest = max((len(row.price_id) for row in shown), default=0)
    name = Column("model", no_wrap=True, min_width=longest)
    grid = Table(name, *(kind.label for kind in columns), "besides", box=None, header_style="bold")
    for row in shown:
        base = row.bands(at_ns=now, service_tier=None)[-1].figures
        grid.add_row(escape(row.price_id), *(_text(base.get(kind.name)) for kind in columns), _besides(row, now))
    _console().print(grid)
    pages = -(-len(found) // limit)
    _console().print(f"{len(found)} models, page {page} of {pages}. USD per million tokens. {escape(table.version)}")


@app.command("show", epilog="Example: [bold]spanglass prices show openai/gpt-5 --at 2026-01-31[/bold]")
def show(
    model: Annotated[str, typer.Argument(help="PROVIDER/MODEL, or MODEL to see everybody who sells it.")],
    at: Annotated[str | None, typer.Option(help="A day, or a time in UTC: 2026-01-31 or 2026-01-31T14:00.")] = None,
    as_json: AsJson = False,
    prices_file: PricesFile = None,
) -> None:
    """Show every rate of a model: token tiers, cache, audio, service tiers and price changes."""
    moment = _moment(at)
    table = _table(prices_file)
    found = _named(table, model)
    if not found:
        raise typer.BadParameter(
            f"no price is known for {model!r}; try `spanglass prices list --search`, or give it one in a price file"
        )
    at_ns = _nanoseconds(moment)
    if as_json:
        described = [
            {**_described(row, at_ns), "changes": [_json_entry(entry) for entry in _changes(row)]} for row in found
        ]
        _print_json({"table": table.version, "at": moment.isoformat(), "prices": described})
        return
    for row in found:
        _show(row, moment)


def _table(prices_file: Path | None) -> PriceTable:
    try:
        return PriceTable.load(Sources.load().get(PRICES_FILE, None if prices_file is None else str(prices_file)))
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _named(table: PriceTable, name: str) -> list[ModelPrices]:
    """Return what a name means: one provider's model, or all models of that very name."""
    provider, slash, model = name.partition("/")
    if slash and table_provider(provider) in table.providers():
        row = table.find(provider, [model])
        return [] if row is None else [row]
    rows = ((seller, table.find(seller, [name])) for seller in table.providers())
    return [row for seller, row in rows if row is not None and row.provider == seller]


def _moment(at: str | None) -> datetime:
    if at is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise typer.BadParameter(f"{at!r} is not a day or a time such as 2026-01-31 or 2026-01-31T14:00") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def _described(row: ModelPrices, at_ns: int) -> dict[str, object]:
    standard = _json_bands(row.bands(at_ns=at_ns, service_tier=None))
    tiers = {tier: _json_bands(row.bands(at_ns=at_ns, service_tier=tier)) for tier in row.service_tiers}
    return {
        "price_id": row.price_id,
        "table": row.table,
        "standard": standard,
        "service_tiers": tiers,
        "not_counted": row.row.get("not_counted", []),
    }


def _changes(row: ModelPrices) -> list[Entry]:
    prices = row.row["prices"]
    return prices if isinstance(prices, list) else []


def _json_bands(bands: Iterable[Band]) -> list[dict[str, object]]:
    return [{"above_input_tokens": max(band.above, 0), "rates": dict(band.figures)} for band in reversed(tuple(bands))]


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, indent=2, default=_text))


def _text(value: object) -> str:
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def _besides(row: ModelPrices, at_ns: int) -> str:
    said = []
    if len(row.bands(at_ns=at_ns, service_tier=None)) > 1:
        said.append("token tiers")
    if isinstance(row.row["prices"], list):
        said.append("dated")
    said += row.service_tiers
    return ", ".join(map(escape, said))


def _show(row: ModelPrices, moment: datetime) -> None:
    console = _console()
    at_ns = _nanoseconds(moment)
    console.print(f"[bold]{escape(row.price_id)}[/bold]  {escape(row.table)}, at {moment:%Y-%m-%d %H:%M} UTC")
    console.print(_grid(row.bands(at_ns=at_ns, service_tier=None)))
    for tier in row.service_tiers:
        bands = row.bands(at_ns=at_ns, service_tier=tier)
        if bands != row.bands(at_ns=at_ns, service_tier=None):
            console.print(f"[bold]{escape(tier)}[/bold]")
            console.print(_grid(bands))
    if changes := _changes(row):
        console.print("Price changes, of which the last that holds is used:")
    for entry in changes:
        rates = ", ".join(f"{kind.label} {_figure(entry[kind.name])}" for kind in KINDS if kind.name in entry)
        console.print(f"  {_when(entry)}: {rates}")
    if others := row.row.get("not_counted"):
        console.print(f"Also billed by what spanglass does not count: {escape(', '.join(others).replace('_', ' '))}.")
    console.print()


def _grid(bands: Sequence[Band]) -> Table:
    rising = bands[::-1]
    grid = Table(box=None, header_style="bold")
    grid.add_column("rate")
    for band in rising:
        grid.add_column(f"over {band.above:,} input tokens" if band.above >= 0 else "USD", justify="right")
    grid.add_column("for a")
    for kind in KINDS:
        if any(kind.name in band.figures for band in rising):
            grid.add_row(kind.label, *(_text(band.figures.get(kind.name)) for band in rising), _unit(kind))
    return grid


def _unit(kind: Kind) -> str:
    return "million tokens" if kind.per == MILLION else "thousand"


def _when(entry: Entry) -> str:
    said = [f"from {entry['from']}"] if "from" in entry else []
    hours = entry.get("daily")
    said += [f"daily {' to '.join(map(str, hours))} UTC"] if isinstance(hours, list) else []
    return " ".join(said) or "otherwise"


def _figure(value: object) -> str:
    if not isinstance(value, list):
        return _text(value)
    base, *tiers = value
    return _text(base) + "".join(f" (over {above:,} tokens {_text(rate)})" for above, rate in tiers)


def _json_entry(entry: Entry) -> dict[str, object]:
    times = {name: entry[name] for name in ("from", "daily") if name in entry}
    return {**times, "rates": {kind.name: _exact(entry[kind.name]) for kind in KINDS if kind.name in entry}}


def _exact(value: object) -> object:
    """Return a figure with its rates as text and its thresholds as numbers."""
    if not isinstance(value, list):
        return _text(value)
    base, *tiers = value
    return [_text(base), *([above, _text(rate)] for above, rate in tiers)]


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
