/** Whether all that was sent arrived, and how the server is. */
import { useAsked, useHealth } from "../api/queries.ts";
import type { Sources } from "../api/types.ts";
import { useAddress } from "../address/useAddress.ts";
import { count } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Table, type Column } from "../frame/Table.tsx";
import { ServerFigures } from "./ServerFigures.tsx";

interface Account {
  readonly source: Sources["sources"][number];
  readonly account: Sources["sources"][number]["signals"][number];
}

export function StatusPage() {
  const address = useAddress();
  const asked = useAsked<Sources>("/api/v1/sources", { ...address, filters: {} });
  const health = useHealth().data;
  const columns: readonly Column<Account>[] = [
    {
      head: "Source",
      cell: ({ source }) => (
        <>
          {headline(source.service ?? "unnamed", 40)}{" "}
          <span className="muted">{headline((source.instance ?? "").slice(0, 8), 20)}</span>
        </>
      ),
    },
    { head: "Signal", words: true, cell: ({ account }) => account.signal },
    { head: "Sent", cell: ({ account }) => count(account.sent) },
    { head: "Stored", cell: ({ account }) => count(account.stored) },
    {
      head: "Missing",
      cell: ({ account }) => (account.missing > 0 ? count(account.missing) : "–"),
      tone: ({ account }) => (account.missing > 0 ? "warn" : "muted"),
    },
    {
      head: "Dropped by the sender",
      words: true,
      cell: ({ account }) => account.dropped.map((drop) => `${count(drop.items)} ${drop.reason}`).join(", ") || "–",
      tone: ({ account }) => (account.dropped.length > 0 ? "warn" : "muted"),
    },
    { head: "Reported", cell: ({ source }) => moment(source.reported, address.zone, Date.now() / 1e3) },
  ];
  return (
    <>
      {health !== undefined && <ServerFigures health={health} />}
      <Answer
        title="Sent and stored"
        asked={asked}
        isEmpty={({ sources }) => sources.length === 0}
        teach={
          <div className="teach">
            <h2>No process reported of itself in this time range</h2>
            <p>
              Applications with the spanglass SDK say every minute what they sent; others send, and say nothing of it.
            </p>
          </div>
        }
      >
        {({ sources }) => (
          <Table
            label="Sources"
            columns={columns}
            rows={sources.flatMap((source) => source.signals.map((account) => ({ source, account })))}
            id={({ source, account }) => `${source.service ?? ""}/${source.instance ?? ""}/${account.signal}`}
          />
        )}
      </Answer>
    </>
  );
}
