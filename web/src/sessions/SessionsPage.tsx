/** The conversations, the latest first. */
import { usePaged } from "../api/queries.ts";
import type { SessionRow, Sessions } from "../api/types.ts";
import { filtered, onPage, type Address } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { compact, count } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Table, type Column } from "../frame/Table.tsx";

export function SessionsPage() {
  const address = useAddress();
  const asked = usePaged<Sessions>("/api/v1/sessions", address);
  const columns: readonly Column<SessionRow>[] = [
    {
      head: "Session",
      cell: (row) => (
        <Link to={onPage(address, { name: "session", id: row.session_id })}>{headline(row.session_id, 60)}</Link>
      ),
    },
    { head: "User", words: true, cell: (row) => <Who id={row.user_id} address={address} /> },
    { head: "Last", cell: (row) => moment(row.end, address.zone, Date.now() / 1e3) },
    { head: "Lasted", cell: (row) => duration(row.duration) },
    { head: "Turns", cell: (row) => count(row.turns) },
    { head: "Calls", cell: (row) => count(row.calls) },
    {
      head: "Errors",
      cell: (row) => (row.errors > 0 ? count(row.errors) : "–"),
      tone: (row) => (row.errors > 0 ? "error" : "muted"),
    },
    {
      head: "Tokens",
      cell: ({ tokens }) =>
        compact(tokens.input === null && tokens.output === null ? null : (tokens.input ?? 0) + (tokens.output ?? 0)),
    },
    { head: "Cost", cell: (row) => money(row.cost), title: (row) => moneyDetail(row.cost) },
    { head: "Feature", words: true, cell: (row) => row.features.map((name) => headline(name, 30)).join(", ") || "–" },
  ];
  return (
    <Answer
      title="Sessions"
      asked={asked}
      isEmpty={({ pages }) => pages[0]?.sessions.length === 0}
      teach={<TeachSessions />}
    >
      {({ pages }) => (
        <Table
          label="Sessions"
          columns={columns}
          rows={pages.flatMap((page) => page.sessions)}
          id={(row) => row.session_id}
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
        />
      )}
    </Answer>
  );
}

function Who({ id, address }: { readonly id: string | null; readonly address: Address }) {
  if (id === null) return "–";
  return <Link to={filtered(onPage(address, { name: "sessions" }), { user: id })}>{headline(id, 40)}</Link>;
}

function TeachSessions() {
  return (
    <div className="teach">
      <h2>No trace in this time range belongs to a session</h2>
      <p>Say which conversation the work belongs to, around it:</p>
      <pre className="code">{`with spanglass.context(session_id="chat-42"):\n    answer(question)`}</pre>
    </div>
  );
}
