/** What the selected span says: a summary, then its messages, attributes, logs, scores where it has some, and all of it raw. */
import { useRef, type KeyboardEvent } from "react";
import type { Trace } from "../api/types.ts";
import { here, replace, useAddress } from "../address/useAddress.ts";
import { Icon } from "../frame/Icon.tsx";
import { useKeys } from "../keyboard/useKeys.ts";
import { Messages } from "../messages/Messages.tsx";
import { Attributes } from "./Attributes.tsx";
import { Raw } from "./Raw.tsx";
import { Scores, scoresOf } from "./Scores.tsx";
import { Summary } from "./Summary.tsx";
import { TraceLogs } from "./TraceLogs.tsx";
import type { Node } from "./tree.ts";

const TABS = [
  { key: "messages", label: "Messages" },
  { key: "attributes", label: "Attributes" },
  { key: "logs", label: "Logs" },
  { key: "scores", label: "Scores" },
  { key: "raw", label: "Raw" },
] as const;
type Tab = (typeof TABS)[number]["key"];

export function Details({ node, trace }: { readonly node: Node; readonly trace: Trace }) {
  const address = useAddress();
  const tabs = useRef<HTMLDivElement>(null);
  const speaks = node.span.call !== null || node.span.work === "tool";
  const scores = scoresOf(node.span, trace.scores, node.parent === null);
  const shown = TABS.filter(({ key }) => key !== "scores" || scores.length > 0);
  const wanted = shown.find((tab) => tab.key === address.tab)?.key;
  const tab: Tab = wanted ?? (speaks ? "messages" : "attributes");
  const choose = (key: Tab) => replace({ ...here(), span: node.span.span_id, tab: key });
  useKeys(Object.fromEntries(shown.map(({ key }, place) => [String(place + 1), () => choose(key)])));
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = shown[(shown.findIndex((each) => each.key === tab) + step + shown.length) % shown.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    choose(next.key);
    tabs.current?.querySelector<HTMLElement>(`#tab-${next.key}`)?.focus();
  };
  return (
    <aside className="details" aria-label="Selected span">
      <button className="button details-close" type="button" onClick={() => replace({ ...here(), span: null })}>
        <Icon name="back" size={14} /> Spans
      </button>
      <Summary node={node} traceStart={trace.start} />
      <div className="tabs" role="tablist" aria-label="About this span" ref={tabs} onKeyDown={press}>
        {shown.map(({ key, label }) => (
          <button
            key={key}
            id={`tab-${key}`}
            type="button"
            role="tab"
            aria-selected={tab === key}
            aria-controls="tab-panel"
            tabIndex={tab === key ? 0 : -1}
            onClick={() => choose(key)}
          >
            {label}
            {key === "scores" && <span className="muted number"> {scores.length}</span>}
          </button>
        ))}
      </div>
      <div className="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {tab === "messages" && <Messages span={node.span} />}
        {tab === "attributes" && <Attributes span={node.span} />}
        {tab === "logs" && <TraceLogs trace={trace.trace_id} span={node.span.span_id} />}
        {tab === "scores" && <Scores scores={scores} />}
        {tab === "raw" && <Raw span={node.span} />}
      </div>
    </aside>
  );
}
