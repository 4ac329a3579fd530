/** One of a few words, as the page's own choice; the chosen one is in the address. */
import { choosing, type Choice as Name } from "../address/address.ts";
import { go, here, useAddress } from "../address/useAddress.ts";

interface Props {
  readonly choice: Name;
  readonly label: string;
  /** What counts where nothing is chosen comes first. */
  readonly options: readonly (readonly [value: string, label: string])[];
}

export function Choice({ choice, label, options }: Props) {
  const first = options[0]?.[0] ?? "";
  const chosen = useAddress().choices[choice] ?? first;
  return (
    <select
      className="select"
      aria-label={label}
      title={label}
      value={chosen}
      onChange={(event) => go(choosing(here(), choice, event.target.value === first ? undefined : event.target.value))}
    >
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
}
