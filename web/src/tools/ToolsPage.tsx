/** The tools that agents use: how often, how long, how well. */
import { usePaged } from "../api/queries.ts";
import type { Tool, Tools } from "../api/types.ts";
import { filtered, onPage } from "../address/address.ts";
import { term } from "../address/language.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { count, percent } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { Answer } from "../frame/Answer.tsx";
import { Table, type Column } from "../frame/Table.tsx";

export function ToolsPage() {
  const address = useAddress();
  const asked = usePaged<Tools>("/api/v1/tools", address);
  const columns: readonly Column<Tool>[] = [
    {
      head: "Tool",
      cell: (tool) => (
        <Link to={filtered(onPage(address, { name: "traces" }), { q: term("tool", tool.name) })}>
          {headline(tool.name, 60)}
        </Link>
      ),
    },
    { head: "Calls", cell: (tool) => count(tool.calls) },
    {
      head: "Failed",
      cell: (tool) => (tool.errors > 0 ? `${count(tool.errors)} · ${percent(tool.errors, tool.calls)}` : "–"),
      tone: (tool) => (tool.errors > 0 ? "error" : "muted"),
    },
    { head: "p50", cell: (tool) => duration(tool.duration.p50) },
    { head: "p95", cell: (tool) => duration(tool.duration.p95) },
    {
      head: "Used by",
      words: true,
      cell: (tool) => tool.agents.map(({ agent }) => headline(agent ?? "no agent", 30)).join(", ") || "–",
    },
    {
      head: "Last failure",
      words: true,
      cell: ({ last_failure: failure }) =>
        failure === null ? (
          "–"
        ) : (
          <Link to={{ ...onPage(address, { name: "trace", id: failure.trace_id }), span: failure.span_id }}>
            {headline(failure.message ?? failure.type ?? "failed", 80)}
          </Link>
        ),
    },
  ];
  return (
    <Answer title="Tools" asked={asked} isEmpty={({ pages }) => pages[0]?.tools.length === 0} teach={<TeachTools />}>
      {({ pages }) => (
        <Table
          label="Tools"
          columns={columns}
          rows={pages.flatMap((page) => page.tools)}
          id={(tool) => tool.name}
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
        />
      )}
    </Answer>
  );
}

function TeachTools() {
  return (
    <div className="teach">
      <h2>No tool ran in this time range</h2>
      <p>Name a tool where it is defined:</p>
      <pre className="code">{`@spanglass.tool\ndef search_orders(number):\n    ...`}</pre>
    </div>
  );
}
