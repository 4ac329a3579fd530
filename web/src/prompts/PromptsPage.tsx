/** The prompts that are used; each leads to its versions. */
import { usePaged } from "../api/queries.ts";
import type { Prompt, Prompts } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { count } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { callColumns } from "../frame/callColumns.tsx";
import { Table, type Column } from "../frame/Table.tsx";

export function PromptsPage() {
  const address = useAddress();
  const asked = usePaged<Prompts>("/api/v1/prompts", address);
  const columns: readonly Column<Prompt>[] = [
    {
      head: "Prompt",
      cell: (prompt) => (
        <Link to={onPage(address, { name: "prompt", id: prompt.name })}>{headline(prompt.name, 60)}</Link>
      ),
    },
    { head: "Versions", cell: (prompt) => count(prompt.versions) },
    ...callColumns<Prompt>(),
    { head: "Last used", cell: (prompt) => moment(prompt.last_used, address.zone, Date.now() / 1e3) },
  ];
  return (
    <Answer
      title="Prompts"
      asked={asked}
      isEmpty={({ pages }) => pages[0]?.prompts.length === 0}
      teach={<TeachPrompts />}
    >
      {({ pages }) => (
        <Table
          label="Prompts"
          columns={columns}
          rows={pages.flatMap((page) => page.prompts)}
          id={(prompt) => prompt.name}
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
        />
      )}
    </Answer>
  );
}

function TeachPrompts() {
  return (
    <div className="teach">
      <h2>No call in this time range names a prompt</h2>
      <p>Name the template and its version around the call, to compare versions here:</p>
      <pre className="code">{`with spanglass.context(prompt_name="answer", prompt_version="7"):\n    answer(question)`}</pre>
    </div>
  );
}
