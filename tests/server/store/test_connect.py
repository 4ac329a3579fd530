"""ClickHouse over HTTP, as servers reach it: several at once, a lost connection, wrong keys, what is too old."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import clickhouse_connect
import pytest

import spanglass.server.store.connect
from clickhouse_http import PASSWORD, READER, USER, clickhouse
from records import SECOND, T0, batch, call, computed, log, point, span, span_id
from spanglass.errors import StoreUnavailable
from spanglass.server.store import clickhouse_schema
from spanglass.server.store.address import Address
from spanglass.server.store.clickhouse_keeping import ClickHouseKeeping
from spanglass.server.store.clickhouse_script import MIGRATIONS, script
from spanglass.server.store.connect import connect
from spanglass.server.store.keeping import Kept
from spanglass.server.store.protocol import Store
from spanglass.server.store.schema import migrations

DAY_NS = 24 * 3600 * SECOND
COUNTS = (
    "SELECT (SELECT count(*) FROM spans) AS spans, (SELECT sum(cost_amount) FROM spans) AS cost,"
    " (SELECT count(*) FROM contents) AS contents, (SELECT count(*) FROM logs) AS logs,"
    " (SELECT sum(value_int) FROM points) AS points"
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the engine."""
    with clickhouse(tmp_path_factory.mktemp("server") / "data") as port:
        yield port


@pytest.fixture
def where(port: int, request: pytest.FixtureRequest) -> Address:
    """Return the address of a database of the test's own, which is not there yet."""
    name = f"d_{abs(hash(request.node.name))}"
    return Address(host="127.0.0.1", port=port, user=USER, password=PASSWORD, database=name)


def counts(store: Store) -> list[str]:
    """Return how much of everything questions count."""
    return [str(value) for value in store.select(COUNTS, {})[0].values()]


def test_one_batch_sent_to_two_servers_counts_once(where: Address) -> None:
    """A sender that fails over sends the same bytes elsewhere: at the same time, later, and cut anew."""
    first, second = connect(where), connect(where)
    spans = [
        span(1, attributes={"gen_ai.input.messages": "[]"}),
        *(call(1, number, 1, at=number, cost=computed("0.25")) for number in range(2, 6)),
    ]
    told = batch(*spans, logs=(log(body="a"), log(body="a")), points=(point(value=3),))
    together = threading.Barrier(2)

    def send(store: Store) -> None:
        together.wait()
        store.write([told])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, (first, second)))
    second.write([told])
    first.write([batch(*spans[2:]), batch(*spans[:3])])

    assert counts(first) == counts(second) == ["5", "1.000000000000000000", "1", "2", "3"]
    first.close()
    second.close()


def test_servers_that_keep_house_at_once_do_no_harm(where: Address) -> None:
    """Two make the same summaries and drop the same days; sums are of each call once, and new days stay."""
    stores = [connect(where), connect(where)]
    now_ns = time.time_ns()
    recent = [
        call(1, number, at=(now_ns - T0) / SECOND - 600 * number, cost=computed("0.1")) for number in range(1, 31)
    ]
    old = call(2, 31, at=(now_ns - T0) / SECOND - 50 * 24 * 3600, cost=computed("5"))
    stores[0].write([batch(*recent, old)])

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda store: store.roll_up(now_ns), stores))
        before_ns = now_ns - 40 * DAY_NS
        gone = list(pool.map(lambda store: ClickHouseKeeping(store).forget(Kept.SPANS, before_ns), stores))

    assert max(made) == 31
    assert max(gone) == 1
    assert counts(stores[1])[:2] == ["30", "3.000000000000000000"]
    summed = stores[1].select("SELECT sum(attempts) AS n, sum(cost) AS cost FROM call_minutes", {})[0]
    assert [str(cell) for cell in summed.values()] == ["31", "8.000000000000000000"]
    for store in stores:
        store.close()


def test_servers_that_start_together_make_the_database_once(where: Address) -> None:
    """All of them start; one of them migrates, and what one writes the others read."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: connect(where), range(4)))

    stores[0].write([batch(span())])

    assert [store.select("SELECT count(*) AS n FROM spans", {})[0]["n"] for store in stores] == [1] * 4
    ran = "SELECT count(*) AS n, max(version) AS newest FROM migrations"
    assert stores[1].select(ran, {})[0] == {"n": len(migrations("clickhouse")), "newest": len(migrations("clickhouse"))}
    assert stores[1].select("SELECT count(*) AS n FROM system.tables WHERE name = 'migrating'", {})[0]["n"] == 0
    for store in stores:
        store.close()


def test_a_database_left_half_made_is_made(where: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stopped while it migrated leaves its lock; another takes over when it is old."""
    monkeypatch.setattr(clickhouse_schema, "_ABANDONED_S", -1)
    with clickhouse_connect.get_client(host=where.host, port=where.port, username=USER, password=PASSWORD) as client:
        client.command(f"CREATE DATABASE {where.database}")
        client.database = where.database
        client.command("CREATE TABLE migrating (nothing UInt8) ENGINE = Memory")
        for statement in migrations("clickhouse")[0].statements:
            client.command(statement)

    store = connect(where)

    assert store.write([batch(span())]).stored
    store.close()


def test_what_was_there_before_is_taken_along(where: Address) -> None:
    """A database of the first version keeps its rows, in parts by day."""
    with clickhouse_connect.get_client(host=where.host, port=where.port, username=USER, password=PASSWORD) as client:
        client.command(f"CREATE DATABASE {where.database}")
        client.database = where.database
        for statement in (MIGRATIONS, *migrations("clickhouse")[0].statements):
            client.command(statement)
        client.command("INSERT INTO migrations (version, name) VALUES (1, '0001')")
        client.insert("spans", [("a", "b", T0, 0.5)], column_names=["trace_id", "span_id", "start_ns", "cost_amount"])

    store = connect(where)

    row = store.select("SELECT trace_id, cost_amount, received_ns FROM spans", {})[0]
    assert [str(value) for value in row.values()] == ["a", "0.500000000000000000", "None"]
    parts = "SELECT partition FROM system.parts WHERE active AND table = 'spans' AND database = $name"
    assert [len(str(row["partition"])) for row in store.select(parts, {"name": where.database})] == [8]
    store.close()


def test_an_administrator_may_make_the_database(where: Address) -> None:
    """After `spanglass ddl` a server finds everything there and makes no table."""
    with clickhouse_connect.get_client(host=where.host, port=where.port, username=USER, password=PASSWORD) as client:
        for statement in script(where.database):
            if statement == f"USE {where.database}":
                client.database = where.database
            else:
                client.command(statement)
        changed = "SELECT max(metadata_modification_time) FROM system.tables WHERE database = currentDatabase()"
        made = client.query(changed)

        store = connect(where)

        again = client.query(changed)
    assert made.result_rows == again.result_rows
    assert store.write([batch(span())]).stored
    store.close()


def test_a_large_write_arrives_whole(where: Address) -> None:
    """Rows go in several blocks, of several days; none is left out."""
    store = connect(where)
    spans = [call(1, number, at=number * 10.0, cost=computed("0.001")) for number in range(1, 20_001)]

    store.write([batch(*spans)])

    found = store.select(
        "SELECT count(*) AS n, count(DISTINCT span_id) AS ids, sum(cost_amount) AS cost FROM spans", {}
    )
    assert [str(value) for value in found[0].values()] == ["20000", "20000", "20.000000000000000000"]
    store.close()


def test_a_user_who_may_make_no_table_needs_none(where: Address) -> None:
    """On an empty database the missing right is said; once an administrator has made it, all else goes on."""
    reader = replace(where, user=READER)
    with pytest.raises(StoreUnavailable, match=r"does not let this user do that.*docs/scale\.md"):
        connect(reader)
    connect(where).close()

    store = connect(reader, {Kept.SPANS: 90})

    store.write([batch(span())])
    assert counts(store)[0] == "1"
    store.close()


def test_questions_run_beside_each_other(where: Address) -> None:
    """Threads share one client, whose questions do not wait for each other; long lists of values are no trouble."""
    store = connect(where)
    store.write([batch(*(span(1, number) for number in range(1, 9)))])
    ids = [f"{number:016x}" for number in range(1, 5000)]
    asked = "SELECT count(*) AS n FROM spans WHERE span_id IN (SELECT sg_each($ids)) AND sleep(0.3) = 0"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: store.select(asked, {"ids": ids})[0]["n"], range(8)))

    assert found == [8] * 8
    store.close()


def test_days_that_are_too_old_end_by_themselves(where: Address) -> None:
    """ClickHouse drops a day a week after its end where no server did; changed ages change their tables alone."""
    ends = "SELECT name, engine_full FROM system.tables WHERE database = $name AND engine_full LIKE '%start_ns%TTL%'"

    def found(store: Store) -> dict[str, str]:
        rows = store.select(ends, {"name": where.database})
        return {
            str(row["name"]): str(row["engine_full"]).partition("toIntervalDay(")[2].partition(")")[0] for row in rows
        }

    connect(where).close()
    store = connect(where, {Kept.SPANS: 90, Kept.MINUTES: 14, Kept.HOURS: None})
    assert found(store) == {"spans": "97", "call_minutes": "21", "latency_minutes": "21"}
    now_ns, old_ns = time.time_ns(), time.time_ns() - 100 * DAY_NS
    store.write([batch(span(1, 1, at=(now_ns - T0) / SECOND), span(1, 2, at=(old_ns - T0) / SECOND))])
    again = connect(where, {Kept.SPANS: 30, Kept.MINUTES: None})
    assert found(again) == {"spans": "37"}

    with clickhouse_connect.get_client(
        host=where.host, port=where.port, username=USER, password=PASSWORD, database=where.database
    ) as client:
        client.command("OPTIMIZE TABLE spans FINAL")
    assert [row["span_id"] for row in again.select("SELECT span_id FROM spans", {})] == [span_id(1)]
    store.close()
    again.close()


def test_long_lists_of_values_come_back_as_they_were(where: Address) -> None:
    """A list beyond what a request's field takes holds the same values, whatever signs are in them."""
    store = connect(where)
    odd = ["'", "\\", "\\'", "$ids", "{ids:String}", "%(ids)s", "%", "\n\t\x00", "\u00e9\U0001f600", "--", "/*", ""]
    ids = [*odd, *(f"{number:032x}" for number in range(10_000))]

    found = store.select("SELECT sg_each($ids) AS id, $who AS who", {"ids": ids, "who": "ann"})

    assert [row["id"] for row in found] == ids
    assert {row["who"] for row in found} == {"ann"}
    store.close()


def test_a_wrong_password_is_said_and_not_shown(where: Address) -> None:
    """The message names the server and the settings; no part of it is the password."""
    wrong = Address(host=where.host, port=where.port, user=USER, password="s3cret")

    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{where.port}.*correct SPANGLASS_STORE") as raised:
        connect(wrong)

    assert "s3cret" not in str(raised.value)


def test_nothing_there_is_said() -> None:
    """A server that does not answer is told at once, with what to look at."""
    with pytest.raises(StoreUnavailable, match=r"127.0.0.1:1, .*see that it runs.*Connection refused"):
        connect(Address(host="127.0.0.1", port=1))


def test_what_is_too_old_is_refused(tmp_path: Path) -> None:
    """An old server is told from a new one before anything is made in it."""
    with (
        clickhouse(tmp_path / "data", version="23.8.16.16") as port,
        pytest.raises(StoreUnavailable, match=r"23.8.16.16 is too old: spanglass needs 24.8 or later"),
    ):
        connect(Address(host="127.0.0.1", port=port, user=USER, password=PASSWORD))


def test_a_lost_server_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While it is away every call says why, without the values that were asked for; afterwards all goes on."""
    with clickhouse(tmp_path / "data") as port:
        store = connect(Address(host="127.0.0.1", port=port, user=USER, password=PASSWORD))
        store.write([batch(span(1))])
    for attempt in (
        store.size,
        lambda: store.write([batch(span(2, 2))]),
        lambda: store.select("SELECT $who AS who", {"who": "ann@example.com"}),
        lambda: store.roll_up(T0),
    ):
        with pytest.raises(StoreUnavailable, match="see that it runs") as raised:
            attempt()
        assert "ann@" not in str(raised.value)
    assert "ann%40" not in caplog.text

    with clickhouse(tmp_path / "data", port=port):
        store.write([batch(span(2, 2))])
        assert store.select("SELECT count(*) AS n FROM spans", {})[0]["n"] == 2
        store.close()


def test_a_server_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes connections and says nothing holds a write for a while, not for ever."""
    monkeypatch.setattr(spanglass.server.store.connect, "_ANSWER_S", 1)
    with clickhouse(tmp_path / "data") as port:
        store = connect(Address(host="127.0.0.1", port=port, user=USER, password=PASSWORD))
    with socket.create_server(("127.0.0.1", port)):
        for attempt in (store.size, lambda: store.write([batch(span())])):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="Read timed out"):
                attempt()
            assert time.monotonic() - began < 10
    store.close()
