/** Every page, and what shows it. */
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
