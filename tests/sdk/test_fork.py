import signal
import subprocess
import sys
import time

import pytest

from otlp_receiver import environment, receiver, run, values

FORK = """
import os, sys, spanglass
from opentelemetry import metrics, trace
spanglass.init(service_name="pre")
tracer, counter = trace.get_tracer("app"), metrics.get_meter("app").create_counter("orders")
tracer.start_span("parent before").end(); counter.add(100)
{before}
pid = os.fork()
if pid == 0:
    tracer.start_span("child").end(); counter.add(1)
    sys.exit(0)
tracer.start_span("parent after").end(); counter.add(10)
os.waitpid(pid, 0)
"""


@pytest.mark.parametrize("before", ["", "spanglass.flush(5)"], ids=["nothing sent yet", "connection open"])
def test_a_forked_child_sends_its_own_and_nothing_twice(before: str) -> None:
    """Parent and child each send exactly what they recorded, under their own process and instance ids."""
    with receiver() as seen:
        done = run(FORK.format(before=before), endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert seen.span_names() == ["child", "parent after", "parent before"]
        ids = {span.name: (at["process.pid"], at["service.instance.id"]) for at, span in seen.spans()}
        assert ids["parent before"] == ids["parent after"]
        assert ids["child"][0] != ids["parent after"][0]
        assert ids["child"][1] != ids["parent after"][1]


def test_a_forked_child_counts_from_zero() -> None:
    """Sums of the parent are not reported again by the child, so that adding up instances is right."""
    with receiver() as seen:
        run(FORK.format(before=""), endpoint=seen.endpoint)
        last = {at["process.pid"]: point.as_int for at, point in seen.points("orders")}
        assert sorted(last.values()) == [1, 110]


def test_a_forked_child_sends_to_all_destinations() -> None:
    """With several destinations, whose metrics have queues of their own, parent and child reach each of them, once."""
    with receiver() as first, receiver() as second:
        both = f"{first.endpoint},{second.endpoint}"
        done = run(FORK.format(before="spanglass.flush(5)"), SPANGLASS_DESTINATIONS=both)
        assert (done.returncode, done.stderr) == (0, "")
        for seen in (first, second):
            assert seen.span_names() == ["child", "parent after", "parent before"]
            last = {at["process.pid"]: point.as_int for at, point in seen.points("orders")}
            assert sorted(last.values()) == [1, 110]


def test_forking_while_threads_record_never_locks_up() -> None:
    """Children forked in the middle of recording and sending record, send and end, every time."""
    script = """
import logging, os, sys, threading, time, spanglass
from opentelemetry import metrics, trace
logging.basicConfig(handlers=[logging.NullHandler()])
spanglass.init()
tracer, counter = trace.get_tracer("app"), metrics.get_meter("app").create_counter("orders")
stop = False
def work():
    while not stop:
        with tracer.start_as_current_span("noise"): counter.add(1); logging.warning("noise")
threads = [threading.Thread(target=work) for _ in range(3)]
[thread.start() for thread in threads]
children = []
for number in range(15):
    time.sleep(0.02)
    pid = os.fork()
    if pid == 0:
        with tracer.start_as_current_span(f"child {number}"): counter.add(1); logging.warning("child")
        spanglass.flush(5)
        os._exit(0)
    children.append(pid)
for pid in children: os.waitpid(pid, 0)
stop = True
[thread.join() for thread in threads]
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint, OTEL_BSP_SCHEDULE_DELAY="10", OTEL_METRIC_EXPORT_INTERVAL="20")
        assert done.returncode == 0, done.stderr
        assert sum(name.startswith("child") for name in seen.span_names()) == 15


def test_a_fork_in_the_middle_of_an_import_does_not_stop_the_child_s_imports() -> None:
    """While a library is hooked in one thread, another may fork: the child hooks what it imports itself."""
    script = """
import os, signal, threading, spanglass
spanglass.init()
from spanglass.sdk import hooks
hooking, done = threading.Event(), threading.Event()
def hook():
    with hooks._switch._lock:
        hooking.set()
        done.wait()
threading.Thread(target=hook).start()
hooking.wait()
if (child := os.fork()) == 0:
    signal.alarm(10)
    import httpx
    print(hooks.active(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
done.set()
"""
    with receiver() as seen:
        assert "httpx" in run(script, endpoint=seen.endpoint).stdout


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_send_before_they_end(
    method: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A child of `multiprocessing` runs no atexit handlers when forked; what it recorded arrives all the same."""
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(f"""
import multiprocessing, spanglass
from opentelemetry import trace
spanglass.init(service_name="many")
def work(number):
    trace.get_tracer("app").start_span(f"child {{number}}").end()
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=work, args=(number,)) for number in range(3)]
    [child.start() for child in children]
    [child.join() for child in children]
    trace.get_tracer("app").start_span("parent").end()
""")
    with receiver() as seen:
        command = [sys.executable, str(path)]
        done = subprocess.run(command, env=environment(seen.endpoint), capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert seen.span_names() == ["child 0", "child 1", "child 2", "parent"]


def test_killing_loses_no_more_than_the_last_interval() -> None:
    """SIGKILL loses what waited; what ended an interval earlier has arrived."""
    script = """
import time, spanglass
from opentelemetry import trace
spanglass.init()
trace.get_tracer("app").start_span("before").end()
print("ready", flush=True)
time.sleep(60)
"""
    with receiver() as seen:
        program = subprocess.Popen(
            [sys.executable, "-c", script],
            env=environment(seen.endpoint, OTEL_BSP_SCHEDULE_DELAY="100"),
            stdout=subprocess.PIPE,
        )
        assert program.stdout is not None
        program.stdout.readline()
        time.sleep(1)
        program.send_signal(signal.SIGKILL)
        program.communicate()
        assert seen.span_names() == ["before"]


def test_drops_of_the_parent_are_not_counted_by_the_child() -> None:
    """The child's own counters start at zero too."""
    script = """
import os, sys, spanglass
from opentelemetry import trace
spanglass.init()
for _ in range(50): trace.get_tracer("app").start_span("one").end()
pid = os.fork()
if pid == 0:
    sys.exit(0)
os.waitpid(pid, 0)
"""
    with receiver() as seen:
        variables = {"OTEL_BSP_MAX_QUEUE_SIZE": "5", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5"}
        run(script, endpoint=seen.endpoint, **variables)
        points = seen.points("spanglass.sdk.dropped")
        assert len({at["process.pid"] for at, _ in points}) == 1
        assert values(points[0][1].attributes)["spanglass.reason"] == "queue_full"
