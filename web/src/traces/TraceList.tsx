/** The list: dense, virtualised, a page at a time, moved through with j and k. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { TraceRow } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { go, useAddress } from "../address/useAddress.ts";
import { useKeys } from "../keyboard/useKeys.ts";
import { COLUMNS } from "./columns.ts";
import { TraceLine } from "./TraceLine.tsx";

const ROW = 28;

interface Props {
  readonly rows: readonly TraceRow[];
  readonly more: boolean;
  readonly onMore: () => void;
}

export function TraceList({ rows, more, onMore }: Props) {
  const address = useAddress();
  const scroller = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [now, setNow] = useState(() => Date.now() / 1e3);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - 30) onMore();
  }, [more, last, rows.length, onMore]);
  useEffect(() => setNow(Date.now() / 1e3), [rows]);
  const selected = rows.findIndex((row) => row.trace_id === chosen);
  const move = (step: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, selected + step));
    setChosen(rows[next]?.trace_id ?? null);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(".line.selected .line-link")?.focus({ preventScroll: true }),
    );
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: (event) => {
      const row = rows[selected];
      if (
        row === undefined ||
        (event.target instanceof HTMLElement && event.target.matches("a, button, [role=slider]"))
      )
        return false;
      go(onPage(address, { name: "trace", id: row.trace_id }));
      return true;
    },
  });
  const longest = rows.reduce((most, row) => Math.max(most, row.duration), 0);
  return (
    <div className="list" role="table" aria-label="Traces" aria-rowcount={more ? -1 : rows.length + 1}>
      <div className="line head" role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <span key={column.key} role="columnheader" className={`c-${column.key}`}>
            {column.title}
          </span>
        ))}
      </div>
      <div className="list-scroll" ref={scroller} role="rowgroup">
        <div className="list-inner" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const isChosen = selected === item.index || (selected < 0 && item.index === 0 && chosen !== null);
            return (
              <TraceLine
                key={row.trace_id}
                row={row}
                address={address}
                position={item.index}
                top={item.start}
                selected={isChosen}
                longest={longest}
                now={now}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
