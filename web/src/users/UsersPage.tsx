/** The users, with what was done for them and what it cost. */
import { usePaged } from "../api/queries.ts";
import type { User, Users } from "../api/types.ts";
import { filtered, onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { count } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { callColumns } from "../frame/callColumns.tsx";
import { Choice } from "../frame/Choice.tsx";
import { Table, type Column } from "../frame/Table.tsx";

const ORDERS = [
  ["cost", "Dearest first"],
  ["calls", "Most calls first"],
  ["errors", "Most failures first"],
  ["tokens", "Most tokens first"],
] as const;

export function UsersPage() {
  const address = useAddress();
  const asked = usePaged<Users>("/api/v1/users", address, { sort: address.choices.sort });
  const columns: readonly Column<User>[] = [
    {
      head: "User",
      cell: (user) => (
        <Link to={filtered(onPage(address, { name: "traces" }), { user: user.user_id })}>
          {headline(user.user_id, 60)}
        </Link>
      ),
    },
    ...callColumns<User>(),
    { head: "Last seen", cell: (user) => moment(user.last_seen, address.zone, Date.now() / 1e3) },
  ];
  return (
    <Answer
      title="Users"
      asked={asked}
      choices={<Choice choice="sort" label="Order" options={ORDERS} />}
      isEmpty={({ pages }) => pages[0]?.users.length === 0}
      teach={<TeachUsers />}
    >
      {({ pages }) => (
        <>
          <p className="muted number">{count(pages[0]?.total ?? 0)} users called in this range.</p>
          <Table
            label="Users"
            columns={columns}
            rows={pages.flatMap((page) => page.users)}
            id={(user) => user.user_id}
            onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
          />
        </>
      )}
    </Answer>
  );
}

function TeachUsers() {
  return (
    <div className="teach">
      <h2>No call in this time range names a user</h2>
      <p>Say for whom the work is done, around it; every call inside is then the user&apos;s:</p>
      <pre className="code">{`with spanglass.context(user_id="ann"):\n    answer(question)`}</pre>
    </div>
  );
}
