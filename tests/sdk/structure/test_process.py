from otlp_receiver import receiver, run, values

# Decorated before `init`, as modules are; the child of the fork goes on inside the parent's agent.
APP = """
import asyncio, os, sys, warnings
import spanglass

@spanglass.tool
def look(number):
    return number

@spanglass.agent("writer")
async def write():
    for word in ("a", "b"):
        look(word)
        yield word

async def main():
    async for word in write():
        pass

look(0)
spanglass.init(service_name="shop")
with spanglass.workflow("chat"):
    asyncio.run(main())
    pid = os.fork()
    if pid == 0:
        with spanglass.agent("child"):
            look(1)
        spanglass.flush()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    token = spanglass.approval.requested("refund")
spanglass.approval.decided(token, "approved")
for _ in range(3):
    with spanglass.agent("busy"):
        for number in range(8):
            look(number)
spanglass.shutdown()
look(2)
"""


def test_a_program_sends_what_its_agents_did() -> None:
    """From `init` to `shutdown`, over a fork, everything arrives once and hangs together; before and after, nothing."""
    with receiver() as seen:
        done = run(APP, endpoint=seen.endpoint, SPANGLASS_SPAN_STORM="5")
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
        spans = [span for _, span in seen.spans()]
    names = {span.span_id: span.name for span in spans}
    below = [(names.get(span.parent_span_id), span.name) for span in spans]
    assert sorted(below, key=str) == sorted(
        [
            (None, "invoke_workflow chat"),
            ("invoke_workflow chat", "invoke_agent writer"),
            *[("invoke_agent writer", "execute_tool look")] * 2,
            ("invoke_workflow chat", "invoke_agent child"),
            ("invoke_agent child", "execute_tool look"),
            ("invoke_workflow chat", "wait approval refund"),
            *[(None, "invoke_agent busy")] * 3,
            *[("invoke_agent busy", "execute_tool look")] * 3 * 6,
        ],
        key=str,
    )
    folded = [values(span.attributes).get("spanglass.folded.count") for span in spans]
    assert [count for count in folded if count is not None] == [3, 3, 3]
    assert done.stderr.count("SPANGLASS_SPAN_STORM") == 1
