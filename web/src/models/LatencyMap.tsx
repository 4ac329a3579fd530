/** How long calls take, as a heat map: time across, duration up, darker where more calls are. */
import { useAsked } from "../api/queries.ts";
import type { HeatMap } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { between } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { count } from "../format/number.ts";
import { clock, day, minute, type Zone } from "../format/time.ts";
import { Choice } from "../frame/Choice.tsx";

const MEASURES = [
  ["duration", "Duration"],
  ["first_token", "Time to first token"],
] as const;
const CELL = 9;

export function LatencyMap() {
  const address = useAddress();
  const { data } = useAsked<HeatMap>("/api/v1/latency", address, { measure: address.choices.measure });
  if (data === undefined) return null;
  return (
    <section className="heat">
      <header className="question-head">
        <h2>Latency</h2>
        <Choice choice="measure" label="Measure" options={MEASURES} />
        <p className="muted number">
          p50 {duration(data.percentiles.p50)} · p95 {duration(data.percentiles.p95)} · p99{" "}
          {duration(data.percentiles.p99)}
        </p>
      </header>
      {data.bounds.length === 0 ? (
        <p className="muted">Nothing was measured.</p>
      ) : (
        <Cells map={data} zone={address.zone} />
      )}
    </section>
  );
}

function Cells({ map, zone }: { readonly map: HeatMap; readonly zone: Zone }) {
  const rows = map.bounds.length - 1;
  const most = Math.max(1, ...map.columns.flatMap((column) => column.counts));
  const first = map.columns[0]?.start ?? map.start;
  return (
    <div className="heat-grid">
      <div className="heat-bounds number muted" aria-hidden="true">
        <span>{duration(map.bounds[rows] ?? null)}</span>
        <span>{duration(map.bounds[0] ?? null)}</span>
      </div>
      <svg
        viewBox={`0 0 ${map.columns.length} ${rows}`}
        preserveAspectRatio="none"
        style={{ height: Math.max(80, Math.min(240, rows * CELL)) }}
        role="img"
        aria-label={`Calls by time and duration, from ${duration(map.bounds[0] ?? null)} to ${duration(map.bounds[rows] ?? null)}`}
      >
        {map.columns.map((column, across) =>
          column.counts.map(
            (calls, up) =>
              calls > 0 && (
                <rect
                  key={`${across}/${up}`}
                  className="heat-cell"
                  x={across}
                  y={rows - up - 1}
                  width={1}
                  height={1}
                  opacity={0.15 + 0.85 * Math.sqrt(calls / most)}
                  onClick={() => go(tracesOf(column.start, map.step))}
                >
                  <title>
                    {`${count(calls)} of ${count(column.calls)} calls took ${duration(map.bounds[up] ?? null)} to ${duration(map.bounds[up + 1] ?? null)}, ${day(column.start, zone)} ${clock(column.start, zone)}`}
                  </title>
                </rect>
              ),
          ),
        )}
      </svg>
      <div className="heat-times number muted" aria-hidden="true">
        <span>{`${day(first, zone)} ${minute(first, zone)}`}</span>
        <span>{`${day(map.end, zone)} ${minute(map.end, zone)}`}</span>
      </div>
    </div>
  );
}

function tracesOf(start: number, step: number) {
  return { ...onPage(here(), { name: "traces" }), range: between(start, start + step), live: false };
}
