/** Keys that work anywhere on a page, but never while a person types. */
import { useEffect, useRef } from "react";

/** Key names as in KeyboardEvent.key, two in a row as "g o"; a handler returns false to let the browser have the key. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => unknown>>;

export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    let before = "";
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog], dialog[open]") !== null) return; // what floats has its own keys
      const after = latest.current[`${before} ${event.key}`];
      // What follows `g` is the place to go to, also for those who know no places: it is no key of its own.
      const handler = after ?? (before === "g" ? undefined : latest.current[event.key]);
      before = event.key;
      if (handler !== undefined && handler(event) !== false) {
        event.preventDefault();
        before = "";
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}
