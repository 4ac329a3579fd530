/** The span as the API sends it. */
import { useMemo, useState } from "react";
import type { SpanView } from "../api/types.ts";
import { Clip } from "../frame/Clip.tsx";

export function Raw({ span }: { readonly span: SpanView }) {
  const text = useMemo(() => JSON.stringify(span, null, 2), [span]);
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_200);
    });
  };
  return (
    <div className="raw">
      <button className="button" type="button" onClick={copy}>
        {copied ? "Copied" : "Copy"}
      </button>
      <pre className="code">
        <Clip text={text} limit={20_000} />
      </pre>
    </div>
  );
}
