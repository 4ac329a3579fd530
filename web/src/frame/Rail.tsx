/** The slim rail: the pages there are, and at its foot the theme and the shortcuts; where it is short, a sheet of all pages. */
import { useCallback, useEffect, useRef, useState } from "react";
import { listOf, onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { Icon } from "./Icon.tsx";
import { ENTRIES } from "./entries.ts";
import { PagesSheet } from "./PagesSheet.tsx";
import { useTheme } from "./theme.ts";

export function Rail({ onShortcuts }: { readonly onShortcuts: () => void }) {
  const address = useAddress();
  const [theme, toggleTheme] = useTheme();
  const [sheet, setSheet] = useState(false);
  const closeSheet = useCallback(() => setSheet(false), []);
  const pages = useRef<HTMLDivElement>(null);
  const current = listOf(address.page);
  useEffect(() => {
    pages.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav className="rail" aria-label="Pages">
      <span className="rail-mark">
        <img src="/favicon.svg" width="26" height="26" alt="spanglass" />
      </span>
      <div className="rail-pages" ref={pages}>
        {ENTRIES.map((entry) => (
          <Link
            key={entry.name}
            className="rail-link"
            to={onPage(address, { name: entry.name })}
            current={current === entry.name}
          >
            <Icon name={entry.name} />
            {entry.title}
          </Link>
        ))}
      </div>
      <div className="rail-foot">
        <button className="rail-button rail-all" type="button" onClick={() => setSheet(true)} aria-label="All pages">
          <Icon name="menu" />
        </button>
        <button
          className="rail-button rail-help"
          type="button"
          onClick={onShortcuts}
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
        >
          <Icon name="help" />
        </button>
        <button
          className="rail-button"
          type="button"
          onClick={toggleTheme}
          aria-label={theme === "dark" ? "Use light colours" : "Use dark colours"}
          title={theme === "dark" ? "Light" : "Dark"}
        >
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
      </div>
      {sheet && <PagesSheet onClose={closeSheet} />}
    </nav>
  );
}
