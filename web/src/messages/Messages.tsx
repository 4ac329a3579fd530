/** What was said: captured messages as a chat, a tool's arguments and result, or how to capture them. */
import { useMemo, useState } from "react";
import type { SpanView } from "../api/types.ts";
import { Clip } from "../frame/Clip.tsx";
import { plural } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { readConversation, readToolCall, type Conversation, type Message, type Tool } from "./conversation.ts";
import { Json } from "./Json.tsx";
import { Turn } from "./Turn.tsx";

/** Longer conversations fold their beginning: what was new in this call is at the end. */
const RECENT = 8;

export function Messages({ span }: { readonly span: SpanView }) {
  const conversation = useMemo(() => readConversation(span.content), [span]);
  const toolCall = useMemo(() => readToolCall(span.content), [span]);
  if (conversation === null && toolCall === null)
    return <NotCaptured speaks={span.call !== null || span.work === "tool"} />;
  return (
    <div className="messages">
      {toolCall !== null && (
        <>
          <Section title="Arguments" value={toolCall.arguments} />
          <Section title="Result" value={toolCall.result} />
        </>
      )}
      {conversation !== null && <Chat conversation={conversation} />}
    </div>
  );
}

function Section({ title, value }: { readonly title: string; readonly value: unknown }) {
  if (value === null) return null;
  return (
    <section className="tool-part">
      <h3>{title}</h3>
      <Json value={value} />
    </section>
  );
}

function Chat({ conversation }: { readonly conversation: Conversation }) {
  const { system, input, output, tools } = conversation;
  const [all, setAll] = useState(input.length <= RECENT);
  const hidden = all ? 0 : input.length - RECENT;
  return (
    <>
      {tools.length > 0 && <Tools tools={tools} />}
      {system.length > 0 && <Turn message={{ role: "system", name: null, parts: system, finishReason: null }} folded />}
      {hidden > 0 && (
        <button className="button earlier" type="button" onClick={() => setAll(true)}>
          Show {plural(hidden, "earlier message")}
        </button>
      )}
      {input.slice(hidden).map((message, index) => (
        <Turn key={index} message={message} folded={isLongInstruction(message)} />
      ))}
      {output.length > 0 && <Answers messages={output} />}
    </>
  );
}

/** Instructions are the same in every call: long ones would push what is new off the screen. */
function isLongInstruction({ role, parts }: Message): boolean {
  const length = parts.reduce((sum, part) => sum + (part.kind === "text" ? part.text.length : 0), 0);
  return (role === "system" || role === "developer") && length > 240;
}

function Answers({ messages }: { readonly messages: readonly Message[] }) {
  return messages.map((message, index) => (
    <Turn key={index} message={message} answer label={messages.length > 1 ? `choice ${index + 1}` : null} />
  ));
}

function Tools({ tools }: { readonly tools: readonly Tool[] }) {
  return (
    <details className="tools">
      <summary>
        {plural(tools.length, "tool")} offered{" "}
        <span className="muted cut">{headline(tools.map((tool) => tool.name).join(", "))}</span>
      </summary>
      {tools.map((tool, index) => (
        <section key={index} className="tool-part">
          <h3 className="mono">{headline(tool.name, 200)}</h3>
          {tool.description !== null && (
            <p>
              <Clip text={tool.description} limit={600} />
            </p>
          )}
          {tool.parameters !== undefined && <Json value={tool.parameters} />}
        </section>
      ))}
    </details>
  );
}

function NotCaptured({ speaks }: { readonly speaks: boolean }) {
  if (!speaks)
    return (
      <p className="muted not-captured">
        Messages belong to model calls and tools. This span is neither; its attributes say what it did.
      </p>
    );
  return (
    <div className="not-captured">
      <h3>Messages were not captured</h3>
      <p>
        Content stays in your application unless you switch it on. Set one variable where the application runs, and
        restart it:
      </p>
      <pre className="code">OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY</pre>
      <p className="muted">Tokens, cost and timing are recorded either way.</p>
    </div>
  );
}
