/** The time at which a component appeared, Unix seconds: what is near enough for "today" and "in this range". */
import { useState } from "react";

export function useNow(): number {
  const [now] = useState(() => Date.now() / 1e3);
  return now;
}
