/** One message of the chat. Everything in it is text: nothing is rendered as markup, nothing can be clicked through to. */
import { useState } from "react";
import { headline, seen } from "../format/text.ts";
import { Clip } from "../frame/Clip.tsx";
import { splitBlocks } from "./blocks.ts";
import type { Message, Part } from "./conversation.ts";
import { Json } from "./Json.tsx";

const LIMIT = 4_000;
const FOLDED = 160;

interface Props {
  readonly message: Message;
  readonly answer?: boolean;
  readonly folded?: boolean;
  readonly label?: string | null;
}

export function Turn({ message, answer = false, folded = false, label = null }: Props) {
  const known = ["system", "developer", "user", "assistant", "tool"].includes(message.role);
  const [open, setOpen] = useState(!folded);
  const first = message.parts[0];
  const preview = !open && first?.kind === "text" ? first.text : null;
  return (
    <article className={`turn ${known ? message.role : "unknown"} ${answer ? "answer" : ""}`}>
      <header>
        <span className="turn-role">{headline(message.role, 40)}</span>
        {message.name !== null && <span className="muted">{headline(message.name, 80)}</span>}
        {label !== null && <span className="muted">{label}</span>}
        {answer && <span className="tag">answer</span>}
        {folded && (
          <button className="button bare" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Fold" : "Show"}
          </button>
        )}
      </header>
      {preview !== null ? (
        <p className="muted cut">{headline(preview, FOLDED)}</p>
      ) : (
        message.parts.map((part, index) => <PartView key={index} part={part} />)
      )}
      {message.parts.length === 0 && <p className="muted">empty</p>}
    </article>
  );
}

function PartView({ part }: { readonly part: Part }) {
  switch (part.kind) {
    case "text":
      return <Prose text={part.text} />;
    case "reasoning":
      return (
        <details className="reasoning">
          <summary>Reasoning</summary>
          <Prose text={part.text} />
        </details>
      );
    case "call":
      return (
        <div className="tool-call">
          <p>
            <span className="muted">calls</span> <b className="mono">{headline(part.name, 200)}</b>
            {part.id !== null && <span className="muted mono tool-id cut">{part.id}</span>}
          </p>
          {part.arguments !== undefined && part.arguments !== null && <Json value={part.arguments} />}
        </div>
      );
    case "result":
      return (
        <div className="tool-call">
          <p>
            <span className="muted">result</span>
            {part.id !== null && <span className="muted mono tool-id cut">{part.id}</span>}
          </p>
          <Json value={part.response} />
        </div>
      );
    case "media":
      return (
        <p className="media">
          <span className="tag">{headline(part.what, 80)}</span> <Clip text={part.where} limit={300} />
          {part.transcript !== null && <Prose text={part.transcript} />}
        </p>
      );
    case "other":
      return (
        <div className="tool-call">
          <p className="muted">{headline(part.type, 80)}</p>
          <Json value={part.value} />
        </div>
      );
  }
}

function Prose({ text }: { readonly text: string }) {
  // Huge text is not searched for fences: it is shown in parts.
  if (text.length > LIMIT)
    return (
      <p className="prose">
        <Clip text={text} limit={LIMIT} />
      </p>
    );
  return splitBlocks(text).map((block, index) =>
    block.kind === "code" ? (
      <pre key={index} className="code">
        {seen(block.text)}
      </pre>
    ) : (
      <p key={index} className="prose">
        {seen(block.text)}
      </p>
    ),
  );
}
