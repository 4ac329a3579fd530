/** The frame around every page, and the keys that work everywhere. */
import { useCallback, useEffect, useRef, useState } from "react";
import { onPage } from "../address/address.ts";
import { endsNow } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { useKeys } from "../keyboard/useKeys.ts";
import { OverviewPage } from "../overview/OverviewPage.tsx";
import { TracePage } from "../trace/TracePage.tsx";
import { TracesPage } from "../traces/TracesPage.tsx";
import { Rail } from "./Rail.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { TopBar } from "./TopBar.tsx";

const TITLES = { overview: "Overview", traces: "Traces", trace: "Trace" } as const;

export function App() {
  const { page } = useAddress();
  const search = useRef<HTMLInputElement>(null);
  const [shortcuts, setShortcuts] = useState(false);
  const closeShortcuts = useCallback(() => setShortcuts(false), []);
  useEffect(() => {
    document.title = `${TITLES[page.name]} – spanglass`;
  }, [page.name]);
  useKeys({
    "/": () => {
      if (here().page.name === "trace") return false; // a trace has a search of its own
      search.current?.select();
      return true;
    },
    "?": () => setShortcuts(true),
    l: () => endsNow(here().range) && go({ ...here(), live: !here().live }),
    "g o": () => go(onPage(here(), { name: "overview" })),
    "g t": () => go(onPage(here(), { name: "traces" })),
  });
  return (
    <div className="frame">
      <Rail onShortcuts={() => setShortcuts(true)} />
      <TopBar search={search} />
      <main className="page" key={page.name} tabIndex={-1}>
        {page.name === "overview" && <OverviewPage />}
        {page.name === "traces" && <TracesPage />}
        {page.name === "trace" && <TracePage key={page.id} id={page.id} />}
      </main>
      {shortcuts && <Shortcuts onClose={closeShortcuts} />}
    </div>
  );
}
