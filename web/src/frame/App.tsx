/** The frame around every page, and the keys that work everywhere. */
import { useCallback, useEffect, useRef, useState } from "react";
import { listOf, onPage, type Page } from "../address/address.ts";
import { endsNow } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { useKeys } from "../keyboard/useKeys.ts";
import { Notices } from "./Notices.tsx";
import { ENTRIES } from "./entries.ts";
import { show } from "./pages.tsx";
import { Rail } from "./Rail.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { TopBar } from "./TopBar.tsx";

/** `g` and a key go to a page. */
const GOING = Object.fromEntries(ENTRIES.map(({ name, key }) => [`g ${key}`, () => go(onPage(here(), { name }))]));

export function App() {
  const { page } = useAddress();
  const search = useRef<HTMLInputElement>(null);
  const [shortcuts, setShortcuts] = useState(false);
  const closeShortcuts = useCallback(() => setShortcuts(false), []);
  useEffect(() => {
    document.title = `${titleOf(page)} – spanglass`;
  }, [page]);
  useKeys({
    "/": () => {
      if (here().page.name === "trace") return false; // a trace has a search of its own
      search.current?.select();
      return true;
    },
    "?": () => setShortcuts(true),
    l: () => endsNow(here().range) && go({ ...here(), live: !here().live }),
    ...GOING,
  });
  return (
    <div className="frame">
      <Rail onShortcuts={() => setShortcuts(true)} />
      <TopBar search={search} />
      <main className="page" key={page.name} tabIndex={-1}>
        <Notices />
        {show(page)}
      </main>
      {shortcuts && <Shortcuts onClose={closeShortcuts} />}
    </div>
  );
}

function titleOf(page: Page): string {
  if ("id" in page && page.name !== "trace") return page.id;
  const title = ENTRIES.find((entry) => entry.name === listOf(page))?.title ?? "Overview";
  return page.name === "trace" ? "Trace" : title;
}
