/** The pages of the rail: what they are called, and the keys that go there. */
import type { ListName } from "../address/address.ts";

export interface Entry {
  readonly name: ListName | "overview";
  readonly title: string;
  /** The key after `g` that goes there. */
  readonly key: string;
}

/** In the order of the rail. */
export const ENTRIES: readonly Entry[] = [
  { name: "overview", title: "Overview", key: "o" },
  { name: "traces", title: "Traces", key: "t" },
  { name: "sessions", title: "Sessions", key: "s" },
  { name: "cost", title: "Cost", key: "c" },
  { name: "models", title: "Models", key: "m" },
  { name: "users", title: "Users", key: "u" },
  { name: "prompts", title: "Prompts", key: "p" },
  { name: "quality", title: "Quality", key: "q" },
  { name: "errors", title: "Errors", key: "e" },
  { name: "agents", title: "Agents", key: "a" },
  { name: "tools", title: "Tools", key: "i" },
  { name: "time", title: "Time", key: "d" },
  { name: "series", title: "Metrics", key: "n" },
  { name: "logs", title: "Logs", key: "l" },
  { name: "status", title: "Status", key: "h" },
];
