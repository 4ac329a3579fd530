/** The kinds of work in words; colour and shape have the same keys. */

const LABELS: Readonly<Record<string, string>> = {
  llm: "LLM",
  tool: "Tool",
  agent: "Agent",
  retrieval: "Retrieval",
  db: "Database",
  queue: "Queue",
  http: "HTTP",
  waiting: "Waiting",
  other: "Other",
};

export function workLabel(work: string): string {
  return LABELS[work] ?? "Other";
}

/** A kind that the styles know. */
export function workKey(work: string): string {
  return work in LABELS ? work : "other";
}
