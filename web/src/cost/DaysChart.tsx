/** Money by day; a day's calls are a click away. */
import type { CostAnswer } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { between } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Bars } from "../charts/Bars.tsx";
import { Figure } from "../charts/Figure.tsx";
import { TimeChart } from "../charts/TimeChart.tsx";
import { dollarTick, money, moneyDetail } from "../format/money.ts";
import { plural } from "../format/number.ts";
import { day } from "../format/time.ts";

export function DaysChart({ answer }: { readonly answer: CostAnswer }) {
  const { zone } = useAddress();
  const { days, total } = answer;
  const amounts = days.map(({ cost }) => Number(cost.amount ?? 0));
  const estimated = days.map(({ cost }) => Number(cost.estimated ?? 0));
  const steps = { start: days[0]?.start ?? answer.start, step: 86_400, count: days.length };
  const of = (place: number | null) => (place === null ? undefined : days[place]);
  return (
    <Figure
      title="By day"
      readings={(place) => [
        {
          label: of(place) === undefined ? "all days" : day(of(place)?.start ?? 0, zone),
          value: money(of(place)?.cost ?? total.cost),
          title: moneyDetail(of(place)?.cost ?? total.cost),
        },
        { label: "", value: plural(of(place)?.calls ?? total.calls, "call") },
      ]}
    >
      <TimeChart
        label="Cost by day"
        steps={steps}
        zone={zone}
        highest={Math.max(...amounts, 0)}
        height={168}
        tick={dollarTick}
        describe={(place) => `${day(of(place)?.start ?? 0, zone)}: ${money(of(place)?.cost ?? total.cost)}`}
        onBrush={(start, end) => go({ ...here(), range: between(start, end), live: false })}
        onPick={(start, end) => go({ ...onPage(here(), { name: "traces" }), range: between(start, end), live: false })}
      >
        {(scales) => (
          <Bars
            scales={scales}
            layers={[
              {
                name: "known",
                className: "fill-strong",
                values: amounts.map((amount, place) => amount - (estimated[place] ?? 0)),
              },
              { name: "estimated", className: "fill-warn", values: estimated },
            ]}
          />
        )}
      </TimeChart>
    </Figure>
  );
}
