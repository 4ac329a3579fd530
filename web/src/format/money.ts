/** Money, always with how it is known: `$0.0042`, `~$0.0042`, `unpriced`, `≥ $12.40`. */
import type { Money, Spend } from "../api/types.ts";
import { plural } from "./number.ts";

const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** US dollars; amounts below ten cents keep two significant digits. Takes the API's exact decimal text. */
export function dollars(amount: string | number): string {
  const value = Number(amount);
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size === 0) return "$0.00";
  if (size >= 0.0995) return `${sign}$${cents.format(size)}`;
  const digits = Math.min(12, 1 - Math.floor(Math.log10(size)));
  const text = size.toFixed(digits);
  return Number(text) === 0 ? `< $0.000000000001` : `${sign}$${text}`;
}

/** Ticks of an axis of money: round amounts, with no more digits than they have. */
export function dollarTick(amount: number): string {
  return `$${amount.toLocaleString("en-US", { maximumFractionDigits: 12 })}`;
}

/** The cost of one call. */
export function spend(cost: Spend | null): string {
  if (cost === null) return "–";
  if (cost.state === "unpriced" || cost.amount === null) return "unpriced";
  return `${cost.state === "estimated" ? "~" : ""}${dollars(cost.amount)}`;
}

/** The cost of several calls: a lower bound where some have no price, else about right where some were estimated. */
export function money(cost: Money): string {
  if (cost.calls === 0) return "–";
  if (cost.amount === null) return "unpriced";
  if (cost.unpriced > 0) return `≥ ${dollars(cost.amount)}`;
  return `${Number(cost.estimated ?? 0) > 0 ? "~" : ""}${dollars(cost.amount)}`;
}

/** One hover away: the exact amount and how each part of it is known. */
export function moneyDetail(cost: Money): string {
  if (cost.calls === 0) return "No model calls";
  const lines = cost.amount === null ? [] : [`$${plain(cost.amount)} known`];
  const parts: readonly (readonly [string, string | null])[] = [
    ["reported by the provider", cost.reported],
    ["computed from usage", cost.computed],
    ["estimated", cost.estimated],
  ];
  for (const [label, amount] of parts) {
    if (amount !== null && Number(amount) !== 0) lines.push(`$${plain(amount)} ${label}`);
  }
  if (cost.unpriced > 0) lines.push(`${cost.unpriced} of ${plural(cost.calls, "call")} unpriced`);
  return lines.join("\n");
}

/** One hover away, for one call. */
export function spendDetail(cost: Spend | null): string {
  if (cost === null) return "";
  const state: Record<string, string> = {
    reported: "reported by the provider",
    computed: "computed from recorded usage and the price table",
    estimated: "estimated: usage was missing or cut",
    unpriced: "unpriced: the model is not in the price table, or usage is unknown",
  };
  const lines = [cost.amount === null ? "" : `$${plain(cost.amount)}`, state[cost.state] ?? cost.state];
  if (cost.price_id !== null) lines.push(`price ${cost.price_id}`);
  if (cost.table !== null) lines.push(`price table ${cost.table}`);
  return lines.filter(Boolean).join("\n");
}

/** Trailing zeros of the exact amount say nothing. */
function plain(amount: string): string {
  return amount.includes(".") ? amount.replace(/\.?0+$/, "") : amount;
}
