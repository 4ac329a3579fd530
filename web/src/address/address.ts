/** What the address holds, and how: the page, the frame's choices, the filters of the list, the selection on a trace. */
import type { Zone } from "../format/time.ts";
import { endsNow, readRange, type Range } from "./timeRange.ts";

export type Page =
  { readonly name: "overview" } | { readonly name: "traces" } | { readonly name: "trace"; readonly id: string };

/** Filters that every page and both list endpoints understand. */
export const FILTERS = ["service", "environment", "model", "status", "user", "session", "feature", "text"] as const;
export type Filter = (typeof FILTERS)[number];

export interface Address {
  readonly page: Page;
  readonly range: Range;
  readonly zone: Zone;
  readonly live: boolean;
  readonly filters: Readonly<Partial<Record<Filter, string>>>;
  /** On a trace: the selected span, the open tab, what to find, the visible part of time (seconds). */
  readonly span: string | null;
  readonly tab: string | null;
  readonly find: string;
  readonly view: readonly [number, number] | null;
}

/** Read an address; whatever cannot be read falls back, so that a hand-edited address never breaks a page. */
export function readAddress(pathname: string, search: string): Address {
  const query = new URLSearchParams(search);
  const range = readRange(query.get("from"), query.get("to"));
  const filters: Partial<Record<Filter, string>> = {};
  for (const name of FILTERS) {
    const value = query.get(name);
    if (value !== null && value !== "") filters[name] = value;
  }
  return {
    page: readPage(pathname),
    range,
    zone: query.get("tz") === "utc" ? "utc" : "local",
    live: endsNow(range) && query.get("live") !== "0",
    filters,
    span: query.get("span"),
    tab: query.get("tab"),
    find: query.get("find") ?? "",
    view: readView(query.get("view")),
  };
}

/** Write an address; what is at its default is left out. */
export function writeAddress(address: Address): string {
  const query = new URLSearchParams();
  const { range, filters } = address;
  if (range.from !== "1h" || range.to !== undefined) query.set("from", range.from);
  if (range.to !== undefined) query.set("to", range.to);
  if (endsNow(range) && !address.live) query.set("live", "0");
  if (address.zone === "utc") query.set("tz", "utc");
  for (const name of FILTERS) {
    const value = filters[name];
    if (value !== undefined && value !== "") query.set(name, value);
  }
  if (address.page.name === "trace") {
    if (address.span !== null) query.set("span", address.span);
    if (address.tab !== null) query.set("tab", address.tab);
    if (address.find !== "") query.set("find", address.find);
    if (address.view !== null) query.set("view", address.view.map((edge) => Number(edge.toPrecision(6))).join("-"));
  }
  const text = query.toString();
  return writePage(address.page) + (text === "" ? "" : `?${text}`);
}

/** The same address with another page; what belongs to one trace is left behind. */
export function onPage(address: Address, page: Page): Address {
  return { ...address, page, span: null, tab: null, find: "", view: null };
}

/** The same address with some filters changed; undefined or "" removes one. */
export function filtered(address: Address, change: Readonly<Partial<Record<Filter, string | undefined>>>): Address {
  const filters: Partial<Record<Filter, string>> = {};
  for (const name of FILTERS) {
    const value = name in change ? change[name] : address.filters[name];
    if (value !== undefined && value !== "") filters[name] = value;
  }
  return { ...address, filters };
}

function readPage(pathname: string): Page {
  const parts = pathname.split("/").filter(Boolean);
  if (parts[0] !== "traces") return { name: "overview" };
  if (parts[1] === undefined) return { name: "traces" };
  try {
    return { name: "trace", id: decodeURIComponent(parts[1]) };
  } catch {
    return { name: "traces" };
  }
}

function writePage(page: Page): string {
  if (page.name === "overview") return "/";
  return page.name === "traces" ? "/traces" : `/traces/${encodeURIComponent(page.id)}`;
}

function readView(text: string | null): readonly [number, number] | null {
  const match = /^(\d{1,9}(?:\.\d{1,9})?)-(\d{1,9}(?:\.\d{1,9})?)$/.exec(text ?? "");
  if (match === null) return null;
  const [start, end] = [Number(match[1]), Number(match[2])];
  return end > start ? [start, end] : null;
}
