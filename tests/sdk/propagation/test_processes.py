"""Work handed to other processes by the standard library: same trace, same user, each process sends its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from otlp_receiver import environment, receiver, run, values

PROGRAM = """
import multiprocessing, os, sys, spanglass
from concurrent.futures import ProcessPoolExecutor
from opentelemetry import trace
spanglass.init(service_name="many")

def work(number):
    with trace.get_tracer("app").start_as_current_span(f"work {number}"):
        return os.getpid()

if __name__ == "__main__":
    method, how = sys.argv[1:]
    methods = multiprocessing.get_context(method)
    with spanglass.context(user_id="u-1"), trace.get_tracer("app").start_as_current_span("request"):
        if how == "pool":
            with ProcessPoolExecutor(2, methods) as pool:
                list(pool.map(spanglass.carry(work), range(2)))
        else:
            children = [methods.Process(target=spanglass.carry(work), args=(number,)) for number in range(2)]
            [child.start() for child in children]
            [child.join() for child in children]
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("how", ["pool", "processes"])
def test_carried_work_belongs_to_who_handed_it_over(method: str, how: str, tmp_path: Path) -> None:
    """By a pool or as processes, however they are started, what the children do is in the trace, and arrives whole."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with receiver() as seen:
        command = [sys.executable, str(program), method, how]
        done = subprocess.run(command, env=environment(seen.endpoint), capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert seen.span_names() == ["request", "work 0", "work 1"]
        request = next(span for _, span in seen.spans() if span.name == "request")
        work = [(at, span) for at, span in seen.spans() if span.name != "request"]
        parents = {(span.trace_id, span.parent_span_id) for _, span in work}
        assert parents == {(request.trace_id, request.span_id)}
        assert {values(span.attributes)["user.id"] for _, span in seen.spans()} == {"u-1"}
        processes = {(at["process.pid"], at["service.instance.id"]) for at, _ in seen.spans()}
        assert len(processes) == len({pid for pid, _ in processes}) == len({instance for _, instance in processes})
        assert len(processes) >= 2


def test_a_child_that_switches_itself_on_sends_before_it_ends() -> None:
    """Where only the forked child calls `init`, what it recorded arrives, though it ends without exit handlers."""
    script = """
import multiprocessing
def work():
    import spanglass
    from opentelemetry import trace
    spanglass.init()
    trace.get_tracer("app").start_span("child").end()
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        assert seen.span_names() == ["child"]
