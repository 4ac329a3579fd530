/** The attributes of a span as sent, found by typing; content that the Messages tab shows is named, not repeated. */
import { Fragment, useState } from "react";
import type { Attributes as Values, SpanView } from "../api/types.ts";
import { Clip } from "../frame/Clip.tsx";
import { duration } from "../format/duration.ts";
import { headline, seen } from "../format/text.ts";
import { show } from "../messages/conversation.ts";

/** The conventions' names for what was said; others' are shown here too, cut as any long text. */
const CONTENT: ReadonlySet<string> = new Set([
  "gen_ai.system_instructions",
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.tool.definitions",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
]);

export function Attributes({ span }: { readonly span: SpanView }) {
  const [find, setFind] = useState("");
  return (
    <div className="attributes">
      <input
        className="field"
        type="search"
        placeholder="Filter attributes"
        aria-label="Filter attributes"
        value={find}
        onChange={(event) => setFind(event.target.value)}
      />
      <Group title="Attributes" values={span.attributes} find={find} />
      {span.events.map((event, index) => (
        <Group
          key={index}
          title={`Event ${event.name} at ${duration(event.offset)}`}
          values={event.attributes}
          find={find}
        />
      ))}
      {span.links.map((link) => (
        <Group
          key={`${link.trace_id}${link.span_id}`}
          title="Link"
          values={{ trace_id: link.trace_id, span_id: link.span_id, ...link.attributes }}
          find={find}
        />
      ))}
      <Group title="Span" values={facts(span)} find={find} />
      <Group title="Resource" values={span.resource} find={find} />
    </div>
  );
}

function facts(span: SpanView): Values {
  const { span_id, parent_span_id, kind, scope, status, status_message } = span;
  return { span_id, parent_span_id, kind, scope, status, status_message };
}

/** A name that may break after its dots and underscores, and nowhere else. */
function breakable(name: string) {
  return seen(name)
    .split(/(?<=[._])/)
    .map((piece, index) => (
      <Fragment key={index}>
        <wbr />
        {piece}
      </Fragment>
    ));
}

function Group({ title, values, find }: { readonly title: string; readonly values: Values; readonly find: string }) {
  const wanted = find.trim().toLowerCase();
  const rows = Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined)
    .filter(([key, value]) => wanted === "" || `${key} ${show(value)}`.toLowerCase().includes(wanted))
    .sort(([a], [b]) => a.localeCompare(b));
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>{headline(title, 200)}</h3>
      <dl>
        {rows.map(([key, value]) => (
          <div key={key}>
            <dt>{key.length > 120 ? <Clip text={key} limit={120} /> : breakable(key)}</dt>
            <dd>
              {CONTENT.has(key) && wanted === "" ? (
                <span className="muted">shown under Messages</span>
              ) : (
                <Clip text={show(value)} limit={600} />
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
