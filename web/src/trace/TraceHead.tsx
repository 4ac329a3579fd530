/** What trace this is: its name, when, how long, how much. */
import type { Trace } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { Copy } from "../frame/Copy.tsx";
import { Icon } from "../frame/Icon.tsx";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { compact, count, percent, plural } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { full } from "../format/time.ts";
import type { Tree } from "./tree.ts";

export function TraceHead({ trace, tree }: { readonly trace: Trace; readonly tree: Tree }) {
  const address = useAddress();
  const name = tree.roots[0]?.span.name ?? "Trace";
  const failures = tree.nodes.filter((node) => node.span.status === "error" && !node.superseded).length;
  const { tokens, cost } = trace;
  return (
    <header className="trace-head">
      <Link
        className="button bare"
        to={onPage(address, { name: "traces" })}
        label="Back to the traces"
        title="Back to the traces (Esc)"
      >
        <Icon name="back" />
      </Link>
      <h1 className="cut" title={headline(name)}>
        {headline(name)}
      </h1>
      {failures > 0 && <span className="tag error">{plural(failures, "error")}</span>}
      <dl className="facts">
        <Fact label="Started" value={full(trace.start, address.zone)} />
        <Fact label="Duration" value={duration(trace.duration)} strong />
        <Fact
          label="Spans"
          value={
            trace.next_offset === null
              ? count(trace.total)
              : `first ${count(trace.spans.length)} of ${count(trace.total)}`
          }
        />
        <Fact label="Calls" value={count(trace.calls)} />
        {tokens.input !== null && (
          <Fact
            label="Tokens"
            value={`${compact(tokens.input)} in, ${compact(tokens.output)} out`}
            title={`${count(tokens.input)} in (${percent(tokens.cache_read ?? 0, tokens.input)} cached), ${count(tokens.output)} out`}
          />
        )}
        <Fact label="Cost" value={money(cost)} title={moneyDetail(cost)} strong />
        <div>
          <dt>Trace id</dt>
          <dd>
            <Copy id={trace.trace_id} what="trace id" />
          </dd>
        </div>
      </dl>
    </header>
  );
}

interface FactProps {
  readonly label: string;
  readonly value: string;
  readonly title?: string;
  readonly strong?: boolean;
}

function Fact({ label, value, title, strong = false }: FactProps) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd className={`number ${strong ? "strong" : ""}`}>{value}</dd>
    </div>
  );
}
