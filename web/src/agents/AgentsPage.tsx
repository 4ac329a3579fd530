/** The agents: how their runs go, and who calls whom. */
import { useAsked } from "../api/queries.ts";
import type { AgentRuns, Agents, GraphEdge, GraphNode } from "../api/types.ts";
import { filtered, onPage, type Address } from "../address/address.ts";
import { term } from "../address/language.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { dollars, money, moneyDetail } from "../format/money.ts";
import { compact, count, percent } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { Answer } from "../frame/Answer.tsx";
import { Table, type Column } from "../frame/Table.tsx";

const runs = (address: Address): readonly Column<AgentRuns>[] => [
  {
    head: "Agent",
    cell: (row) => (
      <Link to={filtered(onPage(address, { name: "traces" }), { q: term("agent", row.agent) })}>
        {headline(row.agent, 60)}
      </Link>
    ),
  },
  { head: "Runs", cell: (row) => count(row.runs) },
  {
    head: "Failed",
    cell: (row) => (row.errors > 0 ? `${count(row.errors)} · ${percent(row.errors, row.runs)}` : "–"),
    tone: (row) => (row.errors > 0 ? "error" : "muted"),
  },
  { head: "Steps p50", cell: (row) => compact(row.steps.p50) },
  { head: "Steps p95", cell: (row) => compact(row.steps.p95) },
  { head: "p50", cell: (row) => duration(row.duration.p50) },
  { head: "p95", cell: (row) => duration(row.duration.p95) },
  { head: "A run p50", cell: (row) => (row.cost.p50 === null ? "–" : dollars(row.cost.p50)) },
  { head: "A run p95", cell: (row) => (row.cost.p95 === null ? "–" : dollars(row.cost.p95)) },
];

export function AgentsPage() {
  const address = useAddress();
  const asked = useAsked<Agents>("/api/v1/agents", address);
  return (
    <Answer title="Agents" asked={asked} isEmpty={({ nodes }) => nodes.length === 0} teach={<TeachAgents />}>
      {(answer) => {
        const named = new Map(answer.nodes.map((node) => [node.id, node]));
        return (
          <>
            <p className="muted number">
              From the newest {count(answer.traces_read)} of {count(answer.traces_seen)} traces with agents.
            </p>
            <Table label="Runs" columns={runs(address)} rows={answer.agents} id={(row) => row.agent} />
            <h2 className="question-part">Who calls whom</h2>
            <Table
              label="Who calls whom"
              columns={edges(named)}
              rows={answer.edges}
              id={(edge) => `${edge.caller}\u0000${edge.callee}`}
            />
          </>
        );
      }}
    </Answer>
  );
}

function edges(named: ReadonlyMap<string, GraphNode>): readonly Column<GraphEdge>[] {
  const callee = (edge: GraphEdge) => named.get(edge.callee);
  return [
    { head: "From", cell: (edge) => words(named.get(edge.caller)) },
    { head: "To", words: true, cell: (edge) => words(callee(edge)) },
    { head: "Times", cell: (edge) => count(edge.count) },
    {
      head: "Failed",
      cell: (edge) => (edge.errors > 0 ? `${count(edge.errors)} · ${percent(edge.errors, edge.count)}` : "–"),
      tone: (edge) => (edge.errors > 0 ? "error" : "muted"),
    },
    { head: "p50", cell: (edge) => duration(edge.p50) },
    {
      head: "Cost of all calls",
      cell: (edge) => money(callee(edge)?.cost ?? NOTHING),
      title: (edge) => moneyDetail(callee(edge)?.cost ?? NOTHING),
    },
  ];
}

const NOTHING = { amount: null, reported: null, computed: null, estimated: null, calls: 0, unpriced: 0 } as const;

function words(node: GraphNode | undefined) {
  if (node === undefined) return "–";
  return (
    <>
      <span className="muted">{node.kind}</span> {headline(node.name ?? "unnamed", 60)}
    </>
  );
}

function TeachAgents() {
  return (
    <div className="teach">
      <h2>No agent worked in this time range</h2>
      <p>Name an agent where it runs:</p>
      <pre className="code">{`@spanglass.agent\ndef helper(question):\n    ...`}</pre>
    </div>
  );
}
