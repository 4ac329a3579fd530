/** What the address holds, and how: the page, the frame's choices, the filters of the list, the selection on a trace. */
import type { Zone } from "../format/time.ts";
import { endsNow, readRange, type Range } from "./timeRange.ts";

/** The pages that show many things, by the first part of their path; the overview has none. `/metrics` is Prometheus's. */
export const LISTS = [
  "traces",
  "sessions",
  "cost",
  "models",
  "users",
  "prompts",
  "quality",
  "errors",
  "tools",
  "agents",
  "time",
  "series",
  "logs",
  "status",
] as const;
export type ListName = (typeof LISTS)[number];

/** The pages that show one thing, by the list whose path they are under. */
const ONES = { traces: "trace", sessions: "session", prompts: "prompt", errors: "error", series: "metric" } as const;
export type OneName = (typeof ONES)[keyof typeof ONES];

export type Page =
  { readonly name: "overview" } | { readonly name: ListName } | { readonly name: OneName; readonly id: string };

/** Filters that every page and the endpoints understand. */
export const FILTERS = [
  "service",
  "environment",
  "model",
  "status",
  "user",
  "session",
  "feature",
  "text",
  "q",
] as const;
export type Filter = (typeof FILTERS)[number];

/** What a page lets a person choose beside filters: what to tell apart, what comes first, what is measured. */
export const CHOICES = ["by", "sort", "measure"] as const;
export type Choice = (typeof CHOICES)[number];

export interface Address {
  readonly page: Page;
  readonly range: Range;
  readonly zone: Zone;
  readonly live: boolean;
  readonly filters: Readonly<Partial<Record<Filter, string>>>;
  readonly choices: Readonly<Partial<Record<Choice, string>>>;
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
  return {
    page: readPage(pathname),
    range,
    zone: query.get("tz") === "utc" ? "utc" : "local",
    live: endsNow(range) && query.get("live") !== "0",
    filters: readNamed(query, FILTERS),
    choices: readNamed(query, CHOICES),
    span: query.get("span"),
    tab: query.get("tab"),
    find: query.get("find") ?? "",
    view: readView(query.get("view")),
  };
}

/** Write an address; what is at its default is left out. */
export function writeAddress(address: Address): string {
  const query = new URLSearchParams();
  const { range, filters, choices } = address;
  if (range.from !== "1h" || range.to !== undefined) query.set("from", range.from);
  if (range.to !== undefined) query.set("to", range.to);
  if (endsNow(range) && !address.live) query.set("live", "0");
  if (address.zone === "utc") query.set("tz", "utc");
  for (const name of FILTERS) {
    const value = filters[name];
    if (value !== undefined && value !== "") query.set(name, value);
  }
  for (const name of CHOICES) {
    const value = choices[name];
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

/** The same address with another page; what belongs to one page is left behind. */
export function onPage(address: Address, page: Page): Address {
  return { ...address, page, choices: {}, span: null, tab: null, find: "", view: null };
}

/** The same address with another choice; undefined takes the page's own. */
export function choosing(address: Address, choice: Choice, value: string | undefined): Address {
  return { ...address, choices: { ...address.choices, [choice]: value } };
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

/** The same address with some of its filters alone, for what knows no others. */
export function narrowedTo(address: Address, names: readonly Filter[]): Address {
  const filters: Partial<Record<Filter, string>> = {};
  for (const name of names) {
    const value = address.filters[name];
    if (value !== undefined) filters[name] = value;
  }
  return { ...address, filters };
}

function readNamed<Name extends string>(query: URLSearchParams, names: readonly Name[]): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = query.get(name);
    if (value !== null && value !== "") found[name] = value;
  }
  return found;
}

function readPage(pathname: string): Page {
  const [first, second] = pathname.split("/").filter(Boolean);
  const list = LISTS.find((name) => name === first);
  if (list === undefined) return { name: "overview" };
  if (second === undefined || !isKept(list)) return { name: list };
  try {
    return { name: ONES[list], id: decodeURIComponent(second) };
  } catch {
    return { name: list };
  }
}

function writePage(page: Page): string {
  if (page.name === "overview") return "/";
  if (!("id" in page)) return `/${page.name}`;
  return `/${listOf(page)}/${encodeURIComponent(page.id)}`;
}

/** The list that a page is, or whose one thing it shows. */
export function listOf(page: Page): ListName | "overview" {
  if (page.name === "overview") return "overview";
  if (!("id" in page)) return page.name;
  return (Object.keys(ONES) as (keyof typeof ONES)[]).find((list) => ONES[list] === page.name) ?? "traces";
}

function isKept(list: ListName): list is keyof typeof ONES {
  return list in ONES;
}

function readView(text: string | null): readonly [number, number] | null {
  const match = /^(\d{1,9}(?:\.\d{1,9})?)-(\d{1,9}(?:\.\d{1,9})?)$/.exec(text ?? "");
  if (match === null) return null;
  const [start, end] = [Number(match[1]), Number(match[2])];
  return end > start ? [start, end] : null;
}
