import hashlib
import json
import re
import runpy
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cost import peer
from parts import ROOT
from spanglass.call import Cost, CostState, Usage
from spanglass.cost.form import LARGEST_BYTES, sellers_of
from spanglass.cost.layer import BUILTIN, BuiltinLayer
from spanglass.cost.model import ModelPrices
from spanglass.cost.price import price
from spanglass.cost.rates import KINDS
from spanglass.cost.table import LONGEST_NAME, PriceTable
from spanglass.errors import PriceTableError

AT = 1_795_262_400 * 10**9  # 2026-11-21T12:00Z
USED = Usage(input_tokens=1000, output_tokens=1000)
OURS = {
    "version": "acme 7",
    "providers": {
        "ollama": {"models": [{"id": "any", "match": ["*llama*", "qwen*"], "prices": {"input": 0, "output": 0}}]},
        "azure.ai.openai": {
            "models": [{"id": "gpt-4o", "match": ["our-deployment"], "prices": {"input": 2.75, "output": 11}}]
        },
        "openai": {
            "models": [
                {
                    "id": "gpt-4o-mini",
                    "match": ["GPT-4o-mini*"],
                    "prices": [
                        {"input": 1, "output": 2},
                        {"from": "2026-11-21", "input": [3, [500, 5]], "output": 7, "request": 1.5},
                        {"daily": ["22:00", "02:00"], "input": 0.5, "output": 0.25},
                    ],
                    "tiers": {"Batch": [{"input": 0.1}, {"from": "2026-12-01", "input": 0.2, "output": 0.3}]},
                }
            ]
        },
    },
}


@pytest.fixture
def table(tmp_path: Path) -> PriceTable:
    """The built-in table with our file on top."""
    return PriceTable.load(written(tmp_path, json.dumps(OURS)))


def written(folder: Path, text: str) -> Path:
    """Return a price file with this text."""
    path = folder / "prices.json"
    path.write_text(text)
    return path


def cost_of(table: PriceTable, provider: str, *models: str, at_ns: int = AT, tier: str | None = None) -> Cost:
    """Price a thousand tokens in and out."""
    return price(USED, provider=provider, models=models, at_ns=at_ns, service_tier=tier, table=table)


# The built-in table


def test_the_builtin_table_has_every_model_of_its_source() -> None:
    """Every provider and model of the package is there, in its order."""
    table = PriceTable.builtin()

    assert table.providers() == sorted(peer.PROVIDERS)
    for name, provider in peer.PROVIDERS.items():
        assert [row.id for row in table.models(name)] == [model.id for model in provider.models]


def test_the_builtin_table_has_the_documented_form() -> None:
    """What we ship would be accepted as a price file, read whole or provider by provider."""
    document = json.loads(BUILTIN.read_text(encoding="utf-8"), parse_float=Decimal)
    checked, layer = sellers_of(document), BuiltinLayer()

    assert list(checked) == list(layer.providers()) == list(document["providers"])
    for provider in layer.providers():
        assert layer.seller(provider) == document["providers"][provider]


def test_the_builtin_table_says_where_it_is_from() -> None:
    """The version names the package, its release and the day; the licence of the figures is said in the file."""
    assert re.fullmatch(r"genai-prices \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", PriceTable.builtin().version)
    assert "MIT" in BUILTIN.read_text(encoding="utf-8").partition("\n")[0]


def test_importing_reads_nothing_and_a_lookup_one_provider() -> None:
    """Until the first lookup no file is opened; then only the provider asked for is parsed."""
    layer = BuiltinLayer()
    layer.find("openai", "gpt-4o")
    script = """
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
import spanglass.cost.price
print([path for path in opened if path.endswith("prices.json")], {"genai_prices", "typer", "rich"} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert list(layer._sellers) == ["openai"]
    assert (ran.stdout, ran.stderr) == ("[] set()\n", "")


def test_the_builtin_table_is_one_object() -> None:
    """Everybody shares one table, and no path means that one."""
    assert PriceTable.load(None) is PriceTable.builtin() is PriceTable.builtin()


def test_a_lookup_is_remembered_and_long_names_are_not() -> None:
    """The second lookup of a name returns the same row; a name beyond the limit is not kept."""
    table = PriceTable([BuiltinLayer()])

    assert table.find("openai", ["gpt-4o"]) is table.find("openai", ["gpt-4o"])
    assert table.find("openai", ["g" * (LONGEST_NAME + 1)]) is None
    assert table._find.cache_info().currsize == 2


# A price file


def test_a_files_prices_win(table: PriceTable) -> None:
    """An entry of the file is used instead of the built-in one, and the cost names the file's version."""
    cost = cost_of(table, "openai", "gpt-4o-mini-2024-07-18", at_ns=AT - 86_400 * 10**9)

    assert (cost.amount, cost.price_id, cost.table) == (Decimal("0.003"), "openai/gpt-4o-mini", "acme 7")
    assert cost.state is CostState.COMPUTED


def test_what_a_file_leaves_out_stays(table: PriceTable) -> None:
    """A model that the file does not name keeps the built-in price and version."""
    assert cost_of(table, "openai", "gpt-4o") == cost_of(PriceTable.builtin(), "openai", "gpt-4o")
    assert table.version == f"acme 7 over {PriceTable.builtin().version}"


def test_local_models_are_free_when_the_file_says_so(table: PriceTable) -> None:
    """A local model costs 0 by the file, and nothing known without it."""
    assert cost_of(table, "ollama", "llama3.2:1b").amount == 0
    assert cost_of(table, "ollama", "mistral").state is CostState.UNPRICED
    assert cost_of(PriceTable.builtin(), "ollama", "llama3.2:1b").state is CostState.UNPRICED


def test_a_deployments_name_can_be_priced(table: PriceTable) -> None:
    """A name that only the request has wins by the file over a response model that the built-in table knows."""
    cost = cost_of(table, "azure.ai.openai", "gpt-4o-2024-08-06", "our-deployment")

    assert (cost.price_id, cost.amount) == ("azure/gpt-4o", Decimal("0.01375"))


def test_a_file_can_say_all_that_the_table_can(table: PriceTable) -> None:
    """Dates, hours across midnight, token tiers, fees and service tiers work from a file."""
    day = 86_400 * 10**9
    midnight = AT // day * day

    def amount(at_ns: int, tier: str | None = None) -> str:
        return str(cost_of(table, "openai", "gpt-4o-mini", at_ns=at_ns, tier=tier).amount)

    assert amount(midnight - 3 * day + day // 2) == "0.003"  # before the first day
    assert amount(AT) == "0.0135"  # 5 and 7 a million, and a request
    assert amount(midnight + 2 * 3600 * 10**9 - 1) == "0.00075"  # at night
    assert amount(midnight + 2 * 3600 * 10**9) == "0.0135"
    assert amount(midnight + 22 * 3600 * 10**9) == "0.00075"
    assert amount(AT, "batch") == "0.0086"  # only input is cheaper
    assert amount(AT + 30 * day, "BATCH") == "0.002"


def test_a_file_without_a_version_is_known_by_its_content(tmp_path: Path) -> None:
    """Its name and digest say which prices a cost was computed with."""
    text = '{"providers": {}}'
    table = PriceTable.load(written(tmp_path, text))

    assert table.version.startswith(f"prices.json sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]} over ")


def test_everything_in_the_table_can_be_listed(table: PriceTable) -> None:
    """A file's providers are listed with the built-in ones, its rows first."""
    rows: list[ModelPrices] = table.models("openai")

    assert set(table.providers()) == {*PriceTable.builtin().providers(), "ollama"}
    assert [row.table for row in rows][:2] == ["acme 7", PriceTable.builtin().version]
    assert rows[0].service_tiers == ("batch",)


def test_the_documented_file_works_and_every_rate_is_documented(tmp_path: Path) -> None:
    """The example in docs/cost.md loads and prices as the page says, and the page names every rate."""
    page = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    example = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert example is not None
    table = PriceTable.load(written(tmp_path, example[1]))

    assert cost_of(table, "ollama", "whatever:7b").amount == 0
    assert cost_of(table, "openai", "gpt-4o-2024-08-06").amount == Decimal("0.01125")
    assert cost_of(table, "azure", "our-eu-deployment").amount == Decimal("0.01375")
    assert [kind.name for kind in KINDS if f"`{kind.name}`" not in page] == []


# A price file that is none


def model_with(**row: object) -> str:
    """Return a price file with one model."""
    return json.dumps({"providers": {"p": {"models": [{"id": "m", "prices": {"input": 1}, **row}]}}})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[]", "the document must be an object in braces"),
        ("{}", "providers must be an object in braces"),
        ('{"providers": {}, "model": 1}', "the document has the unknown key 'model'"),
        ('{"version": 1, "providers": {}}', "version must be text"),
        ('{"providers": {"a": {}, "a": {}}}', "the key 'a' appears twice in one object"),
        ('{"providers": {"xai": {}, "x_ai": {}}}', "providers.x_ai names x-ai a second time"),
        ('{"providers": {"a": {"models": {}}}}', "providers.a.models must be a list in brackets"),
        ('{"providers": {"a": {"models": [{"prices": {}}]}}}', "providers.a.models[0].id must be text and not empty"),
        (model_with(price={}), "providers.p.models[0] has the unknown key 'price'; known are id, match"),
        (model_with(prices=None), "providers.p.models[0].prices must be an object in braces"),
        (model_with(prices=[]), "providers.p.models[0].prices needs at least one entry"),
        (model_with(prices={"inptu": 1}), "has the unknown key 'inptu'; known are cache_read"),
        (model_with(prices={"input": "1"}), "prices.input must be a number from 0"),
        (model_with(prices={"input": True}), "prices.input must be a number from 0"),
        (model_with(prices={"input": -1}), "prices.input must be a number from 0"),
        (model_with(prices={"input": float("nan")}), "NaN is not a price"),
        (model_with(prices={"input": 10**12}), "prices.input must be a number from 0"),
        (model_with(prices={"input": 1e-30}), "prices.input must be a number from 0"),
        (model_with(prices={"cache_read": 1}), "has cache_read but not input"),
        (model_with(prices={"input": []}), "must be a rate, or a list"),
        (model_with(prices={"input": [1, [5, 2], [5, 3]]}), "tokens whole and rising"),
        (model_with(prices={"input": [1, 2]}), "[tokens, rate] pairs"),
        (model_with(prices={"input": 1, "from": "soon"}), "must be a date such as 2026-03-13"),
        (model_with(prices={"input": 1, "daily": ["1:00", "2:00"]}), 'must be a time in UTC such as "16:30"'),
        (model_with(prices={"input": 1, "daily": ["01:00"]}), "must be two times in UTC"),
        (model_with(match="gpt"), "match must be a list in brackets"),
        (model_with(match=[""]), "match must be names such as"),
        (model_with(match=[{"regex": "("}]), "match must be a regular expression"),
        (model_with(match=[{"like": "x"}]), "match must be names such as"),
        (model_with(tiers={"batch": {"input": 1}}), "tiers.batch must be a list in brackets"),
        ("[" * 100_000, "recursion"),
        ('{"providers": ' + "9" * 5000 + "}", "integer string conversion"),
        (" " * (LARGEST_BYTES + 1), "is over 4194304 bytes"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(text: str, complaint: str, tmp_path: Path) -> None:
    """A file that is not in the form is refused, and the message says where, what and how it should be."""
    path = written(tmp_path, text)

    with pytest.raises(PriceTableError) as refused:
        PriceTable.load(path)

    assert complaint in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing file and a folder are named, with the setting to correct."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(PriceTableError, match=r"cannot be read .*correct SPANGLASS_PRICES_FILE"):
            PriceTable.load(path)


def test_the_generator_notices_a_stale_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`scripts/prices.py --check` passes on the committed table and fails on another, which it leaves alone."""
    stale = written(tmp_path, BUILTIN.read_text(encoding="utf-8").replace('"input":2.5', '"input":2.6', 1))
    before = stale.read_bytes()
    monkeypatch.setattr("sys.argv", ["prices.py", "--check"])

    def check() -> object:
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(ROOT / "scripts" / "prices.py"), run_name="__main__")
        return left.value.code

    assert check() == 0
    monkeypatch.setattr("spanglass.cost.layer.BUILTIN", stale)
    assert check() == 1
    assert "run scripts/prices.py" in capsys.readouterr().err
    assert stale.read_bytes() == before
