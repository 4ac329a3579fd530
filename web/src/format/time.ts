/** Points in time, in the zone the address chooses. */

export type Zone = "local" | "utc";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = formats.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, ...(zone === "utc" ? { timeZone: "UTC" } : {}) });
    formats.set(key, found);
  }
  return found;
}

/** 14:03:22. */
export function clock(seconds: number, zone: Zone): string {
  return format(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(seconds * 1e3);
}

/** 14:03. */
export function minute(seconds: number, zone: Zone): string {
  return format(zone, { hour: "2-digit", minute: "2-digit" }).format(seconds * 1e3);
}

/** 21 Nov. */
export function day(seconds: number, zone: Zone): string {
  return format(zone, { day: "numeric", month: "short" }).format(seconds * 1e3);
}

/** 21 Nov 2026, 14:03:22.123 UTC. */
export function full(seconds: number, zone: Zone): string {
  return format(zone, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZoneName: "short",
  }).format(seconds * 1e3);
}

/** 14:03:22 today, else 20 Nov 14:03. */
export function moment(seconds: number, zone: Zone, now: number): string {
  const today = day(seconds, zone) === day(now, zone);
  return today ? clock(seconds, zone) : `${day(seconds, zone)} ${minute(seconds, zone)}`;
}

/** The zone's short name, such as UTC or CET. */
export function zoneName(zone: Zone, now: number): string {
  if (zone === "utc") return "UTC";
  const part = format(zone, { timeZoneName: "short" }).formatToParts(now * 1e3);
  return part.find((found) => found.type === "timeZoneName")?.value ?? "local";
}
