/** One metric over time, with the traces behind its points. */
import { useAsked } from "../api/queries.ts";
import type { Metric } from "../api/types.ts";
import { narrowedTo, onPage } from "../address/address.ts";
import { between } from "../address/timeRange.ts";
import { Link } from "../address/Link.tsx";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Figure } from "../charts/Figure.tsx";
import { DISTINCT, Lines } from "../charts/Lines.tsx";
import { TimeChart } from "../charts/TimeChart.tsx";
import { measure as written } from "../format/measure.ts";
import { score } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { clock, moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Choice } from "../frame/Choice.tsx";
import { Table } from "../frame/Table.tsx";
import { KNOWN } from "./MetricsPage.tsx";

export function MetricPage({ name }: { readonly name: string }) {
  const address = useAddress();
  const { by, measure } = address.choices;
  const asked = useAsked<Metric>(`/api/v1/metrics/${encodeURIComponent(name)}`, narrowedTo(address, KNOWN), {
    by,
    show: measure,
  });
  const choices = (
    <>
      <Choice
        choice="measure"
        label="Show"
        options={(asked.data?.shows ?? []).map((show) => [show, show])}
        standard={asked.data?.show ?? ""}
      />
      <Choice
        choice="by"
        label="By label"
        options={[
          ["", "All together"],
          ...(asked.data?.labels ?? []).map((name) => [name, headline(name, 60)] as const),
        ]}
      />
      <Link className="muted" to={onPage(address, { name: "series" })}>
        All metrics
      </Link>
    </>
  );
  return (
    <Answer title={headline(name, 80)} asked={asked} choices={choices} isEmpty={({ lines }) => lines.length === 0}>
      {(metric) => (
        <>
          {metric.cut !== null && <p className="warn-text">{metric.cut}</p>}
          <Over metric={metric} />
          {metric.exemplars.length > 0 && (
            <Table
              label="Traces behind it"
              columns={[
                {
                  head: "Trace behind it",
                  cell: (exemplar) =>
                    exemplar.trace_id === null ? (
                      "–"
                    ) : (
                      <Link
                        to={{ ...onPage(address, { name: "trace", id: exemplar.trace_id }), span: exemplar.span_id }}
                      >
                        {moment(exemplar.time, address.zone, Date.now() / 1e3)}
                      </Link>
                    ),
                },
                { head: "Value", cell: (exemplar) => written("gauge", metric.unit, "")(exemplar.value) },
                { head: "Of", words: true, cell: (exemplar) => headline(exemplar.label ?? "–", 60) },
              ]}
              rows={metric.exemplars}
              id={(exemplar) => `${exemplar.trace_id ?? ""}/${exemplar.time}/${exemplar.value}`}
            />
          )}
        </>
      )}
    </Answer>
  );
}

function Over({ metric }: { readonly metric: Metric }) {
  const { zone } = useAddress();
  const steps = { start: metric.times[0] ?? metric.start, step: metric.step, count: Math.max(1, metric.times.length) };
  const highest = Math.max(0, ...metric.lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  const shown = metric.lines.slice(0, DISTINCT);
  const say = written(metric.kind, metric.unit, metric.show);
  const at = (line: Metric["lines"][number], place: number | null) =>
    place === null ? (line.values.findLast((value) => value !== null) ?? null) : (line.values[place] ?? null);
  const words = (line: Metric["lines"][number]) => headline(line.label ?? (line.other ? "other" : metric.show), 40);
  return (
    <Figure
      title={metric.unit === null ? metric.show : `${metric.show}, ${headline(metric.unit, 20)}`}
      readings={(place) =>
        shown.map((line, index) => ({
          label: words(line),
          value: say(at(line, place)),
          swatch: `line-${index}`,
        }))
      }
    >
      <TimeChart
        label={`${metric.name} over time`}
        steps={steps}
        zone={zone}
        highest={highest}
        height={220}
        tick={score}
        describe={(place) =>
          `${clock(metric.times[place] ?? metric.start, zone)}: ${shown.map((line) => `${words(line)} ${say(at(line, place))}`).join(", ")}`
        }
        onBrush={(start, end) => go({ ...here(), range: between(start, end), live: false })}
        onPick={(start, end) => go({ ...onPage(here(), { name: "traces" }), range: between(start, end), live: false })}
      >
        {(scales) => <Lines scales={scales} lines={metric.lines.map(({ values }) => values)} />}
      </TimeChart>
    </Figure>
  );
}
