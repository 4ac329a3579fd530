/** The five charts of the overview, one idea each. */
import type { Figures, Overview, Percentiles } from "../api/types.ts";
import { between } from "../address/timeRange.ts";
import { onPage } from "../address/address.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Bands } from "../charts/Bands.tsx";
import { Bars, type Layer } from "../charts/Bars.tsx";
import { Figure, type Reading } from "../charts/Figure.tsx";
import { TimeChart, type Scales, type Steps } from "../charts/TimeChart.tsx";
import { duration, tick } from "../format/duration.ts";
import { dollars, dollarTick, money, moneyDetail } from "../format/money.ts";
import { compact, count, percent } from "../format/number.ts";
import { clock } from "../format/time.ts";

interface ChartProps {
  readonly overview: Overview;
  readonly height: number;
}

interface BaseProps extends ChartProps {
  readonly title: string;
  readonly highest: number;
  readonly tick: (value: number) => string;
  readonly readings: (figures: Figures) => readonly Reading[];
  readonly children: (scales: Scales) => React.ReactNode;
}

function Chart({ overview, height, title, highest, tick: words, readings, children }: BaseProps) {
  const { zone } = useAddress();
  const steps: Steps = {
    start: overview.buckets[0]?.start ?? overview.start,
    step: overview.step,
    count: overview.buckets.length,
  };
  const of = (bucket: number | null) =>
    (bucket === null ? undefined : overview.buckets[bucket])?.figures ?? overview.totals;
  const say = (bucket: number) =>
    `${clock(steps.start + bucket * steps.step, zone)}: ${readings(of(bucket))
      .map((reading) => `${reading.label} ${reading.value}`)
      .join(", ")}`;
  return (
    <Figure title={title} readings={(bucket) => readings(of(bucket))}>
      <TimeChart
        label={`${title} over time`}
        steps={steps}
        zone={zone}
        highest={highest}
        height={height}
        tick={words}
        describe={say}
        onBrush={(start, end) => go({ ...here(), range: between(start, end), live: false })}
        onPick={(start, end) => go({ ...onPage(here(), { name: "traces" }), range: between(start, end), live: false })}
      >
        {children}
      </TimeChart>
    </Figure>
  );
}

/** Calls, with those that failed in red at the foot and extra attempts in amber on top. */
export function CallsChart(props: ChartProps) {
  const figures = props.overview.buckets.map((bucket) => bucket.figures);
  const layers: readonly Layer[] = [
    { name: "failed", className: "fill-error", values: figures.map((each) => Math.min(each.errors, each.calls)) },
    { name: "ok", className: "fill-ok", values: figures.map((each) => Math.max(0, each.calls - each.errors)) },
    { name: "retries", className: "fill-warn", values: figures.map((each) => each.retries) },
  ];
  const readings = (each: Figures): readonly Reading[] => [
    { label: "calls", value: count(each.calls), swatch: "ok" },
    { label: "failed", value: count(each.errors), swatch: "error", tone: each.errors > 0 ? "error" : undefined },
    { label: "retries", value: count(each.retries), swatch: "warn" },
  ];
  return (
    <Chart {...props} title="Calls" highest={highestStack(layers)} tick={compact} readings={readings}>
      {(scales) => <Bars scales={scales} layers={layers} />}
    </Chart>
  );
}

/** Money by how it is known; calls without a price are amber marks below the line, for they have no height. */
export function CostChart(props: ChartProps) {
  const costs = props.overview.buckets.map((bucket) => bucket.figures.cost);
  const layers: readonly Layer[] = [
    {
      name: "known",
      className: "fill-strong",
      values: costs.map((cost) => Number(cost.computed ?? 0) + Number(cost.reported ?? 0)),
    },
    { name: "estimated", className: "fill-warn", values: costs.map((cost) => Number(cost.estimated ?? 0)) },
  ];
  const readings = ({ cost }: Figures): readonly Reading[] => [
    { label: "known", value: money(cost), swatch: "strong", title: moneyDetail(cost) },
    ...(Number(cost.estimated ?? 0) > 0
      ? [{ label: "estimated", value: `~${dollars(cost.estimated ?? 0)}`, swatch: "warn" }]
      : []),
    ...(cost.unpriced > 0
      ? [{ label: "unpriced", value: `${count(cost.unpriced)} of ${count(cost.calls)}`, tone: "warn" as const }]
      : []),
  ];
  return (
    <Chart {...props} title="Cost" highest={highestStack(layers)} tick={dollarTick} readings={readings}>
      {(scales) => (
        <>
          <Bars scales={scales} layers={layers} />
          <UnpricedMarks scales={scales} unpriced={costs.map((cost) => cost.unpriced)} />
        </>
      )}
    </Chart>
  );
}

function UnpricedMarks({ scales, unpriced }: { readonly scales: Scales; readonly unpriced: readonly number[] }) {
  const marks = unpriced.map((calls, bucket) =>
    calls > 0 ? `M${scales.x(bucket)} ${scales.height + 2}H${scales.x(bucket + 1) - 1}` : "",
  );
  return <path className="unpriced-marks" d={marks.join("")} />;
}

/** Tokens: input from a cache (money saved), other input, output. */
export function TokensChart(props: ChartProps) {
  const tokens = props.overview.buckets.map((bucket) => bucket.figures.tokens);
  const layers: readonly Layer[] = [
    { name: "cached", className: "fill-good", values: tokens.map((each) => each.cache_read ?? 0) },
    {
      name: "input",
      className: "fill-ok",
      values: tokens.map((each) => Math.max(0, (each.input ?? 0) - (each.cache_read ?? 0))),
    },
    { name: "output", className: "fill-strong", values: tokens.map((each) => each.output ?? 0) },
  ];
  const readings = ({ tokens: each }: Figures): readonly Reading[] => [
    {
      label: "in",
      value: compact(each.input),
      swatch: "ok",
      title: `${count(each.input)} input tokens, cached ones included`,
    },
    {
      label: "cached",
      value: each.cache_read === null ? "–" : percent(each.cache_read, each.input ?? 0),
      swatch: "good",
    },
    {
      label: "out",
      value: compact(each.output),
      swatch: "strong",
      title: `${count(each.output)} output tokens, ${count(each.reasoning)} of them reasoning`,
    },
  ];
  return (
    <Chart {...props} title="Tokens" highest={highestStack(layers)} tick={compact} readings={readings}>
      {(scales) => <Bars scales={scales} layers={layers} />}
    </Chart>
  );
}

interface LatencyProps extends ChartProps {
  readonly title: string;
  readonly of: (figures: Figures) => Percentiles;
}

/** Durations, as bands of percentiles. */
export function LatencyChart({ title, of, ...props }: LatencyProps) {
  const values = props.overview.buckets.map((bucket) => of(bucket.figures));
  const highest = Math.max(0, ...values.map((value) => value.p99 ?? value.p95 ?? value.p50 ?? 0));
  const readings = (figures: Figures): readonly Reading[] => {
    const value = of(figures);
    return [
      { label: "p50", value: duration(value.p50), swatch: "median" },
      { label: "p95", value: duration(value.p95), swatch: "band" },
      { label: "p99", value: duration(value.p99), swatch: "thin" },
    ];
  };
  return (
    <Chart {...props} title={title} highest={highest} tick={tick} readings={readings}>
      {(scales) => <Bands scales={scales} values={values} className="bands" />}
    </Chart>
  );
}

function highestStack(layers: readonly Layer[]): number {
  const sums = (layers[0]?.values ?? []).map((_, bucket) =>
    layers.reduce((sum, layer) => sum + (layer.values[bucket] ?? 0), 0),
  );
  return Math.max(0, ...sums);
}
