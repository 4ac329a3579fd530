/** One bar that sums to all of the time, in the hues of work; labelled where it stands alone. */
import type { WorkShare } from "../api/types.ts";
import { duration } from "../format/duration.ts";
import { percent } from "../format/number.ts";

interface Props {
  readonly shares: readonly WorkShare[];
  readonly labelled?: boolean;
}

export function ShareBar({ shares, labelled = false }: Props) {
  const words = shares.map(({ work, share }) => `${work} ${percent(share, 1)}`).join(", ");
  return (
    <div className={labelled ? "shares labelled" : "shares"} role="img" aria-label={words} title={words}>
      <div className="share-bar">
        {shares.map(({ work, share }) => (
          <span key={work} style={{ flexGrow: share, background: `var(--${work})` }} />
        ))}
      </div>
      {labelled && (
        <ul className="share-labels">
          {shares.map(({ work, share, seconds }) => (
            <li key={work}>
              <span className="swatch" style={{ background: `var(--${work})` }} aria-hidden="true" />
              {work} <span className="number">{percent(share, 1)}</span>{" "}
              <span className="muted number">{duration(seconds)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
