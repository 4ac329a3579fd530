/** The head of the details: what the span is, what went wrong, and, for a model call, its tokens, cost and first token. */
import type { CallView, SpanView, Spend } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { including } from "../address/timeRange.ts";
import { useAddress } from "../address/useAddress.ts";
import { Clip } from "../frame/Clip.tsx";
import { Icon } from "../frame/Icon.tsx";
import { useNow } from "../frame/useNow.ts";
import { duration } from "../format/duration.ts";
import { dollars, spend, spendDetail } from "../format/money.ts";
import { count, percent, plural } from "../format/number.ts";
import { errorType, headline } from "../format/text.ts";
import { full } from "../format/time.ts";
import { Belongs } from "./Belongs.tsx";
import type { Node } from "./tree.ts";
import { workKey, workLabel } from "./work.ts";

export function Summary({ node, traceStart }: { readonly node: Node; readonly traceStart: number }) {
  const address = useAddress();
  const { zone } = address;
  const now = useNow();
  const { span } = node;
  const at = traceStart + span.offset;
  return (
    <header className="summary">
      <div className="summary-title">
        <span className={`work-icon ${workKey(span.work)}`}>
          <Icon name={workKey(span.work)} />
        </span>
        <h2 title={headline(span.name)}>{headline(span.name)}</h2>
        <span className="tag">{workLabel(span.work)}</span>
      </div>
      <p className="muted summary-line number">
        {duration(span.duration)}, {duration(span.offset)} into the trace
        <span title={full(at, zone)}> · {full(at, zone)}</span>
        {span.service !== null && <span> · {headline(span.service, 80)}</span>}
      </p>
      {span.status === "error" && (
        <div className="fault" role="note">
          <b>{headline(errorType(span.error_type), 200)}</b>
          <Clip text={span.status_message ?? span.error_message ?? ""} limit={600} />
          {span.error_group !== null && (
            <Link
              className="fault-cause"
              to={onPage(
                { ...address, range: including(address.range, at, now) },
                { name: "error", id: span.error_group },
              )}
            >
              Others of this cause
            </Link>
          )}
        </div>
      )}
      {node.attempts.length > 0 && (
        <p className="notice">
          {plural(node.attempts.length, "earlier attempt")} failed:{" "}
          {node.attempts.map((each) => headline(errorType(each.span.error_type), 80)).join(", ")}
        </p>
      )}
      {node.skew > 0 && (
        <p className="notice">Starts {duration(node.skew)} before its parent: the clocks of the two machines differ.</p>
      )}
      {span.call !== null && <CallFacts span={span} call={span.call} />}
      <Belongs span={span} at={at} />
    </header>
  );
}

function CallFacts({ span, call }: { readonly span: SpanView; readonly call: CallView }) {
  const { tokens } = call;
  const model = call.response_model ?? call.request_model ?? "unknown model";
  const asked =
    call.response_model !== null && call.request_model !== null && call.response_model !== call.request_model;
  return (
    <>
      <dl className="facts call-facts">
        <div>
          <dt>Model</dt>
          <dd title={asked ? `asked for ${headline(call.request_model, 200)}` : undefined}>{headline(model, 120)}</dd>
        </div>
        <div>
          <dt>Tokens in</dt>
          <dd className="number">
            {call.usage_estimated && "~"}
            {count(tokens.input)}
            {(tokens.cache_read ?? 0) > 0 && (
              <span className="good-text" title={`${count(tokens.cache_read)} tokens read from a cache`}>
                {" "}
                {percent(tokens.cache_read ?? 0, tokens.input ?? 0)} cached
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>Tokens out</dt>
          <dd className="number">
            {call.usage_estimated && "~"}
            {count(tokens.output)}
            {(tokens.reasoning ?? 0) > 0 && <span className="muted"> {count(tokens.reasoning)} reasoning</span>}
          </dd>
        </div>
        {call.first_token !== null && (
          <div>
            <dt>First token</dt>
            <dd className="number">{duration(call.first_token)}</dd>
          </div>
        )}
        {(call.incomplete || call.finish_reasons.length > 0) && (
          <div>
            <dt>Finish</dt>
            <dd className={call.incomplete ? "warn-text" : undefined}>
              {call.incomplete ? "cut" : headline(call.finish_reasons.join(", "), 120)}
            </dd>
          </div>
        )}
      </dl>
      {span.cost !== null && (span.cost.amount !== null || span.status !== "error") && <CostSplit cost={span.cost} />}
    </>
  );
}

/** Cost as a bar: how much of it the input, how much the output. */
function CostSplit({ cost }: { readonly cost: Spend }) {
  const [input, output] = [Number(cost.input ?? 0), Number(cost.output ?? 0)];
  const known = input > 0 && output > 0;
  const words: Record<string, string> = {
    reported: "reported by the provider",
    computed: "computed from usage",
    estimated: "estimated: usage was missing or cut",
    unpriced: "the model is not in the price table, or its usage is unknown",
  };
  return (
    <div className="split" title={spendDetail(cost)}>
      <p>
        <b className={`number ${cost.amount === null ? "warn-text" : ""}`}>{spend(cost)}</b>{" "}
        <span className="muted">{words[cost.state] ?? cost.state}</span>
      </p>
      {known && (
        <>
          <div className="split-bar" aria-hidden="true">
            <span className="split-in" style={{ flexGrow: input / (input + output) }} />
            <span className="split-out" style={{ flexGrow: output / (input + output) }} />
          </div>
          <p className="split-labels number">
            <span>input {dollars(input)}</span>
            <span>output {dollars(output)}</span>
          </p>
        </>
      )}
    </div>
  );
}
