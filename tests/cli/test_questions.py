import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from inline_snapshot import snapshot

from asked import FROM, TO, asked, call, shop_server, span
from exports import export
from served import config, running
from spanglass.server.app import Addresses

RANGE = ("--from", FROM, "--to", TO)
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A server that was told about the shop."""
    with shop_server(tmp_path_factory.mktemp("shop")) as addresses:
        yield addresses


def shown(shop: Addresses, *arguments: str, columns: int = 80) -> str:
    """What a command prints of the shop."""
    ran = asked(shop.ui, *arguments, *RANGE, columns=columns)
    assert (ran.code, ran.err) == (0, "")
    assert ACTS.search(ran.out) is None
    return ran.out


def test_cost(shop: Addresses) -> None:
    """Cost is a lower bound with its share unpriced; it is told by day, by month and by a dimension."""
    assert shown(shop, "cost", "--by", "model") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

Total       >= $0.0041, 25 % unpriced
That month  >= $0.0041 by then, >= $0.24 at its end
By day      █

By model
model        calls  errors  tokens      cost  share
gpt-4o           1       1    1.1k   $0.0035   86 %
gpt-4o-mini      2       0    3.2k  $0.00057   14 %
tern-8b          1       0    1.1k  unpriced      -\
""")


def test_cost_by_what_no_call_has(shop: Addresses) -> None:
    """Calls without tags are in no group; that is said, not shown as a table of nothing."""
    assert shown(shop, "cost", "--by", "tag").endswith("By tag\nNo call has a tag.")


def test_models(shop: Addresses) -> None:
    """Each model has its calls, errors, times and cost; what has no price says so."""
    assert shown(shop, "models", "--sort", "cost") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

model        provider  calls  errors     p50     p95  first token      cost
gpt-4o       openai        1       1  100 ms  100 ms            -   $0.0035
gpt-4o-mini  openai        2       0  1.11 s  1.99 s       498 ms  $0.00057
tern-8b      openai        1       0  249 ms  249 ms            -  unpriced\
""")


def test_users(shop: Addresses) -> None:
    """Users have their calls and cost."""
    assert shown(shop, "users") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC
1 user

user  calls  errors  tokens      cost  last seen         first seen
ann       2       0    3.2k  $0.00057  9 Oct 2025 08:53  9 Oct 2025 08:53\
""")


def test_prompts(shop: Addresses) -> None:
    """Prompts are listed; of one, whatever its name, its versions are."""
    assert shown(shop, "prompts") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

prompt      versions  calls  errors  tokens      cost  last used
greeting/v         1      1       0    1.1k  $0.00021  9 Oct 2025 08:53\
""")
    assert shown(shop, "prompts", "greeting/v") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

greeting/v
version  calls  errors     p50     p95  first token  tokens      cost    a call
3            1       0  1.99 s  1.99 s       498 ms    1.1k  $0.00021  $0.00021\
""")


def test_latency(shop: Addresses) -> None:
    """Times are a heat map of text with percentiles."""
    assert shown(shop, "latency") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC
Calls  4
Times  p50 249 ms, p95 1.99 s, p99 1.99 s

  1.81 s      █
  1.52 s
  1.28 s
  1.07 s      █
  903 ms
  759 ms
  638 ms
  537 ms
  451 ms
  380 ms
  319 ms
  268 ms
  226 ms          █
  190 ms
  160 ms
  134 ms
  113 ms
   95 ms              █
          9 Oct 2025 08:52 to 9 Oct 2025 09:03, 15 s a column; █ is 1 call\
""")
    assert shown(shop, "latency", "--first-token", columns=40) == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC
Calls  1
Times  p50 498 ms, p95 498 ms, p99 498
ms

  451 ms    █
          9 Oct 2025 08:52 to 9 Oct 2025 09:03, 30 s a column; █ is 1 call\
""")


def test_time(shop: Addresses) -> None:
    """Where the time went sums to all of it, and the slowest traces are named."""
    assert shown(shop, "time") == snapshot("""\
3 traces in the range, all read.

Duration       p50 250 ms, p95 3.62 s, p99 3.92 s
Not the model  0 % of a usual trace (p50), 20 % of one in twenty (p95)

LLM     79 %  3.45 s  ███████████████████
Tool    11 %  500 ms  ███
Agent  4.6 %  200 ms  █
Other  4.6 %  200 ms  █

By feature
feature  traces     p50     p95  not the model, p95  mostly
support       1  4.00 s  4.00 s                22 %  LLM 78 %, Tool 12 %
(none)        2  175 ms  242 ms                 0 %  LLM 100 %

By service
service  traces     p50     p95  not the model, p95  mostly
shop          3  250 ms  3.62 s                20 %  LLM 79 %, Tool 11 %

Slowest
trace          name          service  duration  mostly
000000…000001  POST /chat    shop       4.00 s  LLM 78 %, Tool 12 %
000000…000002  chat tern-8b  shop       250 ms  LLM 100 %
000000…000003  chat gpt-4o   shop       100 ms  LLM 100 %\
""")


def test_agents(shop: Addresses) -> None:
    """Agents have runs, and who calls whom is told."""
    assert shown(shop, "agents") == snapshot("""\
1 trace in the range, all read.

Runs
agent  runs  errors  steps p50  p95  took p50     p95  cost p50       p95
clerk     1       0          3    3    3.80 s  3.80 s  $0.00057  $0.00057

Who calls whom
caller        calls              times  errors     p50
agent clerk   model gpt-4o-mini      2       0  1.55 s
agent clerk   tool find_shoes        1       1  500 ms
service shop  agent clerk            1       0  3.80 s

What was called
kind     name         times  errors     p50  tokens      cost
model    gpt-4o-mini      2       0  1.55 s    3.2k  $0.00057
agent    clerk            1       0  3.80 s    3.2k  $0.00057
service  shop             1       0  4.00 s       -         -
tool     find_shoes       1       1  500 ms       -         -\
""")


def test_tools(shop: Addresses) -> None:
    """Tools have times and their last failure; of one, calls over time are shown."""
    assert shown(shop, "tools", "find_shoes", columns=100) == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

tool        calls  errors  failed     p50     p95     p99  last failure  agents    last trace
find_shoes      1       1   100 %  498 ms  498 ms  498 ms  no shelf 7    (none) 1  000000…000001

Over time, 15 s a bar
Calls       █
Errors      █
p95         █\
""")


def test_errors(shop: Addresses) -> None:
    """Errors are groups; one is opened by its id."""
    listed = shown(shop, "errors")
    assert listed == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

group             count  what               traces  users       last seen
94b6d61257baecd4      1  no shelf 7              1      1  new  9 Oct 2025 08:53
c15b6ba3b70a90c7      1  429: rate limited       1      0  new  9 Oct 2025 08:55

See one: spanglass errors 94b6d61257baecd4\
""")
    assert shown(shop, "errors", listed.rpartition(" ")[2]) == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

no shelf 7
Count       1 in 1 trace, for 1 user
First seen  9 Oct 2025, 08:53:22.200 UTC, new
Last seen   9 Oct 2025, 08:53:22.200 UTC
Over time      █
Message  no shelf 7
Service  shop
Feature  support

Samples
time              trace          service  user  message
9 Oct 2025 08:53  000000…000001  shop     ann   no shelf 7\
""")


def test_quality(shop: Addresses) -> None:
    """What nobody is told of is counted."""
    assert shown(shop, "quality") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

Calls            4
Failed for good  1, 25 %
Rate limited     1, 25 %
Unpriced         1, 25 %

By model
model        calls  errors  limited  incomplete  cut  filtered  empty
gpt-4o-mini      2       0        0           0    0         0      0
gpt-4o           1       1        1           0    0         0      0
tern-8b          1       0        0           0    0         0      0\
""")


def test_what_happens_to_attempts_is_a_share_of_them(tmp_path: Path) -> None:
    """A call of two attempts, one of them refused: half of the attempts were, and no call failed for good."""
    with running(config(tmp_path)) as addresses:
        spans = [
            span(1, 1, "POST /chat", lasts=2),
            span(1, 2, "chat", parent=1, failed="slow down", attributes={**call("gpt-4o"), "error.type": "429"}),
            span(1, 3, "chat", parent=1, at=1, attributes={**call("gpt-4o"), "http.request.resend_count": 1}),
        ]
        body, headers = export(spans).SerializeToString(), {"content-type": "application/x-protobuf"}
        httpx.post(f"{addresses.otlp_http}/v1/traces", content=body, headers=headers).raise_for_status()
        facts = shown(addresses, "quality").partition("By model")[0]
    assert facts == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

Calls         1
Attempts      2
Rate limited  1, 50 %
Retries       1, 50 %

""")


def test_sessions(shop: Addresses) -> None:
    """A session has its turns, with what was said."""
    assert shown(shop, "sessions") == snapshot("""\
last active       session  user  turns  calls  errors  lasted  tokens      cost
9 Oct 2025 08:53  s-1      ann       1      2       1  4.00 s    3.2k  $0.00057\
""")
    assert asked(shop.ui, "sessions", "s-1").out == snapshot("""\
Session s-1
User    ann
From    9 Oct 2025, 08:53:20.000 UTC
To      9 Oct 2025, 08:53:24.000 UTC
Turns   1
Cost    $0.00057
Tokens  3k in, 200 out

9 Oct 2025 08:53 · POST /chat · 4.00 s · first token 700 ms · $0.00057 ·
000000…000001
  user: Any       shoes?
  \\u001b[2J\
""")


def test_search(shop: Addresses) -> None:
    """A query finds spans; one that is wrong is told with its place."""
    assert shown(shop, "search", "model:gpt-4o-mini duration>1.5s") == snapshot("""\
time              trace          name              work  duration      cost
9 Oct 2025 08:53  000000…000001  chat gpt-4o-mini  LLM     2.00 s  $0.00021\
""")
    wrong = asked(shop.ui, "search", "duration>fast")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("spanglass: The query cannot be read at character 1: duration takes a time, such as 2s")


def test_what_there_is(shop: Addresses) -> None:
    """What can be searched and filtered by is listed with examples."""
    assert shown(shop, "attributes", "gen_ai.usage") == snapshot("""\
Of 8 spans, all of the range.

attribute                   of    kind    spans  such as
gen_ai.usage.input_tokens   span  number      4  1000, 2000
gen_ai.usage.output_tokens  span  number      4  100\
""")
    assert shown(shop, "services") == snapshot("""\
--service
  shop
--model
  gpt-4o
  gpt-4o-mini
  tern-8b
--feature
  support\
""")


def test_metrics(shop: Addresses) -> None:
    """Metrics are listed; of one, its lines by a label are shown in its unit."""
    assert shown(shop, "metrics") == snapshot("""\
name          kind  unit   series  points  latest            services
shop.takings  sum   {USD}       2       4  9 Oct 2025 08:54  shop\
""")
    assert shown(shop, "metrics", "shop.takings", "--by", "model", "--show", "increase") == snapshot("""\
9 Oct 2025, 08:52 to 09:03 UTC

shop.takings
Kind    sum, cumulative
Unit    {USD}
Series  2 series, 4 points
Shows   increase a step of 2 m; --show also knows rate, value
Labels  environment, model, service

line  over time   last  highest  series
a     ▃█····     $3.00    $3.00       1
b     █▃····     $0.50    $2.00       1\
""")


def test_logs(shop: Addresses) -> None:
    """Log records are listed, whatever their body is; those of a trace by its shortened id."""
    assert shown(shop, "logs") == snapshot("""\
time              level  service  message               trace          logger
9 Oct 2025 08:53  -      shop     shop.count: 7         -              till
9 Oct 2025 08:53  warn   shop     no shelf \\u001b[31m7  000000…000001  till\
""")
    assert asked(shop.ui, "logs", "--trace", "000000…000001", "--since", "99999d").out == snapshot("""\
time              level  service  message               trace          logger
9 Oct 2025 08:53  warn   shop     no shelf \\u001b[31m7  000000…000001  till\
""")


def test_messages(shop: Addresses) -> None:
    """What was said in a trace is printed by role, and cannot act."""
    said = asked(shop.ui, "trace", f"{1:08x}{0:016x}{1:08x}", "--messages").out
    assert ACTS.search(said.replace("\t", "")) is None
    assert said[said.index("What failed") :] == snapshot("""\
What failed
execute_tool find_shoes: no shelf 7

chat gpt-4o-mini
user
  Any     shoes?
  \\u001b[2J
assistant
  calls find_shoes {"size": 7}\
""")


COMMANDS = (
    "cost",
    "models",
    "users",
    "prompts",
    "latency",
    "time",
    "agents",
    "tools",
    "errors",
    "quality",
    "sessions",
    "services",
)


@pytest.mark.parametrize(
    "command", [*([name] for name in COMMANDS), ["attributes"], ["metrics"], ["logs"], ["search", "x"]]
)
def test_nothing_there_teaches(shop: Addresses, command: list[str]) -> None:
    """Where nothing is found every command says so in words, and what to do."""
    ran = asked(shop.ui, *command, "--from", "2020-01-01", "--to", "2020-01-02")
    assert (ran.code, ran.err) == (0, "")
    assert "No " in ran.out
    assert "--since" in ran.out
