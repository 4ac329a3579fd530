/** The browser's address as state: read it, go to another, replace it. The one place that touches history. */
import { useSyncExternalStore } from "react";
import { readAddress, writeAddress, type Address } from "./address.ts";

const listeners = new Set<() => void>();
let lastText: string | null = null;
let last: Address = readAddress("/", "");

function current(): Address {
  const text = location.pathname + location.search;
  if (text !== lastText) {
    lastText = text;
    last = readAddress(location.pathname, location.search);
  }
  return last;
}

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

/** The address, following it as it changes. */
export function useAddress(): Address {
  return useSyncExternalStore(subscribe, current);
}

/** Go to an address, leaving the present one in history. */
export function go(address: Address): void {
  const text = writeAddress(address);
  if (text === location.pathname + location.search) return;
  history.pushState(null, "", text);
  tell();
}

/** Change the present address without a step in history, as for a selection that moves with each key. */
export function replace(address: Address): void {
  const text = writeAddress(address);
  if (text === location.pathname + location.search) return;
  history.replaceState(null, "", text);
  tell();
}

/** The address right now, for handlers. */
export function here(): Address {
  return current();
}
