/** The metrics that were sent; each leads to its lines over time. */
import { usePaged } from "../api/queries.ts";
import type { MetricRow, Metrics } from "../api/types.ts";
import { narrowedTo, onPage, type Filter } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { compact, count } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Table, type Column } from "../frame/Table.tsx";

/** The filters that metrics know. */
export const KNOWN: readonly Filter[] = ["service", "environment"];

export function MetricsPage() {
  const address = useAddress();
  const asked = usePaged<Metrics>("/api/v1/metrics", narrowedTo(address, KNOWN));
  const columns: readonly Column<MetricRow>[] = [
    {
      head: "Metric",
      cell: (row) => <Link to={onPage(address, { name: "metric", id: row.name })}>{headline(row.name, 80)}</Link>,
    },
    { head: "Kind", words: true, cell: (row) => row.kind },
    { head: "Unit", words: true, cell: (row) => headline(row.unit ?? "–", 20) },
    { head: "Services", words: true, cell: (row) => headline(row.services.join(", "), 80) },
    { head: "Series", cell: (row) => count(row.series) },
    { head: "Points", cell: (row) => compact(row.points) },
    { head: "Latest", cell: (row) => moment(row.latest, address.zone, Date.now() / 1e3) },
  ];
  return (
    <Answer
      title="Metrics"
      asked={asked}
      isEmpty={({ pages }) => pages[0]?.metrics.length === 0}
      teach={
        <div className="teach">
          <h2>No metric arrived in this time range</h2>
          <p>Applications with the spanglass SDK send metrics every minute; any OTLP exporter may.</p>
        </div>
      }
    >
      {({ pages }) => (
        <Table
          label="Metrics"
          columns={columns}
          rows={pages.flatMap((page) => page.metrics)}
          id={(row) => `${row.name}\u0000${row.kind}\u0000${row.unit ?? ""}\u0000${row.temporality ?? ""}`}
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
        />
      )}
    </Answer>
  );
}
