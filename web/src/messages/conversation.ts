/** Reads the captured content of a span (GenAI conventions' message schema), tolerating whatever else is there. Pure. */
import type { Attributes } from "../api/types.ts";

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
  /** Content that is there but cannot be read, such as JSON cut by a length limit: attribute and text. */
  readonly unreadable: readonly { readonly attribute: string; readonly text: string }[];
}

export const CONTENT_ATTRIBUTES = [
  "gen_ai.system_instructions",
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.tool.definitions",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
] as const;

/** The conversation a span holds; null where no content was captured. */
export function readConversation(attributes: Attributes): Conversation | null {
  const unreadable: { attribute: string; text: string }[] = [];
  const list = (attribute: string): readonly unknown[] => {
    const value = attributes[attribute];
    if (value === undefined || value === null) return [];
    const parsed = typeof value === "string" ? parse(value) : value;
    if (Array.isArray(parsed)) return parsed as readonly unknown[];
    if (isRecord(parsed)) return [parsed];
    unreadable.push({ attribute, text: typeof value === "string" ? value : show(value) });
    return [];
  };
  const conversation = {
    system: list("gen_ai.system_instructions").map(readPart),
    input: list("gen_ai.input.messages").map(readMessage),
    output: list("gen_ai.output.messages").map(readMessage),
    tools: list("gen_ai.tool.definitions").flatMap(readTool),
    unreadable,
  };
  const { system, input, output, tools } = conversation;
  return system.length + input.length + output.length + tools.length + unreadable.length === 0 ? null : conversation;
}

/** What a tool span holds: what it was asked and what it answered; null where no content was captured. */
export function readToolCall(attributes: Attributes): { arguments: unknown; result: unknown } | null {
  const given = attributes["gen_ai.tool.call.arguments"];
  const result = attributes["gen_ai.tool.call.result"];
  if (given === undefined && result === undefined) return null;
  return { arguments: unfold(given), result: unfold(result) };
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
    parts: readParts(value),
    finishReason: text(value.finish_reason),
  };
}

/** `parts` as the conventions say; else `content` and `tool_calls` as OpenAI's API has them. */
function readParts(message: Readonly<Record<string, unknown>>): readonly Part[] {
  if (Array.isArray(message.parts)) return message.parts.map(readPart);
  const parts: Part[] = [];
  const { content } = message;
  if (message.role === "tool" && content !== undefined) {
    return [{ kind: "result", id: text(message.tool_call_id), response: unfold(content) }];
  }
  if (typeof content === "string") parts.push({ kind: "text", text: content });
  else if (Array.isArray(content)) parts.push(...content.map(readPart));
  if (Array.isArray(message.tool_calls)) parts.push(...message.tool_calls.map(readOpenAiToolCall));
  return parts;
}

function readOpenAiToolCall(value: unknown): Part {
  const call = isRecord(value) ? value : {};
  const target = isRecord(call.function) ? call.function : call;
  return { kind: "call", name: text(target.name) ?? "unknown", id: text(call.id), arguments: unfold(target.arguments) };
}

function readPart(value: unknown): Part {
  if (typeof value === "string") return { kind: "text", text: value };
  if (!isRecord(value)) return { kind: "other", type: "unknown", value };
  const type = text(value.type) ?? "unknown";
  switch (type) {
    case "text":
    case "input_text":
    case "output_text":
      return { kind: "text", text: show(value.content ?? value.text ?? "") };
    case "reasoning":
    case "thinking":
      return { kind: "reasoning", text: show(value.content ?? value.text ?? value.thinking ?? "") };
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
  const tool = isRecord(value.function) ? value.function : value;
  const name = text(tool.name) ?? text(tool.type);
  return name === null ? [] : [{ name, description: text(tool.description), parameters: tool.parameters }];
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
