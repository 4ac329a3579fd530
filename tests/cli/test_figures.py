from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.cli.answer import Part, read
from spanglass.cli.figures import (
    bar,
    compact,
    dollars,
    duration,
    interval,
    money,
    money_in_full,
    percent,
    plural,
    sparkline,
    spend,
)
from spanglass.cli.text import ascii_document, document, headline, lines, seen, short
from spanglass.errors import ServerUnavailable


def cost(amount: str | None, *, calls: int = 1, unpriced: int = 0, estimated: str | None = None) -> Part:
    """A sum of costs as the API tells it."""
    return Part({"amount": amount, "calls": calls, "unpriced": unpriced, "estimated": estimated})


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "$0.00"),
        ("12.405", "$12.41"),
        ("1234567.8", "$1,234,567.80"),
        ("0.0995", "$0.10"),
        ("0.09949", "$0.099"),
        ("0.0042", "$0.0042"),
        ("0.00021", "$0.00021"),
        ("0.0000006", "$0.00000060"),
        ("0.000999", "$0.0010"),
        ("0.00000000000002", "< $0.000000000001"),
        ("-0.25", "-$0.25"),
        ("1E-7", "$0.00000010"),
    ],
)
def test_dollars(amount: str, said: str) -> None:
    """Dollars have cents, and small amounts the two digits that count, as in the UI."""
    assert dollars(Decimal(amount)) == said


@given(st.decimals(min_value=0, max_value=10**9, places=12))
def test_dollars_are_near_the_amount(amount: Decimal) -> None:
    """What is shown is never more than half of its last digit away from the exact amount."""
    text = dollars(amount)
    if text.startswith("<"):
        assert 0 < amount < Decimal("1E-12")
        return
    shown = Decimal(text.removeprefix("$").replace(",", ""))
    exponent = shown.as_tuple().exponent
    assert isinstance(exponent, int)
    assert abs(shown - amount) <= Decimal(1).scaleb(exponent) / 2


@pytest.mark.parametrize(
    ("told", "said", "in_full"),
    [
        (cost(None, calls=0), "-", "no priced calls"),
        (cost(None, calls=3, unpriced=3), "unpriced", "unpriced"),
        (cost("12.4", calls=100, unpriced=3), ">= $12.40", ">= $12.40, 3 % unpriced"),
        (cost("0.0042", estimated="0.0042"), "~$0.0042", "~$0.0042, estimated"),
        (cost("1", calls=9, estimated="0.25"), "~$1.00", "~$1.00, $0.25 of it estimated"),
        (cost("0.0042", estimated="0"), "$0.0042", "$0.0042"),
    ],
)
def test_money_says_how_it_is_known(told: Part, said: str, in_full: str) -> None:
    """A sum is a lower bound where calls are unpriced, about right where some are estimated, and never a made-up 0."""
    assert (money(told), money_in_full(told)) == (said, in_full)


def test_the_cost_of_one_call() -> None:
    """One call's cost is exact, about right, or the word `unpriced`."""
    states = [("computed", "0.5"), ("reported", "0.5"), ("estimated", "0.5"), ("unpriced", None), (None, None)]
    said = [spend(Part({"state": state, "amount": amount})) for state, amount in states]
    assert said == ["$0.50", "$0.50", "~$0.50", "unpriced", "-"]


def test_durations() -> None:
    """Durations are in the unit a person says."""
    values = [None, 0, 2e-7, 0.00024, 0.0022, 0.812, 1.42, 31.04, 59.96, 190, 3_599.6, 5_400, 200_000, -0.5]
    assert [duration(value) for value in values] == [
        "-",
        "0 ms",
        "1 µs",
        "240 µs",
        "2.2 ms",
        "812 ms",
        "1.42 s",
        "31.0 s",
        "1 m 0 s",
        "3 m 10 s",
        "1 h 0 m",
        "1 h 30 m",
        "2 d 7 h",
        "-500 ms",
    ]
    assert [interval(value) for value in (None, 0.5, 30, 90, 120, 7_200, 86_400)] == [
        "-",
        "0.5 s",
        "30 s",
        "90 s",
        "2 m",
        "2 h",
        "1 d",
    ]


def test_counts_and_shares() -> None:
    """Counts are short, and a share never rounds something to nothing, nor nearly all to all."""
    assert [compact(value) for value in (None, 0, 812, 999, 1_300, 24_100, 3_420_000, 2.5e9)] == [
        "-",
        "0",
        "812",
        "999",
        "1.3k",
        "24.1k",
        "3.42M",
        "2.5B",
    ]
    assert [percent(part, 10_000) for part in (0, 5, 150, 3_800, 9_995, 10_000)] == [
        "0 %",
        "< 0.1 %",
        "1.5 %",
        "38 %",
        "> 99.9 %",
        "100 %",
    ]
    assert (percent(1, 0), percent(None)) == ("-", "-")
    assert (plural(1, "call"), plural(2_000, "call"), plural(2, "retry", "retries")) == (
        "1 call",
        "2,000 calls",
        "2 retries",
    )


def test_bars() -> None:
    """The highest is a full bar, nothing is a blank, and what is not nothing has a mark."""
    assert sparkline([0, 1, 4, 8, None]) == " ▂▅█·"
    assert sparkline([]) == ""
    assert (bar(0, 4), bar(0.01, 4), bar(0.5, 4), bar(1.5, 4)) == ("", "▏", "██", "████")


@given(st.text(st.characters(), max_size=50))
def test_text_of_others_is_safe_and_whole(text: str) -> None:
    """Nothing that acts stays, what is harmless stays as it is, and all of it can be printed."""
    for made in (seen(text), headline(text), short(text), lines(text).replace("\n", "").replace("\t", "")):
        made.encode()
        assert all(character.isprintable() or character.isspace() for character in made if ord(character) < 0xA0)
        assert "\x1b" not in made
        assert "\u202e" not in made
    assert seen("naïve 日本語 👩 x") == "naïve 日本語 👩 x"
    assert lines("a\n\tb\x1b") == "a\n\tb\\u001b"
    assert seen("a\n\tb\r\U000e0041") == "a\\n\\tb\\r\\udb40\\udc41"


@given(
    st.recursive(
        st.none() | st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_document_says_the_same(value: object) -> None:
    """JSON with what would act, or all beyond ASCII, escaped is JSON of the same value."""
    import json  # noqa: PLC0415 - this alone needs it

    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(document(text)) == value
    assert json.loads(ascii_document(text)) == value
    assert ascii_document(text).isascii()


def test_ids_are_shortened_in_the_middle() -> None:
    """An id keeps its beginning and its end; a short one stays."""
    assert short("4bf92f3577b34da6a3ce929d0e0e4736") == "4bf92f…0e4736"
    assert short("session-12345") == "session-12345"


def test_answers_of_any_form_are_read() -> None:
    """What is absent or of another type is None, empty or false, and no number is too large."""
    part = read(b'{"a": 1e400, "b": true, "c": "x", "d": [1, {"e": "y"}], "f": "NaN", "g": "1E+999999", "h": 1'
                b'0000000000000000000000000000000000000000, "i": {"j": "1.50"}}', "http://x")  # fmt: skip
    assert [part.number(name) for name in "abcdz"] == [None] * 5
    assert [part.count(name) for name in "abcz"] == [None] * 4
    assert [part.amount(name) for name in "abcfgz"] == [None] * 6
    assert (part.text("a"), part.text("c"), part.texts("d"), part.parts("d")[0].text("e")) == (None, "x", (), "y")
    assert part.count("h") == 10**40
    assert part.part("i").amount("j") == Decimal("1.50")
    assert not part.part("a")
    for wrong in (b"[]", b"", b"\xff", b"[" * 100_000, b'{"a": ' + b"1" * 5_000 + b"}"):
        with pytest.raises(ServerUnavailable, match="no JSON"):
            read(wrong, "http://x")
