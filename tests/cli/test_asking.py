import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator

import pytest
from inline_snapshot import snapshot

from asked import FROM, HOSTILE, TO, asked, shop_server
from spanglass.server.app import Addresses
from started import SPANGLASS, clean_environment

RANGE = ("--from", FROM, "--to", TO)
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A server that was told about the shop."""
    with shop_server(tmp_path_factory.mktemp("shop")) as addresses:
        yield addresses


def test_traces_is_a_table(shop: Addresses) -> None:
    """Traces are listed newest first, with durations and money as people say them, in 80 columns."""
    ran = asked(shop.ui, "traces", *RANGE)
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert ran.out == snapshot("""\
time              trace          name                  duration  calls      cost
9 Oct 2025 08:56  000000…000004  \\u001b[31mred\\u001b…  1 m 15 s      0         -
9 Oct 2025 08:55  000000…000003  ✗ chat gpt-4o           100 ms      1   $0.0035
9 Oct 2025 08:54  000000…000002  chat tern-8b            250 ms      1  unpriced
9 Oct 2025 08:53  000000…000001  POST /chat              4.00 s      2  $0.00057

See one: spanglass trace 000000…000004\
""")


def test_a_wide_terminal_shows_more(shop: Addresses) -> None:
    """Where there is room there are more columns, and a file gets whole ids and uncut names."""
    assert asked(shop.ui, "traces", *RANGE, "--user", "ann", columns=110).out == snapshot("""\
time              trace          name        service  duration  first token  calls  tokens      cost
9 Oct 2025 08:53  000000…000001  POST /chat  shop       4.00 s       500 ms      2    3.2k  $0.00057

See one: spanglass trace 000000…000001\
""")
    filed = asked(shop.ui, "traces", *RANGE, columns=None).out
    assert f"{1:08x}{0:016x}{1:08x}" in filed
    assert "…" in filed  # a name of more than 300 characters
    assert len(filed.splitlines()[1]) > 300


@pytest.mark.parametrize("columns", [0, 1, 19])
def test_no_width_is_too_narrow(shop: Addresses, columns: int) -> None:
    """A width of 0 is none; a terminal of a few columns shows the beginnings, and nothing fails."""
    ran = asked(shop.ui, "traces", *RANGE, columns=columns)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("time")
    assert (f"{1:08x}{0:016x}{1:08x}" in ran.out) == (columns == 0)


def test_a_trace_is_a_tree_over_time(shop: Addresses) -> None:
    """A trace shows where its time went, its spans as a tree with bars, and what failed."""
    assert asked(shop.ui, "trace", f"{1:08x}{0:016x}{1:08x}").out == snapshot("""\
Trace 00000001000000000000000000000001
Start     9 Oct 2025, 08:53:20.000 UTC
Duration  4.00 s
Spans     5, 2 model calls
Cost      $0.00057
Tokens    3k in, 200 out

Where the time went
LLM    78 %  3.10 s  ███████████████████
Tool   12 %  500 ms  ███
Agent   5 %  200 ms  █
Other   5 %  200 ms  █

span                             work                         duration      cost
POST /chat                       Other  ████████████████████    4.00 s
└─ invoke_agent clerk            Agent  ████████████████████    3.80 s
   ├─ chat gpt-4o-mini           LLM     ▒▒████████             2.00 s  $0.00021
   ├─ ✗ execute_tool find_shoes  Tool              ███          500 ms
   └─ chat gpt-4o-mini           LLM                 ██████     1.10 s  $0.00036

What failed
execute_tool find_shoes: no shelf 7\
""")


@pytest.mark.parametrize(
    "shortened", ["00000001", "000000…000001", "000000...000001", "000000?000001", f"{1:08X}{0:016X}{1:08X}"]
)
def test_a_shortened_id_is_looked_for(shop: Addresses, shortened: str) -> None:
    """An id as a list shows it, or its beginning, opens the one trace that has it."""
    ran = asked(shop.ui, "trace", shortened, "--since", "99999d")
    assert ran.out.splitlines()[0] == "Trace 00000001000000000000000000000001"


def test_a_shortened_id_of_none_or_several_is_refused(shop: Addresses) -> None:
    """What fits no trace is exit code 1, what fits several or is no id is 2; each says what to do."""
    none, several, wrong = (asked(shop.ui, "trace", given, "--since", "99999d") for given in ("abcdef", "0000", "zz"))
    assert (none.code, several.code, wrong.code) == (1, 2, 2)
    assert none.err == snapshot(
        "spanglass: No trace since 99999d has an id like abcdef; look further back with --since, or write it whole.\n"
    )
    assert several.err.startswith("spanglass: Several traces have an id like 0000, such as 00000004000000000000000000")
    assert wrong.err == snapshot(
        "spanglass: 'zz' is no trace id; one has 32 hex digits, or is shortened as in a list.\n"
    )


def test_overview_sums(shop: Addresses) -> None:
    """The overview says what is known of the cost, how much of it is not, and sums by model."""
    assert asked(shop.ui, "overview", *RANGE).out == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

Calls        4
Errors       1, 25 % of calls
Cost         >= $0.0041, 25 % unpriced
Tokens       5k in, 400 out
Duration     p50 249 ms, p95 1.99 s, p99 1.99 s
First token  p50 498 ms, p95 498 ms, p99 498 ms

Over time, 15 s a bar
Calls       █   ▅   ▅
Errors              █
Cost        ▂       █
p95         █   ▂   ▁

By model
model        provider  calls  errors     p50     p95  first token      cost
gpt-4o-mini  openai        2       0  1.11 s  1.99 s       498 ms  $0.00057
gpt-4o       openai        1       1  100 ms  100 ms            -   $0.0035
tern-8b      openai        1       0  249 ms  249 ms            -  unpriced\
""")


def test_sources_teach_where_there_are_none(shop: Addresses) -> None:
    """Where no process reported of itself, it says what would."""
    assert asked(shop.ui, "sources", *RANGE).out == snapshot("""\
No process reported of itself in this range; the SDK's own metrics are what is
read here.
Look further back, as with --since 30d. If nothing was ever sent, spanglass
doctor finds out why.\
""")


def test_nothing_found_teaches(shop: Addresses) -> None:
    """An empty answer says which filters to leave out, or how to look further back."""
    assert asked(shop.ui, "traces", *RANGE, "--user", "nobody").out == snapshot("""\
No traces that fit in this range.
Leave out --user, or look further back, as with --since 30d.\
""")
    assert asked(shop.ui, "traces").out == snapshot("""\
No traces in this range.
Look further back, as with --since 30d. If nothing was ever sent, spanglass
doctor finds out why.\
""")


def test_pages_follow_each_other(shop: Addresses) -> None:
    """A page that is not the last says which command shows the next, and that command does."""
    first = asked(shop.ui, "traces", *RANGE, "--limit", "3")
    more = first.out.splitlines()[5].removeprefix("More: spanglass ").split()
    assert more[:-1] == ["traces", *RANGE, "--limit", "3", "--cursor"]
    second = asked(shop.ui, *more)
    assert second.out.splitlines()[1].split()[4:7] == ["000000…000001", "POST", "/chat"]
    assert "More:" not in second.out


@pytest.mark.parametrize("command", ["traces", "overview", "sources"])
def test_json_is_the_answer_as_it_is(shop: Addresses, command: str) -> None:
    """`--json` prints the document of the API, which says the same after what would act in a terminal is escaped."""
    ran = asked(shop.ui, command, *RANGE, "--json")
    document = json.loads(ran.out)
    looked = {"next_cursor", "searched_back_to", "complete"}
    assert set(document) <= {"traces", *looked, "start", "end", "step", "totals", "buckets", "models", "sources"}
    assert ACTS.search(ran.out.replace("\n", "")) is None
    if command == "traces":
        assert document["traces"][0]["name"] == HOSTILE
        assert document["traces"][-1]["trace_id"] == f"{1:08x}{0:016x}{1:08x}"


@pytest.mark.parametrize("columns", [20, 80, 300, None])
@pytest.mark.parametrize(
    "command", [("traces",), ("trace", f"{4:08x}{0:016x}{4:08x}"), ("trace", "00000004", "--messages")]
)
def test_nothing_hostile_reaches_the_terminal(shop: Addresses, command: tuple[str, ...], columns: int | None) -> None:
    """No control character and no turning mark of a name is printed, whatever the width."""
    given = () if command[0] == "trace" and len(command) == 2 else ("--since", "99999d")
    ran = asked(shop.ui, *command, *given, columns=columns)
    assert ran.code == 0, ran.err
    assert "\\u001b[31mred" in ran.out or columns == 20
    assert ACTS.search(ran.out) is None


def test_colour_is_for_terminals_that_want_it(shop: Addresses) -> None:
    """On a terminal what failed is red; with NO_COLOR there, and in a pipe, nothing is."""
    command = [*SPANGLASS, "traces", *RANGE, "--server", shop.ui]

    plain = {name: value for name, value in clean_environment().items() if not name.endswith("_COLOR")}

    def printed(**variables: str) -> bytes:
        leader, follower = pty.openpty()
        environ = {**plain, "TERM": "xterm-256color", "COLUMNS": "100", **variables}
        subprocess.run(command, stdout=follower, env=environ, timeout=60, check=True)
        os.close(follower)
        said = os.read(leader, 65536)
        os.close(leader)
        return said

    assert b"\x1b[31m" in printed()
    assert b"\x1b" not in printed(NO_COLOR="1")
    piped = subprocess.run(command, capture_output=True, env=plain, timeout=60, check=True)
    assert b"\x1b" not in piped.stdout


def test_a_terminal_without_unicode_still_shows_the_rest(shop: Addresses) -> None:
    """Where the output cannot take a character a table has a question mark, and JSON its escape."""
    given = (*RANGE, "--server", shop.ui)
    environ = clean_environment(PYTHONIOENCODING="ascii", COLUMNS="80", TZ="UTC")
    ran = [
        subprocess.run([*SPANGLASS, *command, *given], capture_output=True, env=environ, timeout=60, check=True)
        for command in (("traces",), ("cost", "--by", "user", "--json"))
    ]
    assert b"000000?000003  ? chat gpt-4o" in ran[0].stdout
    assert json.loads(ran[1].stdout)["by"] == "user"
    assert ran[1].stdout.isascii()


def test_times_are_in_the_zone_that_is_asked_for(shop: Addresses) -> None:
    """`--zone` moves times, also those that are given; a zone that is none is refused."""
    given = ("traces", "--from", "2025-10-09T10:52", "--to", "2025-10-09T11:03", "--limit", "1", "--user", "ann")
    assert "9 Oct 2025 10:53  000000…000001" in asked(shop.ui, *given, "--zone", "Europe/Berlin").out
    assert "No traces" in asked(shop.ui, *given, "--zone", "UTC").out
    wrong = asked(shop.ui, *given, "--zone", "Europe/Nowhere")
    assert (wrong.code, wrong.err) == (
        2,
        "spanglass: There is no time zone 'Europe/Nowhere' here; write one as UTC, Europe/Berlin or local.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("traces", "--limit", "0"), "The parameter limit is '0'; use a whole number from 1 to 500."),
        (("traces", "--status", "bad"), "The parameter status is 'bad'; use ok or error."),
        (("traces", "--since", "1h", "--from", "2h"), "--since and --from both say where the range begins"),
        (("traces", "--from", "yesterday"), "'yesterday' is no time; write 2026-01-31"),
        (("traces", "--from", "2h", "--to", "3h"), "The range is empty: `from` must be before `to`."),
    ],
)
def test_what_cannot_be_asked_is_said(shop: Addresses, arguments: tuple[str, ...], message: str) -> None:
    """A wrong value is one line, the server's own or ours, and exit code 2."""
    ran = asked(shop.ui, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"spanglass: {message}")
    assert ran.err.count("\n") == 1


def test_asking_loads_no_server() -> None:
    """A command that asks loads neither the server nor the SDK's instruments nor what only they need."""
    heavy = ("duckdb", "starlette", "msgspec", "google.protobuf", "spanglass.server", "spanglass.cost", "rich.table")
    code = (
        "import sys\nfrom spanglass.cli import main\nsys.argv = ['spanglass', 'traces', '--server', 'http://127.0.0.1:9']\n"
        f"try:\n    main()\nexcept SystemExit:\n    print([name for name in {heavy!r} if name in sys.modules])"
    )
    ran = subprocess.run([SPANGLASS[0], "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
    assert ran.stderr.startswith("spanglass: The server http://127.0.0.1:9 cannot be asked: Connection refused.")
