/** The bar of one span: first token as a notch, failed attempts as ghosts before it, waiting hatched. */
import { duration } from "../format/duration.ts";
import { placeBar, placePoint } from "./bar.ts";
import { opensItself, type Node } from "./tree.ts";
import { workKey } from "./work.ts";

const HOLDERS: ReadonlySet<string> = new Set(["agent", "http", "queue", "other"]);

interface Props {
  readonly node: Node;
  readonly view: readonly [number, number];
}

export function Bar({ node, view }: Props) {
  const { span } = node;
  const place = placeBar(span.offset, span.duration, view);
  const first = span.call?.first_token ?? null;
  const notch = first === null ? null : placePoint(span.offset + first, view);
  const failed = span.status === "error";
  // What only holds other spans is thinner, so that the work itself stands out.
  const holds = opensItself(node) && HOLDERS.has(span.work);
  return (
    <span className="bars" aria-hidden="true">
      {node.attempts.map((attempt) => (
        <Ghost key={attempt.span.span_id} node={attempt} view={view} />
      ))}
      {place !== null && (
        <span
          className={`bar-span work-fill ${workKey(span.work)} ${failed ? "failed" : ""} ${node.superseded ? "ghost" : ""} ${holds ? "holds" : ""}`}
          style={{ left: `${place.left}%`, width: `${place.width}%` }}
        />
      )}
      {place !== null && notch !== null && (
        <>
          <span
            className="bar-before"
            style={{ left: `${place.left}%`, width: `${Math.max(0, notch - place.left)}%` }}
          />
          <span className="bar-notch" style={{ left: `${notch}%` }} title={`first token after ${duration(first)}`} />
        </>
      )}
    </span>
  );
}

function Ghost({ node, view }: Props) {
  const place = placeBar(node.span.offset, node.span.duration, view);
  if (place === null) return null;
  return (
    <span
      className={`bar-span ghost work-fill ${workKey(node.span.work)}`}
      style={{ left: `${place.left}%`, width: `${place.width}%` }}
    />
  );
}
