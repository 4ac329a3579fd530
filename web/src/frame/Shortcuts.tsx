/** The sheet that `?` opens. */
import { ENTRIES } from "./entries.ts";
import { Sheet } from "./Sheet.tsx";

const KEYS: readonly (readonly [meaning: string, ...keys: string[]])[] = [
  ["Search", "/"],
  ["Next, previous", "j", "k"],
  ["Open", "Enter"],
  ["Back, close", "Esc"],
  ["Fold, unfold", "←", "→"],
  ["Next failed span", "e"],
  ["Tabs of a span", "1", "2", "…"],
  ["Live on, off", "l"],
  ...ENTRIES.map(({ title, key }) => [title, "g", key] as const),
  ["Move along a chart", "←", "→"],
  ["This sheet", "?"],
];

export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  return (
    <Sheet title="Keyboard shortcuts" onClose={onClose}>
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
    </Sheet>
  );
}
