/** The money in four figures: the range, this month so far, this month's end, what caches saved. */
import type { CostAnswer, Savings } from "../api/types.ts";
import { dollars, money, moneyDetail } from "../format/money.ts";
import { compact, percent, plural } from "../format/number.ts";

interface Props {
  readonly answer: CostAnswer;
  readonly savings: Savings | undefined;
}

export function MonthFigures({ answer, savings }: Props) {
  const { total, before, month } = answer;
  const change = Number(before.amount ?? 0);
  return (
    <dl className="totals">
      <Total
        label="This range"
        value={money(total.cost)}
        title={moneyDetail(total.cost)}
        note={change > 0 ? `${dollars(before.amount ?? 0)} in the period before` : plural(total.calls, "call")}
      />
      <Total
        label="Month to date"
        value={money(month.to_date)}
        title={moneyDetail(month.to_date)}
        note={month.before.amount === null ? "" : `${money(month.before)} last month`}
      />
      <Total
        label="Month, projected"
        value={month.projected === null ? "–" : `${month.to_date.unpriced > 0 ? "≥ " : "~"}${dollars(month.projected)}`}
        title="So far, and for the time left the mean of the last 7 days"
        note={
          month.to_date.unpriced > 0 ? `${percent(month.to_date.unpriced, month.to_date.calls)} of calls unpriced` : ""
        }
      />
      <Total
        label="Saved by caches"
        value={savings?.saved == null ? "–" : dollars(savings.saved)}
        title="What tokens read from prompt caches would have cost as plain input, less what they did, less what writing cost"
        note={savings === undefined ? "" : `${compact(savings.cache_read_tokens)} tokens read`}
      />
    </dl>
  );
}

interface TotalProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly title: string;
}

function Total({ label, value, note, title }: TotalProps) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd className="total-value number">{value}</dd>
      <dd className="total-note number">{note}</dd>
    </div>
  );
}
