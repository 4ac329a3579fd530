/** Every page: what it is called, its drawing in the rail, and what shows it. */
import type { ReactNode } from "react";
import type { ListName, OneName, Page } from "../address/address.ts";
import { AgentsPage } from "../agents/AgentsPage.tsx";
import { CostPage } from "../cost/CostPage.tsx";
import { ErrorPage } from "../errors/ErrorPage.tsx";
import { ErrorsPage } from "../errors/ErrorsPage.tsx";
import { LogsPage } from "../logs/LogsPage.tsx";
import { MetricPage } from "../metrics/MetricPage.tsx";
import { MetricsPage } from "../metrics/MetricsPage.tsx";
import { ModelsPage } from "../models/ModelsPage.tsx";
import { OverviewPage } from "../overview/OverviewPage.tsx";
import { PromptPage } from "../prompts/PromptPage.tsx";
import { PromptsPage } from "../prompts/PromptsPage.tsx";
import { QualityPage } from "../quality/QualityPage.tsx";
import { SessionPage } from "../sessions/SessionPage.tsx";
import { SessionsPage } from "../sessions/SessionsPage.tsx";
import { StatusPage } from "../status/StatusPage.tsx";
import { TimePage } from "../time/TimePage.tsx";
import { ToolsPage } from "../tools/ToolsPage.tsx";
import { TracePage } from "../trace/TracePage.tsx";
import { TracesPage } from "../traces/TracesPage.tsx";
import { UsersPage } from "../users/UsersPage.tsx";

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

const LISTS: Readonly<Record<ListName | "overview", () => ReactNode>> = {
  overview: () => <OverviewPage />,
  traces: () => <TracesPage />,
  sessions: () => <SessionsPage />,
  cost: () => <CostPage />,
  models: () => <ModelsPage />,
  users: () => <UsersPage />,
  prompts: () => <PromptsPage />,
  quality: () => <QualityPage />,
  errors: () => <ErrorsPage />,
  agents: () => <AgentsPage />,
  tools: () => <ToolsPage />,
  time: () => <TimePage />,
  series: () => <MetricsPage />,
  logs: () => <LogsPage />,
  status: () => <StatusPage />,
};

const ONES: Readonly<Record<OneName, (id: string) => ReactNode>> = {
  trace: (id) => <TracePage key={id} id={id} />,
  session: (id) => <SessionPage key={id} id={id} />,
  prompt: (id) => <PromptPage key={id} name={id} />,
  error: (id) => <ErrorPage key={id} id={id} />,
  metric: (id) => <MetricPage key={id} name={id} />,
};

/** What shows a page. */
export function show(page: Page): ReactNode {
  return "id" in page ? ONES[page.name](page.id) : LISTS[page.name]();
}
