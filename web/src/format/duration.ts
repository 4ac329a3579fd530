/** Durations in the unit a person says: 240 µs, 812 ms, 1.42 s, 3 m 10 s. */

/** Seconds to words; unknown is a dash. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const size = Math.abs(seconds);
  if (size === 0) return "0 ms";
  if (size < 0.000_999_5) return `${Math.max(1, Math.round(seconds * 1e6))} µs`;
  if (size < 0.009_995) return `${digits(seconds * 1e3, 1)} ms`;
  if (size < 0.999_5) return `${Math.round(seconds * 1e3)} ms`;
  if (size < 9.995) return `${seconds.toFixed(2)} s`;
  if (size < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
}

/** Ticks of an axis: few digits, one unit. */
export function tick(seconds: number): string {
  if (seconds === 0) return "0";
  if (seconds < 0.001) return `${digits(seconds * 1e6, 1)} µs`;
  if (seconds < 1) return `${digits(seconds * 1e3, 1)} ms`;
  if (seconds < 120) return `${digits(seconds, 2)} s`;
  if (seconds < 7_200) return `${digits(seconds / 60, 1)} m`;
  return `${digits(seconds / 3_600, 1)} h`;
}

function digits(value: number, places: number): string {
  return String(Number(value.toFixed(places)));
}
