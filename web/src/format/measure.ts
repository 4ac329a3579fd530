/** What a metric measured, in the unit it says, as a person writes it. */
import { duration } from "./duration.ts";
import { dollars } from "./money.ts";
import { bytes, compact, score } from "./number.ts";

/** Units of time in seconds. */
const SECONDS: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9, min: 60, h: 3_600 };

/** What a histogram or summary shows that counts measurements, and so has no unit of theirs. */
const COUNTS: ReadonlySet<string> = new Set(["rate", "increase"]);

/** How the values of a metric are written: of a kind and unit, shown as a percentile, an average, a rate ... */
export function measure(kind: string, unit: string | null, show: string): (value: number | null) => string {
  const counts = kind !== "gauge" && kind !== "sum" && COUNTS.has(show);
  const each = counts ? plain : ofUnit(unit ?? "");
  const end = show === "rate" ? "/s" : "";
  return (value) => (value === null ? "–" : each(value) + end);
}

function ofUnit(unit: string): (value: number) => string {
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return (value) => duration(value * seconds);
  if (unit === "By") return bytes;
  if (/^\{?USD\}?$/.test(unit)) return dollars;
  return plain;
}

function plain(value: number): string {
  return Math.abs(value) < 1_000 ? score(value) : compact(value);
}
