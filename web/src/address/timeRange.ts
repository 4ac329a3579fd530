/** Time ranges as the address holds them: relative (`from=6h`) or absolute (`from=…&to=…`, Unix seconds). */
import { day, minute, type Zone } from "../format/time.ts";

export interface Range {
  /** Relative like 6h, or Unix seconds. */
  readonly from: string;
  /** Unix seconds; absent while the range ends now. */
  readonly to?: string;
}

export interface Preset {
  readonly from: string;
  readonly label: string;
}

export const DEFAULT_FROM = "1h";

export const PRESETS: readonly Preset[] = [
  { from: "15m", label: "Last 15 minutes" },
  { from: "1h", label: "Last hour" },
  { from: "6h", label: "Last 6 hours" },
  { from: "24h", label: "Last 24 hours" },
  { from: "7d", label: "Last 7 days" },
  { from: "30d", label: "Last 30 days" },
];

/** Seconds that a sender's clock may be ahead. */
const AHEAD = 60;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds of a relative range; null where the text is none. */
export function relativeSeconds(text: string): number | null {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]];
  if (match === null || unit === undefined) return null;
  const seconds = Number(match[1]) * unit;
  return seconds > 0 ? seconds : null;
}

/** Read a range from the address; what cannot be read is the default, so that an address never breaks a page. */
export function readRange(from: string | null, to: string | null): Range {
  if (from === null) return { from: DEFAULT_FROM };
  if (relativeSeconds(from) !== null) return { from };
  const start = unixSeconds(from);
  const end = to === null ? null : unixSeconds(to);
  if (start === null) return { from: DEFAULT_FROM };
  if (end === null) return { from };
  return end > start ? { from, to: to ?? "" } : { from: DEFAULT_FROM };
}

/** Whether the range ends now and so can be live. */
export function endsNow(range: Range): boolean {
  return range.to === undefined;
}

/** The range between two points, whole seconds, at least one apart. */
export function between(start: number, end: number): Range {
  const first = Math.floor(Math.min(start, end));
  return { from: String(first), to: String(Math.max(first + 1, Math.ceil(Math.max(start, end)))) };
}

/** The range, if a point in time is in it; else an hour around the point. */
export function including(range: Range, at: number, now: number): Range {
  const length = relativeSeconds(range.from);
  const start = length === null ? Number(range.from) : now - length;
  const end = range.to === undefined ? now + AHEAD : Number(range.to);
  return at >= start && at <= end ? range : between(at - 1_800, at + 1_800);
}

/** What the picker shows. */
export function describeRange(range: Range, zone: Zone): string {
  const preset = PRESETS.find((found) => found.from === range.from && range.to === undefined);
  if (preset !== undefined) return preset.label;
  if (relativeSeconds(range.from) !== null) return `Last ${range.from}`;
  const start = Number(range.from);
  if (range.to === undefined) return `Since ${day(start, zone)} ${minute(start, zone)}`;
  const end = Number(range.to);
  const sameDay = day(start, zone) === day(end, zone);
  const last = sameDay ? minute(end, zone) : `${day(end, zone)} ${minute(end, zone)}`;
  return `${day(start, zone)} ${minute(start, zone)} – ${last}`;
}

/** A wider range around an absolute one, or the next longer preset: the way back out of a brush. */
export function wider(range: Range): Range {
  const seconds = relativeSeconds(range.from);
  if (seconds !== null) {
    const next = PRESETS.find((preset) => (relativeSeconds(preset.from) ?? 0) > seconds);
    return next === undefined ? range : { from: next.from };
  }
  const start = Number(range.from);
  if (range.to === undefined) return range;
  const half = (Number(range.to) - start) / 2;
  return between(Math.max(0, start - half), Number(range.to) + half);
}

function unixSeconds(text: string): number | null {
  if (!/^\d{1,12}(\.\d+)?$/.test(text)) return null;
  const value = Number(text);
  return value >= 0 && value < 1e11 ? value : null;
}
