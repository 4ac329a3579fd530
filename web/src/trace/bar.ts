/** Where a span's bar stands in the visible part of time, in per cent. Pure. */

export interface Place {
  readonly left: number;
  readonly width: number;
}

/** The visible part of [start, start + length]; null when none of it is in view. A bar always has a start to look at. */
export function placeBar(start: number, length: number, view: readonly [number, number]): Place | null {
  const span = view[1] - view[0];
  if (!(span > 0)) return { left: 0, width: 100 };
  const [first, last] = [Math.max(view[0], start), Math.min(view[1], start + Math.max(0, length))];
  if (last < first || start > view[1]) return null;
  return { left: ((first - view[0]) / span) * 100, width: ((last - first) / span) * 100 };
}

/** Where a point in time stands; null when out of view. */
export function placePoint(at: number, view: readonly [number, number]): number | null {
  const span = view[1] - view[0];
  if (!(span > 0) || at < view[0] || at > view[1]) return null;
  return ((at - view[0]) / span) * 100;
}
