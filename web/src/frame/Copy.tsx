/** An id, shortened in the middle, copied whole on click. */
import { useState } from "react";
import { short } from "../format/id.ts";

export function Copy({ id, what, keep }: { readonly id: string; readonly what: string; readonly keep?: number }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(id).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_200);
    });
  };
  return (
    <button
      className="copyable"
      type="button"
      onClick={copy}
      title={`${id}\nClick to copy`}
      aria-label={`Copy ${what} ${id}`}
    >
      {copied ? "copied" : short(id, keep)}
    </button>
  );
}
