/** Is it fine? The shape of the calls, their cost, tokens and latency, then the models. */
import { useOverview } from "../api/queries.ts";
import { useAddress } from "../address/useAddress.ts";
import { Chips } from "../frame/Chips.tsx";
import { Problem } from "../frame/Problem.tsx";
import { Teach } from "../frame/Teach.tsx";
import { CallsChart, CostChart, LatencyChart, TokensChart } from "./charts.tsx";
import { ModelsTable } from "./ModelsTable.tsx";
import { Verdict } from "./Verdict.tsx";

export function OverviewPage() {
  const address = useAddress();
  const { data, error, refetch, isPlaceholderData } = useOverview(address);
  if (error !== null && data === undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <p className="loading">Loading…</p>;
  if (data.totals.attempts === 0) {
    return (
      <>
        <Chips />
        <Teach />
      </>
    );
  }
  return (
    <div className={`overview ${isPlaceholderData ? "stale" : ""}`}>
      <Chips />
      <Verdict totals={data.totals} />
      <div className="figures two">
        <CallsChart overview={data} height={188} />
        <CostChart overview={data} height={188} />
      </div>
      <div className="figures three">
        <LatencyChart overview={data} height={148} title="Duration" of={(figures) => figures.duration} />
        <LatencyChart overview={data} height={148} title="Time to first token" of={(figures) => figures.first_token} />
        <TokensChart overview={data} height={148} />
      </div>
      <ModelsTable models={data.models} />
    </div>
  );
}
