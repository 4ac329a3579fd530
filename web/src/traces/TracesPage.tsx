/** Which traces are there: filters, when they happened, the list. */
import { useCallback, useMemo } from "react";
import { useTraces } from "../api/queries.ts";
import { useAddress } from "../address/useAddress.ts";
import { Problem } from "../frame/Problem.tsx";
import { Teach } from "../frame/Teach.tsx";
import { FilterBar } from "./FilterBar.tsx";
import { Strip } from "./Strip.tsx";
import { TraceList } from "./TraceList.tsx";

export function TracesPage() {
  const address = useAddress();
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage, isPlaceholderData } =
    useTraces(address);
  const rows = useMemo(() => {
    const seen = new Set<string>(); // a trace that grew between two pages may be in both
    return (data?.pages ?? [])
      .flatMap((page) => page.traces)
      .filter((row) => !seen.has(row.trace_id) && seen.add(row.trace_id));
  }, [data]);
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  return (
    <div className={`traces ${isPlaceholderData ? "stale" : ""}`}>
      <h1 className="hidden-label">Traces</h1>
      <FilterBar />
      <Strip />
      {data === undefined && error === null && <p className="loading">Loading…</p>}
      {data === undefined && error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data !== undefined && rows.length === 0 && <Teach />}
      {rows.length > 0 && <TraceList rows={rows} more={hasNextPage && !isFetchingNextPage} onMore={onMore} />}
    </div>
  );
}
