import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { hostile } from "../dev/content.ts";
import { splitBlocks } from "../src/messages/blocks.ts";
import { readConversation, readToolCall, unfold } from "../src/messages/conversation.ts";
import { Messages } from "../src/messages/Messages.tsx";
import { span } from "./span.ts";

describe("a conversation", () => {
  it("is read from JSON text as from values", () => {
    const messages = [{ role: "user", parts: [{ type: "text", content: "Hello" }] }];
    const expected = [{ role: "user", name: null, parts: [{ kind: "text", text: "Hello" }], finishReason: null }];
    expect(readConversation({ "gen_ai.input.messages": messages })?.input).toEqual(expected);
    expect(readConversation({ "gen_ai.input.messages": JSON.stringify(messages) })?.input).toEqual(expected);
  });

  it("holds every kind of part the conventions name", () => {
    const parts = [
      { type: "reasoning", content: "think" },
      { type: "tool_call", id: "1", name: "find", arguments: '{"q":1}' },
      { type: "tool_call_response", id: "1", result: { found: true } },
      { type: "server_tool_call", name: "web", server_tool_call: { type: "search" } },
      { type: "blob", modality: "image", mime_type: "image/png", content: "AAAAAAAA" },
      { type: "uri", modality: "image", uri: "https://example.org/a.png" },
      { type: "file", modality: "document", file_id: "f1", transcript: "said" },
      { type: "compaction", content: "short" },
    ];
    const read = readConversation({ "gen_ai.output.messages": [{ role: "assistant", parts, finish_reason: "stop" }] });
    expect(read?.output[0]?.parts).toEqual([
      { kind: "reasoning", text: "think" },
      { kind: "call", name: "find", id: "1", arguments: { q: 1 } },
      { kind: "result", id: "1", response: { found: true } },
      { kind: "call", name: "web", id: null, arguments: { type: "search" } },
      { kind: "media", what: "image/png", where: "6 bytes, not shown", transcript: null },
      { kind: "media", what: "image", where: "https://example.org/a.png", transcript: null },
      { kind: "media", what: "document", where: "file f1", transcript: "said" },
      { kind: "other", type: "compaction", value: { type: "compaction", content: "short" } },
    ]);
  });

  it("reads messages in the form of OpenAI's API too", () => {
    const messages = [
      { role: "assistant", content: null, tool_calls: [{ id: "1", function: { name: "find", arguments: '{"q":1}' } }] },
      { role: "tool", tool_call_id: "1", content: '["a"]' },
      { role: "user", content: [{ type: "text", text: "and?" }] },
    ];
    expect(readConversation({ "gen_ai.input.messages": messages })?.input.map((message) => message.parts)).toEqual([
      [{ kind: "call", name: "find", id: "1", arguments: { q: 1 } }],
      [{ kind: "result", id: "1", response: ["a"] }],
      [{ kind: "text", text: "and?" }],
    ]);
  });

  it("is absent where nothing was captured", () => {
    expect(readConversation({})).toBeNull();
    expect(readConversation({ "gen_ai.input.messages": null })).toBeNull();
    expect(readToolCall({})).toBeNull();
  });

  it("keeps what cannot be read as it came", () => {
    const cut = '[{"role":"user","parts":[{"type":"te';
    expect(readConversation({ "gen_ai.input.messages": cut })?.unreadable).toEqual([
      { attribute: "gen_ai.input.messages", text: cut },
    ]);
  });

  it.each([
    42,
    true,
    "",
    "null",
    "[]",
    [[]],
    [null],
    [1, "two", { role: 3 }],
    { role: "user" },
    [{ role: "user", parts: "no" }],
  ])("never fails on %j", (garbage) => {
    for (const attribute of ["gen_ai.input.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions"]) {
      const markup = renderToStaticMarkup(
        <Messages span={span("a", null, { work: "llm", attributes: { [attribute]: garbage } })} />,
      );
      expect(markup).not.toBe("");
    }
  });

  it("opens JSON inside a string, and leaves other strings alone", () => {
    expect([unfold('{"a":1}'), unfold("[1"), unfold("plain"), unfold(7)]).toEqual([{ a: 1 }, "[1", "plain", 7]);
  });
});

describe("the chat", () => {
  const markup = renderToStaticMarkup(<Messages span={span("a", null, { work: "llm", attributes: hostile() })} />);

  it("shows markup as text and makes nothing of it clickable", () => {
    expect(markup).toContain("&lt;script&gt;");
    expect(markup).not.toMatch(/<script|<img|<a\s|<iframe|href=/i);
  });

  it("writes out characters that turn text around", () => {
    expect(markup).not.toContain("\u202e");
  });

  it("shows the beginning of an enormous text and offers the rest", () => {
    expect(markup.length).toBeLessThan(30_000);
    expect(markup).toContain("of 300,000 characters");
  });

  it("teaches the one variable where nothing was captured", () => {
    const empty = renderToStaticMarkup(<Messages span={span("a", null, { work: "tool" })} />);
    expect(empty).toContain("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY");
  });
});

describe("blocks of text", () => {
  it("tells prose from fenced code", () => {
    expect(splitBlocks("Try\n\n```python\nprint(1)\n```\nDone")).toEqual([
      { kind: "prose", text: "Try", language: null },
      { kind: "code", text: "print(1)", language: "python" },
      { kind: "prose", text: "Done", language: null },
    ]);
  });

  it("shows an unclosed fence as code to the end", () => {
    expect(splitBlocks("```\nx\ny").map((block) => [block.kind, block.text])).toEqual([["code", "x\ny"]]);
  });
});
