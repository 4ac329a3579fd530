/** When the traces below happened, and which failed: a thin chart whose brush narrows the list. */
import { useOverview } from "../api/queries.ts";
import { between } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Bars } from "../charts/Bars.tsx";
import { TimeChart } from "../charts/TimeChart.tsx";
import { compact, plural } from "../format/number.ts";
import { clock } from "../format/time.ts";

export function Strip() {
  const address = useAddress();
  const { data } = useOverview(address);
  if (data === undefined) return <div className="strip" />;
  const steps = { start: data.buckets[0]?.start ?? data.start, step: data.step, count: data.buckets.length };
  const figures = data.buckets.map((bucket) => bucket.figures);
  const failed = figures.map((each) => Math.min(each.errors, each.calls));
  const succeeded = figures.map((each) => Math.max(0, each.calls - each.errors));
  const narrow = (start: number, end: number) => go({ ...here(), range: between(start, end), live: false });
  const describe = (bucket: number) =>
    `${clock(steps.start + bucket * steps.step, address.zone)}: ${plural(figures[bucket]?.calls ?? 0, "call")}, ${failed[bucket] ?? 0} failed`;
  return (
    <div className="strip">
      <TimeChart
        label="Model calls over time"
        steps={steps}
        zone={address.zone}
        highest={Math.max(0, ...figures.map((each) => each.calls))}
        height={64}
        tick={compact}
        describe={describe}
        onBrush={narrow}
        onPick={narrow}
      >
        {(scales) => (
          <Bars
            scales={scales}
            layers={[
              { name: "failed", className: "fill-error", values: failed },
              { name: "ok", className: "fill-ok", values: succeeded },
            ]}
          />
        )}
      </TimeChart>
    </div>
  );
}
