"""The Model Context Protocol's own spans: a call that a tool makes is below the tool's span, and nothing is doubled."""

from otlp_receiver import receiver, run, values
from scripted import Answer, scripted

APP = """
import asyncio, spanglass
spanglass.init()
import openai
from mcp.client.client import Client
from mcp.server.mcpserver import MCPServer

server = MCPServer("desk", log_level="ERROR")

@server.tool()
async def look_up(what: str) -> str:
    async with openai.AsyncOpenAI(base_url={url!r}, api_key="made-up") as client:
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{{"role": "user", "content": what}}]
        )
    return str(answer.choices[0].message.content)

async def main():
    async with Client(server) as client:
        print((await client.call_tool("look_up", {{"what": "Hi"}})).content[0].text)

asyncio.run(main())
"""
JSON = (
    b'{"id":"c-1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2000,'
    b'"completion_tokens":1000,"total_tokens":3000}}'
)


def test_a_call_of_a_tool_is_below_the_tools_own_span() -> None:
    """One span of the tool, which mcp 2 makes itself, one of the call below it; one duration, one cost."""
    with scripted() as server, receiver() as seen:
        server.script.append(Answer([JSON]))
        done = run(APP.format(url=f"{server.url}/v1"), endpoint=seen.endpoint, SPANGLASS_HOSTS="127.0.0.1=openai")
        assert (done.returncode, done.stdout) == (0, "Hello\n"), done.stderr
        spans = {span.name: span for _, span in seen.spans()}
        chat, tool = spans["chat gpt-4o-mini"], spans["tools/call look_up"]
        assert chat.parent_span_id == tool.span_id
        assert values(tool.attributes)["gen_ai.operation.name"] == "execute_tool"
        priced = [span.name for _, span in seen.spans() if "spanglass.cost.amount" in values(span.attributes)]
        assert priced == ["chat gpt-4o-mini"]
        durations = [point.count for _, point in seen.points("gen_ai.client.operation.duration")]
        assert durations[-1] == 1
