import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from typer.testing import CliRunner, Result

from spanglass.cli.prices import app

FILE = {
    "version": "acme 7",
    "providers": {
        "acme": {
            "models": [
                {
                    "id": "road-runner",
                    "match": ["road-runner*"],
                    "prices": [
                        {"input": 1, "output": 2},
                        {
                            "from": "2026-03-01",
                            "input": [1.25, [200_000, 2.5]],
                            "output": 10,
                            "cache_read": 0.0000125,
                            "web_search": 35,
                        },
                        {"daily": ["22:00", "02:00"], "input": 0.5, "output": 1},
                    ],
                    "tiers": {"batch": [{"input": 0.625}], "flex": [{"from": "2027-01-01", "input": 1}]},
                    "not_counted": ["audio_seconds"],
                },
                {"id": "coyote [bold]", "prices": {"input": 0, "output": 0}},
            ]
        }
    },
}


@pytest.fixture
def prices_file(tmp_path: Path) -> str:
    """A price file of our own."""
    path = tmp_path / "acme.json"
    path.write_text(json.dumps(FILE))
    return str(path)


def run(*arguments: str) -> Result:
    """Run `spanglass prices` with a wide terminal and nothing configured."""
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "160", "SPANGLASS_PRICES_FILE": "", "TERM": "dumb"})


def plain(result: Result) -> str:
    """Return what was printed, without blanks at the ends of lines."""
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


def test_list_shows_rates_per_million(prices_file: str) -> None:
    """The list has a row a model, with today's exact rates and what else there is to know."""
    shown = plain(run("list", "--provider", "acme", "--prices-file", prices_file))

    assert "coyote [bold]" in shown
    assert shown.splitlines()[0] == snapshot(" model               input  output  cache read  cache write  besides")
    assert shown.splitlines()[-1].startswith("2 models, page 1 of 1. USD per million tokens. acme 7 over genai-prices ")


def test_list_pages_and_searches() -> None:
    """A page is a part of the whole, and a search finds names in any case."""
    everything = json.loads(run("list", "--json", "--limit", "10000").stdout)
    second = json.loads(run("list", "--json", "--limit", "2", "--page", "2").stdout)
    found = json.loads(run("list", "--json", "--provider", "gcp.gemini", "--search", "FLASH-lite").stdout)

    assert everything["total"] == len(everything["prices"]) > 2000
    assert second["prices"] == everything["prices"][2:4]
    assert {row["price_id"] for row in found["prices"]} >= {"google/gemini-2.5-flash-lite"}
    assert all("flash-lite" in row["price_id"] for row in found["prices"])


def test_show_says_all_there_is(prices_file: str) -> None:
    """A model's page has token tiers, service tiers that differ today, changes and what is not counted."""
    shown = plain(run("show", "acme/road-runner-2", "--at", "2026-11-21T12:00", "--prices-file", prices_file))

    assert shown == snapshot("""\
acme/road-runner  acme 7, at 2026-11-21 12:00 UTC
 rate              USD  over 200,000 input tokens  for a
 input            1.25                        2.5  million tokens
 output             10                         10  million tokens
 cache read  0.0000125                  0.0000125  million tokens
 web search         35                         35  thousand
batch
 rate              USD  for a
 input           0.625  million tokens
 output             10  million tokens
 cache read  0.0000125  million tokens
 web search         35  thousand
Price changes, of which the last that holds is used:
  otherwise: input 1, output 2
  from 2026-03-01: input 1.25 (over 200,000 tokens 2.5), output 10, cache read 0.0000125, web search 35
  daily 22:00 to 02:00 UTC: input 0.5, output 1
Also billed by what spanglass does not count: audio seconds.
""")


@pytest.mark.parametrize(
    ("at", "rate"),
    [
        ("2026-02-28T12:00", "1"),
        ("2026-03-01T12:00", "1.25"),
        ("2026-03-01", "0.5"),
        ("2026-03-01T23:30:00+01:00", "0.5"),
        ("2026-03-01T13:00:00-09:30", "0.5"),
    ],
)
def test_show_at_a_time(at: str, rate: str, prices_file: str) -> None:
    """`--at` takes a day or a time, in UTC unless it says otherwise, and shows the rates of then."""
    shown = json.loads(run("show", "acme/road-runner", "--at", at, "--json", "--prices-file", prices_file).stdout)

    assert shown["prices"][0]["standard"][0]["rates"]["input"] == rate


def test_show_json_is_exact(prices_file: str) -> None:
    """JSON has rates as exact decimal text and thresholds as numbers, changes included."""
    arguments = ("show", "acme/road-runner", "--at", "2026-11-21T12:00", "--json", "--prices-file", prices_file)

    assert json.loads(run(*arguments).stdout)["prices"] == snapshot(
        [
            {
                "price_id": "acme/road-runner",
                "table": "acme 7",
                "standard": [
                    {
                        "above_input_tokens": 0,
                        "rates": {"input": "1.25", "output": "10", "cache_read": "0.0000125", "web_search": "35"},
                    },
                    {
                        "above_input_tokens": 200000,
                        "rates": {"input": "2.5", "output": "10", "cache_read": "0.0000125", "web_search": "35"},
                    },
                ],
                "service_tiers": {
                    "batch": [
                        {
                            "above_input_tokens": 0,
                            "rates": {"input": "0.625", "output": "10", "cache_read": "0.0000125", "web_search": "35"},
                        }
                    ],
                    "flex": [
                        {
                            "above_input_tokens": 0,
                            "rates": {"input": "1.25", "output": "10", "cache_read": "0.0000125", "web_search": "35"},
                        },
                        {
                            "above_input_tokens": 200000,
                            "rates": {"input": "2.5", "output": "10", "cache_read": "0.0000125", "web_search": "35"},
                        },
                    ],
                },
                "not_counted": ["audio_seconds"],
                "changes": [
                    {"rates": {"input": "1", "output": "2"}},
                    {
                        "from": "2026-03-01",
                        "rates": {
                            "input": ["1.25", [200000, "2.5"]],
                            "output": "10",
                            "cache_read": "0.0000125",
                            "web_search": "35",
                        },
                    },
                    {"daily": ["22:00", "02:00"], "rates": {"input": "0.5", "output": "1"}},
                ],
            }
        ]
    )


def test_show_without_a_provider_shows_all_who_sell_it() -> None:
    """A bare model name shows every provider that lists it, the maker among them."""
    shown = json.loads(run("show", "gpt-4o", "--json").stdout)
    ids = [row["price_id"] for row in shown["prices"]]

    assert "openai/gpt-4o" in ids
    assert len(set(ids)) == len(ids) > 1


def test_show_knows_the_providers_other_names() -> None:
    """A provider may be named as on a span."""
    shown = json.loads(run("show", "gcp.vertex_ai/gemini-2.5-flash", "--json").stdout)

    assert [row["price_id"] for row in shown["prices"]] == ["google/gemini-2.5-flash"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "openai/gpt-of-tomorrow"), "no price is known"),
        (("show", "gpt-of-tomorrow"), "no price is known"),
        (("show", "openai/gpt-4o", "--at", "tomorrow"), "is not a day or a time"),
        (("list", "--provider", "nobody"), "there is none called 'nobody'"),
        (("list", "--limit", "0"), "--limit"),
        (("list", "--prices-file", "nowhere.json"), "The price file nowhere.json cannot be read"),
    ],
)
def test_what_cannot_be_shown_is_said(arguments: tuple[str, ...], complaint: str) -> None:
    """A wrong name, time or file ends with status 2 and says what is wrong, on standard error."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


@pytest.mark.parametrize("command", [(), ("list",), ("show",)])
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    """Each command's help shows how it is used."""
    assert "Example: spanglass prices" in plain(run(*command, "--help"))
