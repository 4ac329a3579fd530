/** One trace in the list. */
import type { TraceRow } from "../api/types.ts";
import type { Address } from "../address/address.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { compact, count, plural } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { full, moment } from "../format/time.ts";

interface Props {
  readonly row: TraceRow;
  readonly address: Address;
  readonly position: number;
  readonly top: number;
  readonly selected: boolean;
  /** The longest duration in the list, which the bars are drawn against. */
  readonly longest: number;
  readonly now: number;
}

export function TraceLine({ row, address, position, top, selected, longest, now }: Props) {
  const failed = row.status === "error";
  const errors = lastingErrors(row);
  return (
    <div
      className={`line ${selected ? "selected" : ""}`}
      role="row"
      aria-rowindex={position + 2}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="cell" className="c-time number" title={full(row.start, address.zone)}>
        {moment(row.start, address.zone, now)}
      </span>
      <span role="cell" className="c-name">
        <Status row={row} />
        <Link
          className="line-link cut"
          to={onPage(address, { name: "trace", id: row.trace_id })}
          title={headline(row.name)}
          tabIndex={selected ? 0 : -1}
        >
          {headline(row.name)}
        </Link>
        {failed && <span className="hidden-label">failed</span>}
        {errors > 0 && <span className={`tag ${failed ? "error" : ""}`}>{plural(errors, "error")}</span>}
        {row.retries > 0 && <span className="tag warn">{plural(row.retries, "retry", "retries")}</span>}
      </span>
      <span role="cell" className="c-service cut" title={headline(row.services.join(", "))}>
        {headline(row.service ?? "–", 80)}
        {row.services.length > 1 && <span className="muted"> +{row.services.length - 1}</span>}
      </span>
      <span role="cell" className="c-models cut" title={headline(row.models.join(", "))}>
        {headline(row.models[0] ?? "", 80)}
        {row.models.length > 1 && <span className="muted"> +{row.models.length - 1}</span>}
      </span>
      <span role="cell" className="c-user cut muted" title={row.user_id === null ? undefined : headline(row.user_id)}>
        {headline(row.user_id ?? "", 80)}
      </span>
      <span
        role="cell"
        className="c-calls number"
        title={`${plural(row.calls, "model call")}, ${plural(row.spans, "span")}`}
      >
        {row.calls === 0 ? "–" : count(row.calls)}
      </span>
      <span
        role="cell"
        className="c-tokens number"
        title={`${count(row.tokens.input)} in, ${count(row.tokens.output)} out`}
      >
        {compact(row.tokens.input)} <span className="muted">/</span> {compact(row.tokens.output)}
      </span>
      <span role="cell" className="c-first number">
        {duration(row.first_token)}
      </span>
      <span role="cell" className="c-duration number">
        <i
          className={`length ${failed ? "failed" : ""}`}
          style={{ width: `calc((100% - 64px) * ${barWidth(row.duration, longest)})` }}
          aria-hidden="true"
        />
        <span>{duration(row.duration)}</span>
      </span>
      <span
        role="cell"
        className={`c-cost number ${row.cost.calls > 0 && row.cost.amount === null ? "warn-text" : ""}`}
        title={moneyDetail(row.cost)}
      >
        {money(row.cost)}
      </span>
    </div>
  );
}

function Status({ row }: { readonly row: TraceRow }) {
  const tone = row.status === "error" ? "failed" : lastingErrors(row) > 0 ? "partly" : "ok";
  return <i className={`status ${tone}`} aria-hidden="true" />;
}

/** Failed spans, less the attempts that a retry made good. */
function lastingErrors(row: TraceRow): number {
  return row.status === "error" ? row.errors : Math.max(0, row.errors - row.retries);
}

/** A share, by square root, so that one slow trace leaves the others a length to compare. */
function barWidth(value: number, longest: number): number {
  return longest > 0 ? Math.max(0.015, Math.sqrt(value / longest)) : 0;
}
