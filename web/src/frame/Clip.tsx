/** Text that may be enormous: the first part, and more of it only when asked. */
import { useState } from "react";
import { count } from "../format/number.ts";
import { seen } from "../format/text.ts";

/** Characters added at a time; more in one step would freeze the page. */
const STEP = 100_000;

interface Props {
  readonly text: string;
  readonly limit: number;
}

export function Clip({ text, limit }: Props) {
  const [shown, setShown] = useState(limit);
  if (text.length <= shown) return <span className="clip">{seen(text)}</span>;
  const all = text.length - shown <= STEP;
  return (
    <span className="clip">
      {seen(text.slice(0, shown))}…{" "}
      <button className="button clip-more" type="button" onClick={() => setShown(all ? text.length : shown + STEP)}>
        {all
          ? `Show all ${count(text.length)} characters`
          : `Show ${count(STEP)} more of ${count(text.length)} characters`}
      </button>
    </span>
  );
}
