/** What happened in this trace: where the time went, the waterfall, and what the selected span says. */
import { useMemo, useRef } from "react";
import { useTrace } from "../api/queries.ts";
import type { Trace } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { go, here, replace, useAddress } from "../address/useAddress.ts";
import { Problem } from "../frame/Problem.tsx";
import { useKeys } from "../keyboard/useKeys.ts";
import { Details } from "./Details.tsx";
import { Minimap } from "./Minimap.tsx";
import { TraceHead } from "./TraceHead.tsx";
import { buildTree, firstOfInterest, type Node } from "./tree.ts";
import { Waterfall } from "./Waterfall.tsx";
import { WhereBar } from "./WhereBar.tsx";

export function TracePage({ id }: { readonly id: string }) {
  const address = useAddress();
  const { data, error, refetch } = useTrace(id, address.live);
  if (data !== undefined) return <Opened trace={data} />;
  if (error === null) return <p className="loading">Loading…</p>;
  return (
    <>
      <Problem error={error} onRetry={() => void refetch()} />
      <p className="loading">
        <Link to={onPage(address, { name: "traces" })}>All traces</Link>
      </p>
    </>
  );
}

function Opened({ trace }: { readonly trace: Trace }) {
  const address = useAddress();
  const search = useRef<HTMLInputElement>(null);
  const tree = useMemo(() => buildTree(trace.spans), [trace]);
  const interesting = useMemo(() => firstOfInterest(tree), [tree]);
  const selected = (address.span === null ? undefined : tree.byId.get(address.span)) ?? interesting;
  const total = Math.max(trace.duration, 1e-6);
  const view = address.view ?? ([0, total] as const);
  const select = (node: Node) => replace({ ...here(), span: node.span.span_id });
  useKeys({
    Escape: () => {
      const now = here();
      if (now.view !== null || now.find !== "") replace({ ...now, view: null, find: "" });
      else if (now.span !== null && window.matchMedia("(max-width: 900px)").matches) replace({ ...now, span: null });
      else go(onPage(now, { name: "traces" }));
      return true;
    },
    "/": () => search.current?.select(),
  });
  return (
    <div className={`trace ${address.span === null ? "" : "has-selection"}`}>
      <TraceHead trace={trace} tree={tree} />
      <div className="trace-over">
        <WhereBar where={trace.where} total={total} />
        <Minimap tree={tree} total={total} view={address.view} onView={(next) => replace({ ...here(), view: next })} />
      </div>
      <div className="trace-body">
        <div className="trace-left">
          <div className="find">
            <input
              ref={search}
              className="field"
              type="search"
              placeholder="Find a span"
              aria-label="Find a span in this trace"
              value={address.find}
              maxLength={200}
              onChange={(event) => replace({ ...here(), find: event.target.value })}
              onKeyDown={(event) => {
                if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
              }}
            />
          </div>
          <Waterfall tree={tree} view={view} find={address.find} selected={selected} onSelect={select} />
        </div>
        {selected !== null && <Details key={selected.span.span_id} node={selected} trace={trace} />}
      </div>
    </div>
  );
}
