/** What it costs and for whom: this month, by day, by any dimension. */
import { useAsked, usePaged } from "../api/queries.ts";
import type { CostAnswer, CostGroup, Savings } from "../api/types.ts";
import { filtered, onPage, type Address, type Filter } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { dollars } from "../format/money.ts";
import { headline } from "../format/text.ts";
import { Answer } from "../frame/Answer.tsx";
import { callColumns } from "../frame/callColumns.tsx";
import { Choice } from "../frame/Choice.tsx";
import { Table, type Column } from "../frame/Table.tsx";
import { DaysChart } from "./DaysChart.tsx";
import { MonthFigures } from "./MonthFigures.tsx";

const DIMENSIONS = [
  ["feature", "By feature"],
  ["model", "By model"],
  ["user", "By user"],
  ["session", "By session"],
  ["prompt", "By prompt version"],
  ["provider", "By provider"],
  ["service", "By service"],
  ["environment", "By environment"],
  ["operation", "By operation"],
  ["tag", "By tag"],
] as const;

/** Dimensions that the traces can be narrowed to. */
const NARROWS: Readonly<Record<string, Filter>> = {
  feature: "feature",
  model: "model",
  user: "user",
  session: "session",
  service: "service",
  environment: "environment",
};

export function CostPage() {
  const address = useAddress();
  const by = address.choices.by ?? "feature";
  const zone = address.zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const asked = usePaged<CostAnswer>("/api/v1/cost", address, { by, zone });
  const savings = useAsked<Savings>("/api/v1/savings", address).data;
  const choices = <Choice choice="by" label="Tell apart" options={DIMENSIONS} />;
  return (
    <Answer
      title="Cost"
      asked={asked}
      choices={choices}
      isEmpty={({ pages }) => (pages[0]?.total.attempts ?? 0) === 0 && (pages[0]?.month.to_date.calls ?? 0) === 0}
    >
      {({ pages }) =>
        pages[0] !== undefined && (
          <>
            <MonthFigures answer={pages[0]} savings={savings} />
            <DaysChart answer={pages[0]} />
            <Table
              label={`Cost by ${by}`}
              columns={columns(by, address)}
              rows={pages.flatMap((page) => page.groups)}
              id={(group) => `${group.key ?? ""}\u0000${group.version ?? ""}\u0000${group.key === null ? 1 : 0}`}
              onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
            />
          </>
        )
      }
    </Answer>
  );
}

function columns(by: string, address: Address): readonly Column<CostGroup>[] {
  const before: Column<CostGroup> = {
    head: "Period before",
    cell: (group) => (group.before === null ? "–" : dollars(group.before)),
    tone: () => "muted",
  };
  return [
    {
      head: by.slice(0, 1).toUpperCase() + by.slice(1),
      cell: (group) => <Key by={by} group={group} address={address} />,
    },
    ...callColumns<CostGroup>(),
    before,
  ];
}

interface KeyProps {
  readonly by: string;
  readonly group: CostGroup;
  readonly address: Address;
}

function Key({ by, group, address }: KeyProps) {
  if (group.key === null) return <span className="muted">none</span>;
  const filter = NARROWS[by];
  const words =
    group.version === null ? headline(group.key, 80) : `${headline(group.key, 60)} · ${headline(group.version, 20)}`;
  if (by === "prompt") return <Link to={onPage(address, { name: "prompt", id: group.key })}>{words}</Link>;
  if (filter === undefined) return words;
  return <Link to={filtered(onPage(address, { name: "traces" }), { [filter]: group.key })}>{words}</Link>;
}
