/** Counts and shares as a person reads them. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1,284; unknown is a dash. */
export function count(value: number | null): string {
  return value === null ? "–" : whole.format(value);
}

/** 812, 1.3k, 24.1k, 3.42M: short enough for a dense cell. */
export function compact(value: number | null): string {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size < 1_000) return whole.format(value);
  if (size < 999_500) return `${trimmed(value / 1_000)}k`;
  if (size < 999_500_000) return `${trimmed(value / 1_000_000)}M`;
  return `${trimmed(value / 1_000_000_000)}B`;
}

/** A figure of no known unit, with three digits that count: 0.82, 4.2, 1,284. */
export function score(value: number): string {
  return Math.abs(value) >= 1_000 ? whole.format(value) : String(Number(value.toPrecision(3)));
}

/** A share of a whole: 0 %, < 0.1 %, 1.5 %, 38 %, 100 %. Never rounds something to nothing, nor nearly all to all. */
export function percent(part: number, total: number): string {
  if (total <= 0) return "–";
  const value = (part / total) * 100;
  if (value === 0) return "0 %";
  if (value < 0.1) return "< 0.1 %";
  if (value < 100 && value > 99.9) return "> 99.9 %";
  return `${value < 10 || (value > 99 && value < 100) ? String(Math.round(value * 10) / 10) : Math.round(value)} %`;
}

/** 1 call, 2 calls. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function trimmed(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** 812 B, 4.3 kB, 152 MB, 2.04 GB; unknown is a dash. */
export function bytes(value: number | null): string {
  if (value === null) return "–";
  if (value < 1e3) return `${whole.format(value)} B`;
  if (value < 1e6) return `${trimmed(value / 1e3)} kB`;
  return value < 1e9 ? `${trimmed(value / 1e6)} MB` : `${trimmed(value / 1e9)} GB`;
}
