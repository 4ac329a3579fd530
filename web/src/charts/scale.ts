/** Scales and ticks. Pure. */

/** Ticks from 0 to at least the value, about `count` of them, at 1, 2 or 5 times a power of ten. */
export function ticks(highest: number, count = 3): readonly number[] {
  if (!(highest > 0) || !Number.isFinite(highest)) return [0];
  const rough = highest / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999) ?? power * 10;
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
] as const;

/** Round points in time within a range, at most `most` of them, in the zone `offset` seconds east of UTC. */
export function timeTicks(start: number, end: number, most: number, offset = 0): readonly number[] {
  const step = STEPS.find((candidate) => (end - start) / candidate <= Math.max(1, most)) ?? 604_800;
  const first = Math.ceil((start + offset) / step) * step - offset;
  const found: number[] = [];
  for (let at = first; at < end; at += step) found.push(at);
  return found;
}

/** Ticks of a stretch of duration from `start` to `end` seconds: decimal below a minute, then whole minutes and hours. */
export function durationTicks(start: number, end: number): readonly number[] {
  const length = end - start;
  const step = length < 60 ? ticks(length, 4)[1] : STEPS.find((candidate) => length / candidate <= 5);
  if (step === undefined || !(step > 0)) return [];
  const first = Math.ceil(start / step - 1e-9);
  const last = Math.floor(end / step + 1e-9);
  return Array.from({ length: Math.min(20, Math.max(0, last - first + 1)) }, (_, index) => (first + index) * step);
}

/** The pieces of a line between unknown values, as index ranges [first, last]. */
export function runs(values: readonly (number | null)[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  values.forEach((value, index) => {
    const run = found.at(-1);
    if (value === null) return;
    if (run?.[1] === index - 1) run[1] = index;
    else found.push([index, index]);
  });
  return found;
}
