/** The search of the top bar: finds text in traces; a whole trace id opens that trace. */
import { useState, type Ref } from "react";
import { filtered, onPage } from "../address/address.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Icon } from "./Icon.tsx";

export function Search({ ref }: { readonly ref: Ref<HTMLInputElement> }) {
  const inAddress = useAddress().filters.text ?? "";
  const [draft, setDraft] = useState<string | null>(null);
  const submit = () => {
    const text = (draft ?? inAddress).trim();
    setDraft(null);
    const list = onPage(here(), { name: "traces" });
    if (/^[0-9a-f]{32}$/i.test(text)) go(onPage(here(), { name: "trace", id: text.toLowerCase() }));
    else go(filtered(list, { text }));
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
        placeholder="Search traces: text or trace id"
        maxLength={500}
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
