/** Signs of bad answers that no error tells, each as a share of the attempts. */
import type { Quality } from "../api/types.ts";
import { count, percent } from "../format/number.ts";

export function Signs({ quality }: { readonly quality: Quality }) {
  const { totals, scores } = quality;
  const { up, down, share_up: share } = scores.feedback;
  const signs = [
    ["Retried", totals.retries],
    ["Rate limited", totals.rate_limited],
    ["Cut by length", totals.cut],
    ["Filtered", totals.filtered],
    ["Incomplete", totals.incomplete],
    ["Empty", totals.empty],
  ] as const;
  return (
    <dl className="totals">
      {signs.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className="total-value number">{value > 0 ? percent(value, totals.attempts) : "–"}</dd>
          <dd className="total-note number">{value > 0 ? `${count(value)} of ${count(totals.attempts)}` : ""}</dd>
        </div>
      ))}
      <div>
        <dt>Thumbs up</dt>
        <dd className="total-value number">{share === null ? "–" : percent(share, 1)}</dd>
        <dd className="total-note number">{share === null ? "" : `${count(up)} up, ${count(down)} down`}</dd>
      </div>
    </dl>
  );
}
