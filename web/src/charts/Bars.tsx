/** Stacked bars: one path a layer, so that a thousand buckets are a few elements. */
import type { Scales } from "./TimeChart.tsx";

export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly values: readonly number[];
}

/** A few long steps are bars still, and not blocks. */
const WIDEST = 72;

export function Bars({ scales, layers }: { readonly scales: Scales; readonly layers: readonly Layer[] }) {
  const base = new Array<number>(layers[0]?.values.length ?? 0).fill(0);
  return layers.map((layer) => {
    let path = "";
    layer.values.forEach((value, bucket) => {
      const from = base[bucket] ?? 0;
      if (value > 0) {
        const room = scales.x(bucket + 1) - scales.x(bucket);
        const width = Math.min(WIDEST, Math.max(1, room - gap(scales.x(1))));
        const left = scales.x(bucket) + (width === WIDEST ? (room - width) / 2 : 0);
        const bottom = scales.y(from);
        const top = Math.min(scales.y(from + value), bottom - 1); // what happened is never invisible
        path += `M${left.toFixed(2)} ${bottom.toFixed(2)}V${top.toFixed(2)}h${width.toFixed(2)}V${bottom.toFixed(2)}Z`;
      }
      base[bucket] = from + value;
    });
    return <path key={layer.name} className={layer.className} d={path} />;
  });
}

function gap(width: number): number {
  return width > 6 ? 2 : width > 3 ? 1 : 0;
}
