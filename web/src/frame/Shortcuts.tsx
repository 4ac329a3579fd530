/** The sheet that `?` opens. */
import { useEffect, useRef } from "react";
import { Icon } from "./Icon.tsx";
import { ENTRIES } from "./pages.tsx";

const KEYS: readonly (readonly [meaning: string, ...keys: string[]])[] = [
  ["Search", "/"],
  ["Next, previous", "j", "k"],
  ["Open", "Enter"],
  ["Back, close", "Esc"],
  ["Fold, unfold", "←", "→"],
  ["Next failed span", "e"],
  ["Tabs of a span", "1", "2", "3"],
  ["Live on, off", "l"],
  ...ENTRIES.map(({ title, key }) => [title, "g", key] as const),
  ["Move along a chart", "←", "→"],
  ["This sheet", "?"],
];

export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog className="sheet" ref={dialog} aria-labelledby="shortcuts" onClose={onClose}>
      <header>
        <h2 id="shortcuts">Keyboard shortcuts</h2>
        <button className="button bare" type="button" onClick={onClose} aria-label="Close">
          <Icon name="close" />
        </button>
      </header>
      <dl className="keys">
        {KEYS.map(([meaning, ...keys]) => (
          <div key={meaning}>
            <dt>{meaning}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
