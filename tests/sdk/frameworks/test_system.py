"""The process tells of its own CPU time and memory."""

from otlp_receiver import receiver, run, values

PROGRAM = """
import os, spanglass
held = bytearray(100_000_000)
spanglass.init(service_name="shop")
while sum(os.times()[:2]) < 0.3: pass
if (child := os.fork()) == 0:
    spanglass.flush(5); os._exit(0)
os.waitpid(child, 0)
"""


def test_cpu_and_memory_are_measured() -> None:
    """CPU seconds by mode and resident bytes arrive, a forked child's beside its parent's, and nothing else of it."""
    with receiver() as seen:
        done = run(PROGRAM, endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        cpu = {
            (at["process.pid"], values(point.attributes)["cpu.mode"]): point.as_double
            for at, point in seen.points("process.cpu.time")
        }
        assert len(cpu) == 4
        assert max(sum(spent for (pid, _), spent in cpu.items() if pid == one) for one, _ in cpu) >= 0.3
        memory = {at["process.pid"]: point.as_int for at, point in seen.points("process.memory.usage")}
        assert len(memory) == 2
        assert all(100e6 < used < 1e9 for used in memory.values())


def test_it_can_be_left_out() -> None:
    """Without `system` among the frameworks neither is measured."""
    with receiver() as seen:
        run(PROGRAM, endpoint=seen.endpoint, SPANGLASS_FRAMEWORKS="flask")
        assert seen.points("process.cpu.time") == seen.points("process.memory.usage") == []
        assert seen.of("metrics")
