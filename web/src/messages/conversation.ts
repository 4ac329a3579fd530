/** Reads what a span says was said: the server gives every dialect in one shape. What is not in it is shown as it came. Pure. */
import type { ContentView } from "../api/types.ts";

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "call"; readonly name: string; readonly id: string | null; readonly arguments: unknown }
  | { readonly kind: "result"; readonly id: string | null; readonly response: unknown }
  | { readonly kind: "media"; readonly what: string; readonly where: string; readonly transcript: string | null }
  | { readonly kind: "other"; readonly type: string; readonly value: unknown };

export interface Message {
  readonly role: string;
  readonly name: string | null;
  readonly parts: readonly Part[];
  readonly finishReason: string | null;
}

export interface Tool {
  readonly name: string;
  readonly description: string | null;
  readonly parameters: unknown;
}

export interface Conversation {
  readonly system: readonly Part[];
  readonly input: readonly Message[];
  readonly output: readonly Message[];
  readonly tools: readonly Tool[];
}

export interface ToolCall {
  readonly arguments: unknown;
  readonly result: unknown;
}

/** The conversation of a span; null where nobody said anything. */
export function readConversation(content: ContentView | null): Conversation | null {
  if (content === null) return null;
  const conversation = {
    system: (content.system_instructions ?? []).map(readPart),
    input: (content.input_messages ?? []).map(readMessage),
    output: (content.output_messages ?? []).map(readMessage),
    tools: (content.tool_definitions ?? []).flatMap(readTool),
  };
  const { system, input, output, tools } = conversation;
  return system.length + input.length + output.length + tools.length === 0 ? null : conversation;
}

/** What a tool was asked and what it answered; null where neither was captured. */
export function readToolCall(content: ContentView | null): ToolCall | null {
  const [given, result] = [content?.tool_arguments ?? null, content?.tool_result ?? null];
  return given === null && result === null ? null : { arguments: unfold(given), result: unfold(result) };
}

/** JSON inside a string, opened; any other value as it is. */
export function unfold(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  const parsed = parse(value);
  return parsed === undefined ? value : parsed;
}

/** Any value as text: strings as they are, the rest as indented JSON. */
export function show(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  return JSON.stringify(value, null, 2);
}

function readMessage(value: unknown): Message {
  if (!isRecord(value)) return { role: "unknown", name: null, parts: [readPart(value)], finishReason: null };
  return {
    role: text(value.role) ?? "unknown",
    name: text(value.name),
    parts: Array.isArray(value.parts) ? value.parts.map(readPart) : [],
    finishReason: text(value.finish_reason),
  };
}

function readPart(value: unknown): Part {
  if (typeof value === "string") return { kind: "text", text: value };
  if (!isRecord(value)) return { kind: "other", type: "unknown", value };
  const type = text(value.type) ?? "unknown";
  switch (type) {
    case "text":
      return { kind: "text", text: show(value.content ?? "") };
    case "reasoning":
      return { kind: "reasoning", text: show(value.content ?? "") };
    case "tool_call":
    case "server_tool_call":
      return { kind: "call", name: text(value.name) ?? "unknown", id: text(value.id), arguments: given(value) };
    case "tool_call_response":
    case "server_tool_call_response":
      return { kind: "result", id: text(value.id), response: unfold(answered(value)) };
    case "blob":
    case "file":
    case "uri":
      return readMedia(type, value);
    default:
      return { kind: "other", type, value };
  }
}

function given(value: Readonly<Record<string, unknown>>): unknown {
  return unfold(value.arguments ?? value.server_tool_call);
}

function answered(value: Readonly<Record<string, unknown>>): unknown {
  return value.response ?? value.result ?? value.server_tool_call_response;
}

function readMedia(type: string, value: Readonly<Record<string, unknown>>): Part {
  const what = text(value.mime_type) ?? text(value.modality) ?? "media";
  const transcript = text(value.transcript);
  if (type === "uri") return { kind: "media", what, where: text(value.uri) ?? "", transcript };
  if (type === "file") return { kind: "media", what, where: `file ${text(value.file_id) ?? ""}`, transcript };
  const bytes = Math.floor(((text(value.content)?.length ?? 0) * 3) / 4);
  return { kind: "media", what, where: `${bytes.toLocaleString("en-US")} bytes, not shown`, transcript };
}

function readTool(value: unknown): readonly Tool[] {
  if (!isRecord(value)) return [];
  const name = text(value.name) ?? text(value.type);
  return name === null ? [] : [{ name, description: text(value.description), parameters: value.parameters }];
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
