/** The models side by side: how often, how fast, how well, how dear. */
import { usePaged } from "../api/queries.ts";
import type { ModelRow, Models } from "../api/types.ts";
import { filtered, onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { dollars } from "../format/money.ts";
import { headline } from "../format/text.ts";
import { Answer } from "../frame/Answer.tsx";
import { callColumns, timeColumns } from "../frame/callColumns.tsx";
import { Choice } from "../frame/Choice.tsx";
import { Table, type Column } from "../frame/Table.tsx";
import { LatencyMap } from "./LatencyMap.tsx";

const ORDERS = [
  ["calls", "Most calls first"],
  ["cost", "Dearest first"],
  ["errors", "Most failures first"],
  ["tokens", "Most tokens first"],
] as const;

const COLUMNS: readonly Column<ModelRow>[] = [
  { head: "Model", cell: (row) => <Name row={row} /> },
  ...callColumns<ModelRow>(),
  { head: "A call", cell: (row) => (row.cost_a_call === null ? "–" : dollars(row.cost_a_call)) },
  ...timeColumns<ModelRow>(),
];

export function ModelsPage() {
  const address = useAddress();
  const asked = usePaged<Models>("/api/v1/models", address, { sort: address.choices.sort });
  const choices = <Choice choice="sort" label="Order" options={ORDERS} />;
  return (
    <Answer title="Models" asked={asked} choices={choices} isEmpty={({ pages }) => pages[0]?.models.length === 0}>
      {({ pages }) => (
        <>
          <Table
            label="Models"
            columns={COLUMNS}
            rows={pages.flatMap((page) => page.models)}
            id={(row) => `${row.provider ?? ""}\u0000${row.model ?? ""}`}
            onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
          />
          <LatencyMap />
        </>
      )}
    </Answer>
  );
}

function Name({ row }: { readonly row: ModelRow }) {
  const address = useAddress();
  const others = row.answered_by.filter((model) => model !== row.model);
  return (
    <>
      <Link to={filtered(onPage(address, { name: "traces" }), { model: row.model ?? undefined })}>
        {row.model === null ? "unknown model" : headline(row.model, 60)}
      </Link>
      {row.provider !== null && <span className="muted"> {headline(row.provider, 30)}</span>}
      {others.length > 0 && <span className="muted"> · answered by {headline(others.join(", "), 80)}</span>}
    </>
  );
}
