/** The models, most calls first; a row leads to its traces. */
import type { Model } from "../api/types.ts";
import { filtered, onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { headline } from "../format/text.ts";
import { compact, count, percent } from "../format/number.ts";

export function ModelsTable({ models }: { readonly models: readonly Model[] }) {
  const highest = Math.max(0, ...models.map((model) => Number(model.figures.cost.amount ?? 0)));
  return (
    <section className="models">
      <h2>Models</h2>
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Models">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Calls</th>
              <th scope="col">Failed</th>
              <th scope="col">Retries</th>
              <th scope="col">In</th>
              <th scope="col">Cached</th>
              <th scope="col">Out</th>
              <th scope="col">p50</th>
              <th scope="col">p95</th>
              <th scope="col">First token p50</th>
              <th scope="col" className="models-cost">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <ModelRow key={`${model.provider ?? ""}/${model.model ?? ""}`} model={model} highest={highest} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ModelRow({ model, highest }: { readonly model: Model; readonly highest: number }) {
  const address = useAddress();
  const { figures } = model;
  const { tokens, cost } = figures;
  const share = highest > 0 ? Number(cost.amount ?? 0) / highest : 0;
  return (
    <tr>
      <th scope="row">
        <Link to={filtered(onPage(address, { name: "traces" }), { model: model.model ?? undefined })}>
          {model.model === null ? "unknown model" : headline(model.model, 80)}
        </Link>
        {model.provider !== null && <span className="muted"> {headline(model.provider, 40)}</span>}
      </th>
      <td className="number">{count(figures.calls)}</td>
      <td className={`number ${figures.errors > 0 ? "error-text" : "muted"}`}>
        {figures.errors > 0 ? `${count(figures.errors)} · ${percent(figures.errors, figures.calls)}` : "–"}
      </td>
      <td className={`number ${figures.retries > 0 ? "warn-text" : "muted"}`}>
        {figures.retries > 0 ? count(figures.retries) : "–"}
      </td>
      <td className="number" title={count(tokens.input)}>
        {compact(tokens.input)}
      </td>
      <td className={`number ${tokens.cache_read === null || tokens.cache_read === 0 ? "muted" : "good-text"}`}>
        {tokens.cache_read === null || tokens.cache_read === 0 ? "–" : percent(tokens.cache_read, tokens.input ?? 0)}
      </td>
      <td className="number" title={count(tokens.output)}>
        {compact(tokens.output)}
      </td>
      <td className="number">{duration(figures.duration.p50)}</td>
      <td className="number">{duration(figures.duration.p95)}</td>
      <td className="number">{duration(figures.first_token.p50)}</td>
      <td
        className={`number models-cost ${cost.calls === 0 ? "muted" : cost.amount === null ? "warn-text" : ""}`}
        title={moneyDetail(cost)}
      >
        <span className="share" style={{ width: `${share * 100}%` }} aria-hidden="true" />
        {money(cost)}
      </td>
    </tr>
  );
}
