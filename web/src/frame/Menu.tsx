/** A menu of one filter: a native list, so that it works by keyboard, touch and screen reader alike. */
import { filtered, type Filter } from "../address/address.ts";
import { headline } from "../format/text.ts";
import { go, here, useAddress } from "../address/useAddress.ts";

interface Props {
  readonly filter: Filter;
  readonly label: string;
  readonly any: string;
  readonly values: readonly string[];
}

export function Menu({ filter, label, any, values }: Props) {
  const chosen = useAddress().filters[filter] ?? "";
  const shown = chosen === "" || values.includes(chosen) ? values : [chosen, ...values];
  return (
    <select
      className="select"
      aria-label={label}
      title={label}
      value={chosen}
      onChange={(event) => go(filtered(here(), { [filter]: event.target.value }))}
    >
      <option value="">{any}</option>
      {shown.map((value) => (
        <option key={value} value={value}>
          {headline(value, 80)}
        </option>
      ))}
    </select>
  );
}
