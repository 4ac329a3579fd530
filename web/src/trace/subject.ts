/** What a span is about where its name does not say it: `GET` of where, `select` of what. Pure. */
import type { SpanView } from "../api/types.ts";
import { count, plural } from "../format/number.ts";

/** A few words to put beside the name, as sent; null where the name says all. */
export function subject(span: SpanView): string | null {
  const { attributes } = span;
  const folded = attributes["spanglass.folded.count"];
  if (typeof folded === "number") return `stands for ${count(folded)}`;
  switch (span.work) {
    case "http":
      return span.kind === "client" ? (place(attributes["url.full"]) ?? text(attributes["server.address"])) : null;
    case "db":
      return text(attributes["db.query.text"]);
    case "queue": {
      const batch = attributes["messaging.batch.message_count"];
      return typeof batch === "number" ? plural(batch, "message") : null;
    }
    case "waiting":
      return text(attributes["spanglass.wait.outcome"]);
    default:
      return null;
  }
}

/** Host and path of an address, without the query: it may be long, and hold what is nobody's business. */
function place(address: unknown): string | null {
  const found = typeof address === "string" ? /^\w+:\/\/(?:[^/?#]*@)?([^?#]+)/.exec(address) : null;
  return found?.[1] ?? null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
