/** One prompt: its versions beside each other. */
import { useAsked } from "../api/queries.ts";
import type { PromptVersion, PromptVersions } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { dollars } from "../format/money.ts";
import { compact, count } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { Answer } from "../frame/Answer.tsx";
import { callColumns, timeColumns } from "../frame/callColumns.tsx";
import { Table, type Column } from "../frame/Table.tsx";

const COLUMNS: readonly Column<PromptVersion>[] = [
  {
    head: "Version",
    cell: ({ version }) => (version === null ? <span className="muted">none</span> : headline(version, 40)),
  },
  ...callColumns<PromptVersion>(),
  { head: "A call", cell: (row) => (row.cost_a_call === null ? "–" : dollars(row.cost_a_call)) },
  { head: "In a call", cell: (row) => compact(row.input_tokens_a_call) },
  { head: "Out a call", cell: (row) => compact(row.output_tokens_a_call) },
  ...timeColumns<PromptVersion>(),
  {
    head: "Cut short",
    cell: (row) => (row.cut_short > 0 ? count(row.cut_short) : "–"),
    tone: (row) => (row.cut_short > 0 ? "warn" : "muted"),
  },
  { head: "Scores", words: true, cell: (row) => row.scores.map(score).join(", ") || "–" },
  { head: "Models", words: true, cell: (row) => row.models.map((model) => headline(model, 40)).join(", ") },
];

export function PromptPage({ name }: { readonly name: string }) {
  const address = useAddress();
  const asked = useAsked<PromptVersions>(`/api/v1/prompts/${encodeURIComponent(name)}`, address);
  const choices = (
    <Link className="muted" to={onPage(address, { name: "prompts" })}>
      All prompts
    </Link>
  );
  return (
    <Answer
      title={headline(name, 80)}
      asked={asked}
      choices={choices}
      isEmpty={({ versions }) => versions.length === 0}
    >
      {({ versions }) => (
        <Table label="Versions" columns={COLUMNS} rows={versions} id={(row) => row.version ?? "\u0000"} />
      )}
    </Answer>
  );
}

function score({ name, mean, count: times }: PromptVersion["scores"][number]): string {
  return `${headline(name, 30)} ${mean === null ? "" : Number(mean.toPrecision(3))} (${count(times)})`;
}
