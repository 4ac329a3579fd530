/** The head of the waterfall: what the columns are, and the ticks of time. */
import { tick } from "../format/duration.ts";
import { durationTicks } from "../charts/scale.ts";
import { placePoint } from "./bar.ts";

export function Ruler({ view }: { readonly view: readonly [number, number] }) {
  return (
    <div className="tree-row tree-head" aria-hidden="true">
      <span className="tree-name">Span</span>
      <span className="tree-bar">
        {durationTicks(...view).map((at) => {
          const left = placePoint(at, view);
          return left === null || left > 94 ? null : (
            <span key={at} className="ruler-tick number" style={{ left: `${left}%` }}>
              {tick(at)}
            </span>
          );
        })}
      </span>
      <span className="tree-duration">Duration</span>
      <span className="tree-cost">Cost</span>
    </div>
  );
}

/** The lines behind the bars, at the ruler's ticks. */
export function GridLines({ view }: { readonly view: readonly [number, number] }) {
  return (
    <div className="tree-grid" aria-hidden="true">
      <span />
      <span className="tree-bar">
        {durationTicks(...view).map((at) => (
          <i key={at} style={{ left: `${placePoint(at, view) ?? -10}%` }} />
        ))}
      </span>
      <span />
      <span />
    </div>
  );
}
