/** What the pages ask, as hooks: one for each endpoint, keyed by what the address says. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Address } from "../address/address.ts";
import { ApiError, get, type Query } from "./client.ts";
import type { Health, Logs, Overview, Services, Trace, Traces } from "./types.ts";

/** Milliseconds between refreshes while live. */
const LIVE = 5_000;
const PAGE = 100;
/** With which the server says what is wrong with it. */
const UNAVAILABLE = 503;
/** Milliseconds between looks at the server's health. */
const HEALTH = 30_000;

function scope(address: Address): Query {
  return { from: address.range.from, to: address.range.to, ...address.filters };
}

function retry(failures: number, error: Error): boolean {
  const final = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return !final && failures < 2;
}

/** How the model calls are doing. */
export function useOverview(address: Address) {
  const query = scope(address);
  return useQuery({
    queryKey: ["overview", query],
    queryFn: ({ signal }) => get<Overview>("/api/v1/overview", query, signal),
    refetchInterval: address.live ? LIVE : false,
    placeholderData: keepPreviousData,
    retry,
  });
}

/** A question of the address' range and filters, and what else a page chooses. */
export function useAsked<T>(path: string, address: Address, more: Query = {}) {
  const query: Query = { ...scope(address), ...more };
  return useQuery({
    queryKey: [path, query],
    queryFn: ({ signal }) => get<T>(path, query, signal),
    refetchInterval: address.live ? LIVE : false,
    placeholderData: keepPreviousData,
    retry,
  });
}

/** The same for a list: a page after the other, each naming the next. Live while only the first is open. */
export function usePaged<T extends { readonly next_cursor: string | null }>(
  path: string,
  address: Address,
  more: Query = {},
) {
  return usePages<T>(path, { ...scope(address), ...more }, address.live);
}

/** The log records of a trace or of one of its spans, in order of time, whenever it was. */
export function useTraceLogs(of: { readonly trace: string; readonly span?: string }, live: boolean) {
  return usePages<Logs>("/api/v1/logs", { ...of, limit: PAGE }, live);
}

function usePages<T extends { readonly next_cursor: string | null }>(path: string, query: Query, live: boolean) {
  return useInfiniteQuery({
    queryKey: [path, query],
    queryFn: ({ signal, pageParam }) => get<T>(path, { ...query, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (state) => (live && (state.state.data?.pages.length ?? 0) <= 1 ? LIVE : false),
    placeholderData: keepPreviousData,
    retry,
  });
}

/** Which traces there are, newest first, a page at a time. */
export function useTraces(address: Address) {
  return usePaged<Traces>("/api/v1/traces", address, { limit: PAGE });
}

/** Spans of a trace arrive in batches: what ended a moment ago may not be whole. */
function isGrowing(trace: Trace): boolean {
  return Date.now() / 1e3 - (trace.start + trace.duration) < 60;
}

/** Spans of a trace that the page shows at most, and that one answer holds at most. */
const SPANS = 20_000;
const SPANS_PAGE = 5_000;

/** A trace with as many of its spans as the page shows, a few answers where one does not hold them. */
async function wholeTrace(id: string, signal: AbortSignal): Promise<Trace> {
  const path = `/api/v1/traces/${encodeURIComponent(id)}`;
  const first = await get<Trace>(path, { limit: SPANS_PAGE }, signal);
  const spans = [...first.spans];
  let next = first.next_offset;
  while (next !== null && spans.length < SPANS) {
    const page = await get<Trace>(path, { limit: SPANS_PAGE, offset: next }, signal);
    spans.push(...page.spans);
    next = page.next_offset;
  }
  return { ...first, spans, next_offset: next };
}

/** One trace; followed while it is live and fresh. */
export function useTrace(id: string, live: boolean) {
  return useQuery({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => wholeTrace(id, signal),
    staleTime: LIVE,
    refetchInterval: ({ state: { data } }) => (live && data !== undefined && isGrowing(data) ? LIVE : false),
    structuralSharing: false, // comparing ten thousand spans costs more than drawing the few in view
    retry,
  });
}

/** What the menus offer. */
export function useServices(address: Address) {
  const query: Query = { from: address.range.from, to: address.range.to };
  return useQuery({
    queryKey: ["services", query],
    queryFn: ({ signal }) => get<Services>("/api/v1/services", query, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry,
  });
}

/** How the server is, what a person should know of it, and where it receives OTLP. */
export function useHealth() {
  return useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => get<Health>("/healthz", {}, signal, UNAVAILABLE),
    refetchInterval: HEALTH,
    retry,
  });
}
