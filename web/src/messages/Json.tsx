/** A JSON value, indented and lightly coloured; text as it is. */
import { seen } from "../format/text.ts";
import { Clip } from "../frame/Clip.tsx";
import { show } from "./conversation.ts";

const LIMIT = 3_000;
const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export function Json({ value }: { readonly value: unknown }) {
  const text = seen(show(value));
  const coloured = typeof value !== "string" && text.length <= LIMIT;
  return <pre className="code json">{coloured ? colour(text) : <Clip text={text} limit={LIMIT} />}</pre>;
}

function colour(text: string): React.ReactNode[] {
  const pieces: React.ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    pieces.push(text.slice(end, match.index));
    const [all, string, colon] = match;
    const kind = string === undefined ? "json-other" : colon === undefined ? "json-string" : "json-key";
    pieces.push(
      <span key={match.index} className={kind}>
        {all}
      </span>,
    );
    end = match.index + all.length;
  }
  pieces.push(text.slice(end));
  return pieces;
}
