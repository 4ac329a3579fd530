/** One bar that sums to all of the time, in the hues of work; labelled where it stands alone. */
import type { WorkShare } from "../api/types.ts";
import { duration } from "../format/duration.ts";
import { percent } from "../format/number.ts";
import { workKey, workLabel } from "../trace/work.ts";

interface Props {
  readonly shares: readonly WorkShare[];
  readonly labelled?: boolean;
}

export function ShareBar({ shares, labelled = false }: Props) {
  const words = shares.map(({ work, share }) => `${workLabel(work)} ${percent(share, 1)}`).join(", ");
  return (
    <div className={labelled ? "shares labelled" : "shares"} role="img" aria-label={words} title={words}>
      <div className="share-bar">
        {shares.map(({ work, share }) => (
          <span key={work} className={`work-fill ${workKey(work)}`} style={{ flexGrow: share }} />
        ))}
      </div>
      {labelled && (
        <ul className="share-labels">
          {shares.map(({ work, share, seconds }) => (
            <li key={work}>
              <i className={`where-swatch work-fill ${workKey(work)}`} aria-hidden="true" />
              {workLabel(work)} <b className="number">{percent(share, 1)}</b>{" "}
              <span className="muted number">{duration(seconds)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
