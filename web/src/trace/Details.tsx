/** What the selected span says: a summary, then its messages, its attributes, and all of it raw. */
import { useRef, type KeyboardEvent } from "react";
import { here, replace, useAddress } from "../address/useAddress.ts";
import { Icon } from "../frame/Icon.tsx";
import { useKeys } from "../keyboard/useKeys.ts";
import { Messages } from "../messages/Messages.tsx";
import { Attributes } from "./Attributes.tsx";
import { Raw } from "./Raw.tsx";
import { Summary } from "./Summary.tsx";
import type { Node } from "./tree.ts";

const TABS = [
  { key: "messages", label: "Messages" },
  { key: "attributes", label: "Attributes" },
  { key: "raw", label: "Raw" },
] as const;
type Tab = (typeof TABS)[number]["key"];

export function Details({ node, traceStart }: { readonly node: Node; readonly traceStart: number }) {
  const address = useAddress();
  const tabs = useRef<HTMLDivElement>(null);
  const speaks = node.span.call !== null || node.span.work === "tool";
  const wanted = TABS.find((tab) => tab.key === address.tab)?.key;
  const tab: Tab = wanted ?? (speaks ? "messages" : "attributes");
  const choose = (key: Tab) => replace({ ...here(), span: node.span.span_id, tab: key });
  useKeys({ 1: () => choose("messages"), 2: () => choose("attributes"), 3: () => choose("raw") });
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = TABS[(TABS.findIndex((each) => each.key === tab) + step + TABS.length) % TABS.length];
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
      <Summary node={node} traceStart={traceStart} />
      <div className="tabs" role="tablist" aria-label="About this span" ref={tabs} onKeyDown={press}>
        {TABS.map(({ key, label }) => (
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
          </button>
        ))}
      </div>
      <div className="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {tab === "messages" && <Messages span={node.span} />}
        {tab === "attributes" && <Attributes span={node.span} />}
        {tab === "raw" && <Raw span={node.span} />}
      </div>
    </aside>
  );
}
