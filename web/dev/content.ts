/** Captured content for made-up calls, as the server gives it. */
import type { ContentView } from "../src/api/types.ts";

const NOTHING: ContentView = {
  input_messages: null,
  output_messages: null,
  system_instructions: null,
  tool_definitions: null,
  tool_arguments: null,
  tool_result: null,
};

const QUESTION = "Where is my order 48213? It was due on Tuesday.";

const SYSTEM =
  "You are the support assistant of Harbour & Pine, a small homeware shop. Answer in at most four sentences. " +
  "Look up orders before you speak about them. Never promise a refund above 40 € without approval.";

const TOOLS = [
  {
    type: "function",
    name: "look_up_order",
    description: "Find one order with its items, state and tracking.",
    parameters: {
      type: "object",
      properties: { order_id: { type: "string" }, with_tracking: { type: "boolean", default: true } },
      required: ["order_id"],
    },
  },
  { type: "function", name: "issue_refund", description: "Refund part of an order; needs approval above 40 €." },
];

const ORDER = {
  order_id: "48213",
  state: "in_transit",
  carrier: "DHL",
  promised: "2026-11-17",
  expected: "2026-11-22",
  items: [
    { sku: "KET-02", name: "Stovetop kettle", quantity: 1, price: 54.0 },
    { sku: "MUG-11", name: "Mug, slate", quantity: 4, price: 9.5 },
  ],
};

const ARGUMENTS = { order_id: "48213", with_tracking: true };

/** Content of the call that decides to use a tool. */
export function asksForTool(): ContentView {
  return {
    ...NOTHING,
    system_instructions: [{ type: "text", content: SYSTEM }],
    tool_definitions: TOOLS,
    input_messages: [said("user", QUESTION)],
    output_messages: [
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: "The customer names an order. I have to look it up before answering." },
          { type: "tool_call", id: "call_9f2c", name: "look_up_order", arguments: ARGUMENTS },
        ],
        finish_reason: "tool_call",
      },
    ],
  };
}

/** Content of the call that answers with what the tool said. */
export function answers(): ContentView {
  return {
    ...NOTHING,
    system_instructions: [{ type: "text", content: SYSTEM }],
    tool_definitions: TOOLS,
    input_messages: [
      said("user", QUESTION),
      {
        role: "assistant",
        parts: [{ type: "tool_call", id: "call_9f2c", name: "look_up_order", arguments: ARGUMENTS }],
      },
      { role: "tool", parts: [{ type: "tool_call_response", id: "call_9f2c", response: ORDER }] },
    ],
    output_messages: [
      said(
        "assistant",
        "I'm sorry about the wait: order 48213 left our warehouse on Monday and DHL now expects to deliver it on Sunday, " +
          "22 November, five days later than promised.\n\nYou can follow it with the tracking link in your e-mail. " +
          "If it has not arrived by Monday, write to me again and I will send a replacement at once.",
      ),
    ],
  };
}

/** Content that someone hostile, or merely unlucky, sent. */
export function hostile(): ContentView {
  return {
    ...NOTHING,
    input_messages: [
      said("user", `<script>document.title = "owned"</script><img src=x onerror="document.title='owned'">`),
      said("user", "[click me](javascript:alert(1)) \u202Egnp.exe ‮ 𝒽𝒾 👩‍👩‍👧‍👦 \u0000 end"),
      said("user", "long ".repeat(60_000)),
      {
        role: "robot<b>",
        parts: [{ type: "hologram", lumens: 12 }, 42, null, { type: "uri", uri: "javascript:alert(1)" }],
      },
    ],
    output_messages: [{ role: "assistant", parts: "none", finish_reason: 7 }],
  };
}

export function toolContent(): ContentView {
  return {
    ...NOTHING,
    tool_arguments: ARGUMENTS,
    tool_result: ORDER,
  };
}

function said(role: string, content: string): Readonly<Record<string, unknown>> {
  return { role, parts: [{ type: "text", content }] };
}
