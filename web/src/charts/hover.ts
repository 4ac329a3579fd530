/** The crosshair that all charts of a page share: the bucket pointed at, or none. */
import { useSyncExternalStore } from "react";

let current: number | null = null;
const listeners = new Set<() => void>();

export function pointAt(bucket: number | null): void {
  if (bucket === current) return;
  current = bucket;
  for (const listener of listeners) listener();
}

/** The bucket pointed at; re-renders only who asks. */
export function usePointed(): number | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
