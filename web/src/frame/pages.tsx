/** Every page: what it is called, its drawing in the rail, and what shows it. */
import type { ReactNode } from "react";
import type { ListName, Page } from "../address/address.ts";
import { CostPage } from "../cost/CostPage.tsx";
import { ModelsPage } from "../models/ModelsPage.tsx";
import { OverviewPage } from "../overview/OverviewPage.tsx";
import { PromptPage } from "../prompts/PromptPage.tsx";
import { PromptsPage } from "../prompts/PromptsPage.tsx";
import { StatusPage } from "../status/StatusPage.tsx";
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
  { name: "cost", title: "Cost", key: "c" },
  { name: "models", title: "Models", key: "m" },
  { name: "users", title: "Users", key: "u" },
  { name: "prompts", title: "Prompts", key: "p" },
  { name: "status", title: "Status", key: "s" },
];

/** What shows a page. */
export function show(page: Page): ReactNode {
  switch (page.name) {
    case "traces":
      return <TracesPage />;
    case "trace":
      return <TracePage key={page.id} id={page.id} />;
    case "cost":
      return <CostPage />;
    case "models":
      return <ModelsPage />;
    case "users":
      return <UsersPage />;
    case "prompts":
      return <PromptsPage />;
    case "prompt":
      return <PromptPage name={page.id} />;
    case "status":
      return <StatusPage />;
    default:
      return <OverviewPage />;
  }
}
