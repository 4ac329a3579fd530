/** Is it fine? One mark, one sentence, and the six figures behind it. */
import type { Figures } from "../api/types.ts";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { compact, count, percent, plural } from "../format/number.ts";

export function Verdict({ totals }: { readonly totals: Figures }) {
  const { calls, errors, retries, tokens, cost } = totals;
  return (
    <section className="verdict" aria-label="Summary">
      <div className={`verdict-word ${errors > 0 ? "failing" : "fine"}`}>
        <span className="verdict-mark" aria-hidden="true" />
        <h1>
          {errors > 0
            ? `${plural(errors, "call")} of ${count(calls)} failed`
            : `All ${plural(calls, "call")} succeeded`}
        </h1>
        <p className="muted">
          {[errors > 0 && `${percent(errors, calls)} of calls`, retries > 0 && plural(retries, "retry", "retries")]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      <dl className="totals">
        <Total
          label="Cost"
          value={money(cost)}
          title={moneyDetail(cost)}
          note={cost.unpriced > 0 ? `${plural(cost.unpriced, "call")} unpriced` : ""}
          warn
        />
        <Total
          label="Tokens"
          value={compact((tokens.input ?? 0) + (tokens.output ?? 0))}
          note={tokens.cache_read === null ? "" : `${percent(tokens.cache_read, tokens.input ?? 0)} of input cached`}
        />
        <Total
          label="Duration p50"
          value={duration(totals.duration.p50)}
          note={`p95 ${duration(totals.duration.p95)}`}
        />
        <Total
          label="First token p50"
          value={duration(totals.first_token.p50)}
          note={`p95 ${duration(totals.first_token.p95)}`}
        />
      </dl>
    </section>
  );
}

interface TotalProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly title?: string;
  readonly warn?: boolean;
}

function Total({ label, value, note, title, warn = false }: TotalProps) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd className="total-value number">{value}</dd>
      <dd className={`total-note number ${warn ? "warn-text" : ""}`}>{note}</dd>
    </div>
  );
}
