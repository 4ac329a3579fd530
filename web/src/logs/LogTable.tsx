/** Log records as a table: when, how grave, who, what. */
import type { LogRow } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { headline } from "../format/text.ts";
import { full, moment } from "../format/time.ts";
import { Table, type Column } from "../frame/Table.tsx";

interface Props {
  readonly label?: string;
  readonly rows: readonly LogRow[];
  readonly onMore?: (() => void) | undefined;
  /** Leave out what is the same for all of a trace. */
  readonly ofTrace?: boolean;
}

const ERROR = 17;
const WARN = 13;

export function LogTable({ label = "Logs", rows, onMore, ofTrace = false }: Props) {
  const address = useAddress();
  const time: Column<LogRow> = {
    head: "Time",
    cell: (row) => moment(row.time, address.zone, Date.now() / 1e3),
    title: (row) => full(row.time, address.zone),
  };
  const level: Column<LogRow> = {
    head: "Level",
    words: true,
    cell: (row) => headline(row.severity_text ?? row.level ?? "–", 12),
    tone: ({ severity }) => ((severity ?? 0) >= ERROR ? "error" : (severity ?? 0) >= WARN ? "warn" : "muted"),
  };
  const said: Column<LogRow> = {
    head: "Message",
    words: true,
    wide: true,
    cell: (row) => headline(message(row), 300),
    title: (row) => headline(message(row), 2_000),
  };
  const trace: Column<LogRow> = {
    head: "Trace",
    words: true,
    cell: (row) =>
      row.trace_id === null ? (
        "–"
      ) : (
        <Link to={{ ...onPage(address, { name: "trace", id: row.trace_id }), span: row.span_id }}>
          {row.trace_id.slice(0, 8)}
        </Link>
      ),
  };
  const service: Column<LogRow> = { head: "Service", words: true, cell: (row) => headline(row.service ?? "–", 40) };
  const columns = ofTrace ? [time, level, said] : [time, level, service, said, trace];
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows}
      id={(row) => `${row.time_ns}/${row.span_id ?? ""}/${message(row)}`}
      onMore={onMore}
    />
  );
}

function message(row: LogRow): string {
  if (typeof row.body === "string") return row.body;
  return row.body === null || row.body === undefined ? (row.event ?? "") : JSON.stringify(row.body);
}
