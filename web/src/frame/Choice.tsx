/** One of a few words, as the page's own choice; the chosen one is in the address. */
import { choosing, type Choice as Name } from "../address/address.ts";
import { go, here, useAddress } from "../address/useAddress.ts";

interface Props {
  readonly choice: Name;
  readonly label: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  /** What counts where nothing is chosen: the first, where the page knows of no other. */
  readonly standard?: string;
}

export function Choice({ choice, label, options, standard = options[0]?.[0] ?? "" }: Props) {
  const chosen = useAddress().choices[choice] ?? standard;
  return (
    <select
      className="select"
      aria-label={label}
      title={label}
      value={chosen}
      onChange={(event) =>
        go(choosing(here(), choice, event.target.value === standard ? undefined : event.target.value))
      }
    >
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </select>
  );
}
