import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { hostile } from "../dev/content.ts";
import type { ContentView } from "../src/api/types.ts";
import { splitBlocks } from "../src/messages/blocks.ts";
import { readConversation, readToolCall, unfold } from "../src/messages/conversation.ts";
import { Messages } from "../src/messages/Messages.tsx";
import { span } from "./span.ts";

const EMPTY: ContentView = {
  input_messages: null,
  output_messages: null,
  system_instructions: null,
  tool_definitions: null,
  tool_arguments: null,
  tool_result: null,
};

describe("a conversation", () => {
  it("holds every kind of part the conventions name", () => {
    const parts = [
      { type: "text", content: "said" },
      { type: "reasoning", content: "think" },
      { type: "tool_call", id: "1", name: "find", arguments: { q: 1 } },
      { type: "tool_call_response", id: "1", response: { found: true } },
      { type: "server_tool_call", name: "web", server_tool_call: { type: "search" } },
      { type: "server_tool_call_response", id: "2", server_tool_call_response: ["a"] },
      { type: "blob", modality: "image", mime_type: "image/png", content: "AAAAAAAA" },
      { type: "uri", modality: "image", uri: "https://example.org/a.png" },
      { type: "file", modality: "document", file_id: "f1", transcript: "said" },
      { type: "compaction", content: "short" },
    ];
    const read = readConversation({ ...EMPTY, output_messages: [{ role: "assistant", parts, finish_reason: "stop" }] });
    expect(read?.output[0]?.finishReason).toBe("stop");
    expect(read?.output[0]?.parts).toEqual([
      { kind: "text", text: "said" },
      { kind: "reasoning", text: "think" },
      { kind: "call", name: "find", id: "1", arguments: { q: 1 } },
      { kind: "result", id: "1", response: { found: true } },
      { kind: "call", name: "web", id: null, arguments: { type: "search" } },
      { kind: "result", id: "2", response: ["a"] },
      { kind: "media", what: "image/png", where: "6 bytes, not shown", transcript: null },
      { kind: "media", what: "image", where: "https://example.org/a.png", transcript: null },
      { kind: "media", what: "document", where: "file f1", transcript: "said" },
      { kind: "other", type: "compaction", value: { type: "compaction", content: "short" } },
    ]);
  });

  it("is absent where nothing was captured", () => {
    expect([readConversation(null), readConversation(EMPTY)]).toEqual([null, null]);
    expect([readToolCall(null), readToolCall(EMPTY)]).toEqual([null, null]);
  });

  it("opens what a tool was given and gave, also where it is falsy", () => {
    expect(readToolCall({ ...EMPTY, tool_arguments: '{"q":1}', tool_result: false })).toEqual({
      arguments: { q: 1 },
      result: false,
    });
  });

  it.each([[{}], [{ role: 3, parts: [null, 42, "text"] }], [{ role: "user", parts: "no" }]])(
    "never fails on %j",
    (odd: Readonly<Record<string, unknown>>) => {
      for (const place of ["input_messages", "system_instructions", "tool_definitions"] as const) {
        const content = { ...EMPTY, [place]: [odd] };
        const markup = renderToStaticMarkup(<Messages span={span("a", null, { work: "llm", content })} />);
        expect(markup).not.toBe("");
      }
    },
  );

  it("opens JSON inside a string, and leaves other strings alone", () => {
    expect([unfold('{"a":1}'), unfold("[1"), unfold("plain"), unfold(7)]).toEqual([{ a: 1 }, "[1", "plain", 7]);
  });
});

describe("the chat", () => {
  const markup = renderToStaticMarkup(<Messages span={span("a", null, { work: "llm", content: hostile() })} />);

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
