/** Where a span belongs, each a way to the rest of it: session, user, feature, prompt, agent, tool, tags. */
import type { ReactNode } from "react";
import type { SpanView } from "../api/types.ts";
import { filtered, onPage, type Address, type Filter } from "../address/address.ts";
import { term } from "../address/language.ts";
import { Link } from "../address/Link.tsx";
import { including } from "../address/timeRange.ts";
import { useAddress } from "../address/useAddress.ts";
import { headline } from "../format/text.ts";
import { useNow } from "../frame/useNow.ts";

interface Props {
  readonly span: SpanView;
  /** Unix seconds of the span, so that the pages behind the links show a time that holds it. */
  readonly at: number;
}

export function Belongs({ span, at }: Props) {
  const address = useAddress();
  const there = { ...address, range: including(address.range, at, useNow()) };
  const traces = (change: Partial<Record<Filter, string>>) => filtered(onPage(there, { name: "traces" }), change);
  const { session_id: session, user_id: user, feature, prompt_name: prompt, agent_name: agent, tool_name: tool } = span;
  const version = span.prompt_version === null ? "" : ` · ${span.prompt_version}`;
  const facts: readonly (readonly [string, string, Address] | null)[] = [
    session === null ? null : ["Session", session, onPage(there, { name: "session", id: session })],
    user === null ? null : ["User", user, traces({ user })],
    feature === null ? null : ["Feature", feature, traces({ feature })],
    prompt === null ? null : ["Prompt", prompt + version, onPage(there, { name: "prompt", id: prompt })],
    agent === null ? null : ["Agent", agent, traces({ q: term("agent", agent) })],
    tool === null ? null : ["Tool", tool, traces({ q: term("tool", tool) })],
  ];
  const known = facts.filter((fact) => fact !== null);
  if (known.length === 0 && span.tags.length === 0) return null;
  return (
    <dl className="facts belongs">
      {known.map(([label, words, to]) => (
        <Fact key={label} label={label}>
          <Link className="cut" to={to}>
            {headline(words, 80)}
          </Link>
        </Fact>
      ))}
      {span.tags.length > 0 && (
        <Fact label="Tags">
          {span.tags.slice(0, SHOWN_TAGS).map((tag) => (
            <Link key={tag} className="tag" to={traces({ q: term("tag", tag) })}>
              {headline(tag, 40)}
            </Link>
          ))}
          {span.tags.length > SHOWN_TAGS && (
            <span className="muted">{`and ${span.tags.length - SHOWN_TAGS} more`}</span>
          )}
        </Fact>
      )}
    </dl>
  );
}

const SHOWN_TAGS = 12;

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
