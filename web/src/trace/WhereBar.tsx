/** Where the time went, as one bar that sums to 100 %. */
import type { Share } from "../api/types.ts";
import { duration } from "../format/duration.ts";
import { percent } from "../format/number.ts";
import { workKey, workLabel } from "./work.ts";

export function WhereBar({ where, total }: { readonly where: readonly Share[]; readonly total: number }) {
  const shares = where.filter((share) => share.seconds > 0).toSorted((a, b) => b.seconds - a.seconds);
  if (shares.length === 0 || total <= 0) return null;
  return (
    <section className="where" aria-label="Where the time went">
      <h3>Where the time went</h3>
      <div className="where-bar" aria-hidden="true">
        {shares.map((share) => (
          <span
            key={share.work}
            className={`work-fill ${workKey(share.work)}`}
            style={{ flexGrow: share.seconds / total }}
            title={`${workLabel(share.work)} ${duration(share.seconds)}`}
          />
        ))}
      </div>
      <ul className="where-labels">
        {shares.map((share) => (
          <li key={share.work}>
            <i className={`where-swatch work-fill ${workKey(share.work)}`} aria-hidden="true" />
            {workLabel(share.work)} <b className="number">{percent(share.seconds, total)}</b>{" "}
            <span className="muted number">{duration(share.seconds)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
