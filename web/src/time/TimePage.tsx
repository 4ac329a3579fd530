/** Where the time went, over many traces: the model, tools, databases, queues, a person, anything else. */
import { useAsked } from "../api/queries.ts";
import type { SlowTrace, TimeGroup, TimeSpent, WorkShare } from "../api/types.ts";
import { filtered, onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { count, percent } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { Answer } from "../frame/Answer.tsx";
import { Table, type Column } from "../frame/Table.tsx";
import { workLabel } from "../trace/work.ts";
import { ShareBar } from "./ShareBar.tsx";

export function TimePage() {
  const address = useAddress();
  const asked = useAsked<TimeSpent>("/api/v1/time", address);
  const groups = (filter: "feature" | "service"): readonly Column<TimeGroup>[] => [
    {
      head: filter === "feature" ? "Feature" : "Service",
      cell: (group) =>
        group.name === null ? (
          <span className="muted">none</span>
        ) : (
          <Link to={filtered(onPage(address, { name: "traces" }), { [filter]: group.name })}>
            {headline(group.name, 60)}
          </Link>
        ),
    },
    { head: "Traces", cell: (group) => count(group.figures.traces) },
    { head: "Where", words: true, cell: (group) => <ShareBar shares={group.figures.where} /> },
    { head: "p50", cell: (group) => duration(group.figures.duration.p50) },
    { head: "p95", cell: (group) => duration(group.figures.duration.p95) },
    {
      head: "Not the model, p95",
      title: () => "Share of a trace that is not spent in a model",
      cell: (group) => (group.figures.not_llm.p95 === null ? "–" : percent(group.figures.not_llm.p95, 1)),
    },
  ];
  const slow: readonly Column<SlowTrace>[] = [
    {
      head: "Slowest",
      cell: (trace) => (
        <Link to={onPage(address, { name: "trace", id: trace.trace_id })}>{headline(trace.name, 60)}</Link>
      ),
    },
    { head: "Duration", cell: (trace) => duration(trace.duration) },
    { head: "Where", words: true, cell: (trace) => <ShareBar shares={trace.where} /> },
    { head: "Most of it", words: true, cell: (trace) => mostOf(trace.where) },
  ];
  return (
    <Answer title="Where the time went" asked={asked} isEmpty={({ traces_read }) => traces_read === 0}>
      {(answer) => (
        <>
          <p className="muted number">
            From the newest {count(answer.traces_read)} of {count(answer.traces_seen)} traces. p50{" "}
            {duration(answer.totals.duration.p50)}, p95 {duration(answer.totals.duration.p95)}.
          </p>
          <ShareBar shares={answer.totals.where} labelled />
          <Table
            label="By feature"
            columns={groups("feature")}
            rows={answer.features}
            id={(group) => group.name ?? "\u0000"}
          />
          <Table
            label="By service"
            columns={groups("service")}
            rows={answer.services}
            id={(group) => group.name ?? "\u0000"}
          />
          <Table label="Slowest" columns={slow} rows={answer.slowest} id={(trace) => trace.trace_id} />
        </>
      )}
    </Answer>
  );
}

function mostOf(shares: readonly WorkShare[]): string {
  const [first] = shares;
  return first === undefined ? "–" : `${workLabel(first.work)} ${percent(first.share, 1)}`;
}
