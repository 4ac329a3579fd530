/** Percentiles as bands: p50 as a line, p50 to p95 as a band, p99 as a thin line; gaps where nothing was measured. */
import type { Percentiles } from "../api/types.ts";
import { linePath } from "./Lines.tsx";
import { runs } from "./scale.ts";
import type { Scales } from "./TimeChart.tsx";

interface Props {
  readonly scales: Scales;
  readonly values: readonly Percentiles[];
  readonly className: string;
}

export function Bands({ scales, values, className }: Props) {
  const x = (bucket: number) => (scales.x(bucket) + scales.x(bucket + 1)) / 2;
  const point = (bucket: number, value: number | null) => `${x(bucket).toFixed(2)} ${scales.y(value ?? 0).toFixed(2)}`;
  const line = (pick: (value: Percentiles) => number | null) => linePath(values.map(pick), scales);
  const area = runs(values.map((value) => value.p95))
    .map(([first, last]) => {
      const over = range(first, last).map((bucket) => point(bucket, values[bucket]?.p95 ?? null));
      const under = range(first, last).map((bucket) => point(bucket, values[bucket]?.p50 ?? null));
      return `M${over.join("L")}L${under.reverse().join("L")}Z`;
    })
    .join("");
  return (
    <g className={className}>
      <path className="band-area" d={area} />
      <path className="band-p99" d={line((value) => value.p99)} />
      <path className="band-p50" d={line((value) => value.p50)} />
    </g>
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
