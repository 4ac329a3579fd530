/** The head of the waterfall: what the columns are, and the ticks of time. */
import { tick } from "../format/duration.ts";
import { ticks } from "../charts/scale.ts";
import { placePoint } from "./bar.ts";

export function Ruler({ view }: { readonly view: readonly [number, number] }) {
  return (
    <div className="tree-row tree-head" role="row">
      <span role="columnheader" className="tree-name">
        Span
      </span>
      <span role="columnheader" className="tree-bar" aria-label="Time">
        {marks(view).map((at) => {
          const left = placePoint(at, view);
          return left === null || left > 94 ? null : (
            <span key={at} className="ruler-tick number" style={{ left: `${left}%` }}>
              {tick(at)}
            </span>
          );
        })}
      </span>
      <span role="columnheader" className="tree-duration">
        Duration
      </span>
      <span role="columnheader" className="tree-cost">
        Cost
      </span>
    </div>
  );
}

/** The lines behind the bars, at the ruler's ticks. */
export function GridLines({ view }: { readonly view: readonly [number, number] }) {
  return (
    <div className="tree-grid" aria-hidden="true">
      <span />
      <span className="tree-bar">
        {marks(view).map((at) => (
          <i key={at} style={{ left: `${placePoint(at, view) ?? -10}%` }} />
        ))}
      </span>
      <span />
      <span />
    </div>
  );
}

function marks([start, end]: readonly [number, number]): readonly number[] {
  const step = ticks(end - start, 4)[1] ?? end - start;
  if (!(step > 0)) return [];
  const first = Math.ceil(start / step - 1e-9);
  return Array.from(
    { length: Math.min(20, Math.floor((end - first * step) / step) + 1) },
    (_, index) => (first + index) * step,
  );
}
