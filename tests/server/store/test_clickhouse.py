"""How statements are written for ClickHouse; what it answers is the contract suite's matter."""

import pytest

from spanglass.errors import QueryError
from spanglass.server.store.clickhouse import with_parameters
from spanglass.server.store.protocol import Parameter


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("text", "String"),
        (7, "Int64"),
        (0.5, "Float64"),
        (True, "Bool"),
        (None, "Nullable(String)"),
        (["a", "b"], "Array(String)"),
    ],
)
def test_a_parameter_has_the_type_of_its_value(value: Parameter, kind: str) -> None:
    """ClickHouse wants the type beside the name; a boolean is no integer."""
    written = with_parameters("SELECT $one, $one", {"one": value})

    assert written == (f"SELECT {{one:{kind}}}, {{one:{kind}}}", {"one": value})


def test_names_are_taken_whole() -> None:
    """A name that begins like another is its own."""
    values: dict[str, Parameter] = {"key_1": 1, "key_10": "x"}

    assert with_parameters("$key_1 $key_10", values) == ("{key_1:Int64} {key_10:String}", values)


def test_a_parameter_without_a_value_is_said() -> None:
    """The asker forgot one."""
    with pytest.raises(QueryError, match=r"no value is given for \$two"):
        with_parameters("SELECT $one, $two", {"one": 1})


def test_a_list_too_long_for_a_request_is_written_out() -> None:
    """It is quoted, and what looks like a parameter in it is none; the others go beside the text."""
    values = ["$other {other:String}", "o'clock \\", "x" * 100_000]

    sql, beside = with_parameters("SELECT $many, $other", {"many": values, "other": "y"})

    assert sql == f"SELECT ['$other {{other:String}}','o\\'clock \\\\','{'x' * 100_000}'], {{other:String}}"
    assert beside == {"other": "y"}
