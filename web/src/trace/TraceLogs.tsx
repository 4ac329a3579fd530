/** What was logged in a trace: the selected span's records first, then the rest. */
import { useTraceLogs } from "../api/queries.ts";
import { useAddress } from "../address/useAddress.ts";
import { Problem } from "../frame/Problem.tsx";
import { LogTable } from "../logs/LogTable.tsx";

export function TraceLogs({ trace, span }: { readonly trace: string; readonly span: string }) {
  const { live } = useAddress();
  const own = useTraceLogs({ trace, span }, live);
  const all = useTraceLogs({ trace }, live);
  const error = own.error ?? all.error;
  if (own.data === undefined || all.data === undefined) {
    if (error === null) return <p className="loading">Loading…</p>;
    return <Problem error={error} onRetry={() => void Promise.all([own.refetch(), all.refetch()])} />;
  }
  const ofSpan = own.data.pages.flatMap((page) => page.logs);
  const others = all.data.pages.flatMap((page) => page.logs).filter((row) => row.span_id !== span);
  if (ofSpan.length + others.length === 0)
    return (
      <div className="not-captured">
        <h3>Nothing was logged in this trace</h3>
        <p>spanglass.init() sends what the application logs, each record with its trace.</p>
      </div>
    );
  return (
    <div className="trace-logs">
      <section>
        <h3>This span</h3>
        {ofSpan.length === 0 ? (
          <p className="muted">Nothing was logged in it.</p>
        ) : (
          <LogTable
            label="Logs of this span"
            rows={ofSpan}
            ofTrace
            onMore={own.hasNextPage ? () => void own.fetchNextPage() : undefined}
          />
        )}
      </section>
      {others.length > 0 && (
        <section>
          <h3>The rest of the trace</h3>
          <LogTable
            label="Logs of the rest of the trace"
            rows={others}
            ofTrace
            onMore={all.hasNextPage ? () => void all.fetchNextPage() : undefined}
          />
        </section>
      )}
    </div>
  );
}
