/** The list's own filters; those for all pages are in the top bar. */
import { useServices } from "../api/queries.ts";
import { filtered, type Filter } from "../address/address.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { Chips } from "../frame/Chips.tsx";
import { Menu } from "../frame/Menu.tsx";

const STATUSES = [
  ["", "All"],
  ["error", "Failed"],
  ["ok", "Succeeded"],
] as const;

export function FilterBar() {
  const address = useAddress();
  const menus = useServices(address).data;
  return (
    <div className="filters">
      <div className="segments" role="group" aria-label="Status">
        {STATUSES.map(([value, label]) => (
          <button
            key={value}
            type="button"
            aria-pressed={(address.filters.status ?? "") === value}
            onClick={() => go(filtered(here(), { status: value }))}
          >
            {label}
          </button>
        ))}
      </div>
      <Menu filter="model" label="Model" any="All models" values={menus?.models ?? []} />
      <Menu filter="feature" label="Feature" any="All features" values={menus?.features ?? []} />
      <Exact filter="user" />
      <Exact filter="session" />
      <Chips shown={["text", "q"]} />
    </div>
  );
}

/** A filter that is typed, for values too many to list. */
function Exact({ filter }: { readonly filter: Filter }) {
  const value = useAddress().filters[filter] ?? "";
  return (
    <form
      key={value}
      onSubmit={(event) => {
        event.preventDefault();
        const typed = new FormData(event.currentTarget).get("value");
        go(filtered(here(), { [filter]: typeof typed === "string" ? typed.trim() : "" }));
      }}
    >
      <input
        className={`field exact ${value === "" ? "" : "active"}`}
        name="value"
        defaultValue={value}
        placeholder={filter === "user" ? "User id" : "Session id"}
        aria-label={filter === "user" ? "User id" : "Session id"}
        autoComplete="off"
        onBlur={(event) => event.currentTarget.form?.requestSubmit()}
      />
    </form>
  );
}
