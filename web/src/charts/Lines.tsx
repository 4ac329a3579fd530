/** Lines over time, told apart by hue and by dashes; a gap where nothing is known. */
import { runs } from "./scale.ts";
import type { Scales } from "./TimeChart.tsx";

/** How many lines look different from each other; more are thin and grey. */
export const DISTINCT = 6;

type Values = readonly (number | null)[];

export function Lines({ scales, lines }: { readonly scales: Scales; readonly lines: readonly Values[] }) {
  return lines.map((values, place) => (
    <path key={place} className={`line-path line-${place < DISTINCT ? place : "more"}`} d={linePath(values, scales)} />
  ));
}

/** The drawing of one line, through the middles of its steps; a lone value is a short dash. */
export function linePath(values: Values, { x, y }: Pick<Scales, "x" | "y">): string {
  const point = (step: number) => `${((x(step) + x(step + 1)) / 2).toFixed(2)} ${y(values[step] ?? 0).toFixed(2)}`;
  return runs(values)
    .map(([first, last]) => {
      if (first === last) return `M${point(first)}m-2 0h4`;
      return `M${Array.from({ length: last - first + 1 }, (_, step) => point(first + step)).join("L")}`;
    })
    .join("");
}
