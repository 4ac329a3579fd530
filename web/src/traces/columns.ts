/** The columns of the trace list; narrow screens drop the later ones by class. */

export const COLUMNS = [
  { key: "time", title: "Time" },
  { key: "name", title: "Trace" },
  { key: "service", title: "Service" },
  { key: "models", title: "Models" },
  { key: "user", title: "User" },
  { key: "calls", title: "Calls" },
  { key: "tokens", title: "Tokens in / out" },
  { key: "first", title: "First token" },
  { key: "duration", title: "Duration" },
  { key: "cost", title: "Cost" },
] as const;
