/** The columns that every table of model calls has: calls, failures, tokens, times and cost. */
import type { Figures } from "../api/types.ts";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { compact, count, percent } from "../format/number.ts";
import type { Column } from "./Table.tsx";

export function callColumns<T extends { readonly figures: Figures }>(): readonly Column<T>[] {
  return [
    { head: "Calls", cell: ({ figures }) => count(figures.calls) },
    {
      head: "Failed",
      cell: ({ figures: { errors, calls } }) => (errors > 0 ? `${count(errors)} · ${percent(errors, calls)}` : "–"),
      tone: ({ figures }) => (figures.errors > 0 ? "error" : "muted"),
    },
    {
      head: "In",
      cell: ({ figures }) => compact(figures.tokens.input),
      title: ({ figures }) => `${count(figures.tokens.input)} input tokens`,
    },
    {
      head: "Out",
      cell: ({ figures }) => compact(figures.tokens.output),
      title: ({ figures }) => `${count(figures.tokens.output)} output tokens`,
    },
    costColumn(),
  ];
}

export function timeColumns<T extends { readonly figures: Figures }>(): readonly Column<T>[] {
  return [
    { head: "p50", cell: ({ figures }) => duration(figures.duration.p50) },
    { head: "p95", cell: ({ figures }) => duration(figures.duration.p95) },
    { head: "First token p50", cell: ({ figures }) => duration(figures.first_token.p50) },
  ];
}

function costColumn<T extends { readonly figures: Figures }>(): Column<T> {
  return {
    head: "Cost",
    cell: ({ figures }) => money(figures.cost),
    title: ({ figures }) => moneyDetail(figures.cost),
    tone: ({ figures: { cost } }) => (cost.calls === 0 ? "muted" : cost.amount === null ? "warn" : undefined),
  };
}
