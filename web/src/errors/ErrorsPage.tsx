/** What goes wrong, grouped by cause. */
import { usePaged } from "../api/queries.ts";
import type { ErrorGroup, Errors } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { count } from "../format/number.ts";
import { errorType, headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Choice } from "../frame/Choice.tsx";
import { Spark } from "../frame/Spark.tsx";
import { Table, type Column } from "../frame/Table.tsx";

const ORDERS = [
  ["frequent", "Most frequent first"],
  ["recent", "Latest first"],
] as const;

export function ErrorsPage() {
  const address = useAddress();
  const asked = usePaged<Errors>("/api/v1/errors", address, { sort: address.choices.sort });
  const columns: readonly Column<ErrorGroup>[] = [
    {
      head: "Error",
      cell: (group) => (
        <>
          <Link to={onPage(address, { name: "error", id: group.group })}>{headline(errorType(group.type), 60)}</Link>
          {group.is_new && (
            <span className="badge" title="Not seen in the period before">
              new
            </span>
          )}
        </>
      ),
    },
    {
      head: "Message",
      words: true,
      wide: true,
      cell: (group) => headline(group.message ?? "–", 300),
      title: (group) => headline(group.message ?? "", 500),
      tone: () => "muted",
    },
    { head: "Over time", words: true, cell: (group) => <Spark values={group.over_time} /> },
    { head: "Count", cell: (group) => count(group.count), tone: () => "error" },
    { head: "Recovered", cell: (group) => (group.recovered > 0 ? count(group.recovered) : "–"), tone: () => "muted" },
    { head: "Traces", cell: (group) => count(group.traces) },
    { head: "Users", cell: (group) => count(group.users) },
    { head: "First", cell: (group) => moment(group.first_seen, address.zone, Date.now() / 1e3) },
    { head: "Last", cell: (group) => moment(group.last_seen, address.zone, Date.now() / 1e3) },
  ];
  return (
    <Answer
      title="Errors"
      asked={asked}
      choices={<Choice choice="sort" label="Order" options={ORDERS} />}
      isEmpty={({ pages }) => pages[0]?.groups.length === 0}
      teach={
        <div className="teach">
          <h2>Nothing failed in this time range</h2>
        </div>
      }
    >
      {({ pages }) => (
        <Table
          label="Errors"
          columns={columns}
          rows={pages.flatMap((page) => page.groups)}
          id={(group) => group.group}
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
        />
      )}
    </Answer>
  );
}
