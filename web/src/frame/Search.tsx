/** The search of the top bar: finds traces by text or by the filter language; a whole trace id opens that trace. */
import { useState, type Ref } from "react";
import { filtered, onPage } from "../address/address.ts";
import { isQuery } from "../address/language.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Icon } from "./Icon.tsx";

export function Search({ ref }: { readonly ref: Ref<HTMLInputElement> }) {
  const { text: words, q } = useAddress().filters;
  const inAddress = q ?? words ?? "";
  const [draft, setDraft] = useState<string | null>(null);
  const submit = () => {
    const text = (draft ?? inAddress).trim();
    setDraft(null);
    const list = onPage(here(), { name: "traces" });
    if (/^[0-9a-f]{32}$/i.test(text)) go(onPage(here(), { name: "trace", id: text.toLowerCase() }));
    else go(filtered(list, isQuery(text) ? { q: text, text: "" } : { text, q: "" }));
  };
  return (
    <form
      className="bar-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Icon name="search" size={14} />
      <input
        ref={ref}
        className="field"
        type="search"
        aria-label="Search traces"
        placeholder="Search: text, trace id, duration>2s"
        title="Words to find, a trace id, or terms such as model:gpt-5* duration>2s -feature:help"
        maxLength={2000}
        value={draft ?? inAddress}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setDraft(null);
          event.currentTarget.blur();
        }}
      />
      {(draft ?? inAddress) === "" && <kbd aria-hidden="true">/</kbd>}
    </form>
  );
}
