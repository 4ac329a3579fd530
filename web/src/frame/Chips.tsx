/** The filters in force that have no menu of their own in the top bar; each goes away with a click. */
import { filtered, type Filter } from "../address/address.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { headline } from "../format/text.ts";
import { Icon } from "./Icon.tsx";

const SHOWN: readonly Filter[] = ["model", "status", "feature", "user", "session", "text", "q"];

export function Chips({ shown = SHOWN }: { readonly shown?: readonly Filter[] }) {
  const { filters } = useAddress();
  const active = shown.filter((name) => filters[name] !== undefined);
  if (active.length === 0) return null;
  return (
    <div className="chips">
      {active.map((name) => (
        <button
          key={name}
          className="chip"
          type="button"
          aria-label={`Remove the filter ${name}`}
          onClick={() => go(filtered(here(), { [name]: undefined }))}
        >
          <span className="muted">{name}</span>
          <span className="cut">{headline(filters[name] ?? "", 200)}</span>
          <Icon name="close" size={12} />
        </button>
      ))}
    </div>
  );
}
