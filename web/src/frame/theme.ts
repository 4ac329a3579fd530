/** Light or dark: what the system says until a person chooses; the choice stays in this browser. */
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "spanglass.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null; // storage is switched off
  }
}

let current: Theme = chosen() ?? (system.matches ? "dark" : "light");

function apply(theme: Theme): void {
  current = theme;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** Apply the theme and follow the system; call once, before the first paint. */
export function startTheme(): void {
  apply(current);
  system.addEventListener("change", () => {
    if (chosen() === null) apply(system.matches ? "dark" : "light");
  });
}

export function useTheme(): [Theme, () => void] {
  const theme = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  return [theme, toggle];
}

function toggle(): void {
  const next = current === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // storage is switched off: the choice lasts until the page closes
  }
  apply(next);
}
