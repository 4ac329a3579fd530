"""How statements are written for ClickHouse; what it answers is the contract suite's matter."""

import pytest

from spanglass.errors import QueryError
from spanglass.server.store.clickhouse import typed_parameters
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
    assert typed_parameters("SELECT $one, $one", {"one": value}) == f"SELECT {{one:{kind}}}, {{one:{kind}}}"


def test_names_are_taken_whole() -> None:
    """A name that begins like another is its own."""
    assert typed_parameters("$key_1 $key_10", {"key_1": 1, "key_10": "x"}) == "{key_1:Int64} {key_10:String}"


def test_a_parameter_without_a_value_is_said() -> None:
    """The asker forgot one."""
    with pytest.raises(QueryError, match=r"no value is given for \$two"):
        typed_parameters("SELECT $one, $two", {"one": 1})
