/** Tree and waterfall on one grid: virtualised, foldable, searchable, moved through by keyboard. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../keyboard/useKeys.ts";
import { GridLines, Ruler } from "./Ruler.tsx";
import { findNodes, isBelow, opensItself, revealed, visibleRows, type Node, type Tree } from "./tree.ts";
import { TreeRow } from "./TreeRow.tsx";

const ROW = 28;

interface Props {
  readonly tree: Tree;
  readonly view: readonly [number, number];
  readonly find: string;
  readonly selected: Node | null;
  readonly onSelect: (node: Node) => void;
}

export function Waterfall({ tree, view, find, selected, onSelect }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [flipped, setFlipped] = useState<ReadonlySet<string>>(() => revealed(selected, new Set()));
  const found = useMemo(() => findNodes(tree, find), [tree, find]);
  const matches = useMemo(() => (found === null ? null : new Set(found.matches)), [found]);
  const rows = useMemo(() => visibleRows(tree, flipped, found?.keep ?? null), [tree, flipped, found]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const isOpen = useCallback(
    (node: Node) => found !== null || opensItself(node) !== flipped.has(node.span.span_id),
    [found, flipped],
  );
  const toggle = useCallback(
    (node: Node) => {
      // The selection does not vanish in a fold: it moves to what was folded.
      if (isBelow(selected, node) && isOpen(node)) onSelect(node);
      setFlipped((before) => flip(before, node.span.span_id));
    },
    [selected, isOpen, onSelect],
  );
  const index = selected === null ? -1 : rows.indexOf(selected);
  const reveal = useRef<"first" | "next" | null>("first");
  useEffect(() => {
    if (reveal.current === null || index < 0) return;
    virtual.scrollToIndex(index, { align: reveal.current === "first" ? "center" : "auto" });
    reveal.current = null;
  }, [index, virtual]);
  const choose = (node: Node | null | undefined) => {
    if (node === null || node === undefined) return;
    reveal.current = "next";
    setFlipped((before) => revealed(node, before));
    onSelect(node);
  };
  useKeys({
    j: () => choose(rows[Math.min(rows.length - 1, index + 1)]),
    k: () => choose(rows[Math.max(0, index - 1)]),
    ArrowDown: (event) => {
      if (inControl(event)) return false;
      choose(rows[Math.min(rows.length - 1, index + 1)]);
      return true;
    },
    ArrowUp: (event) => {
      if (inControl(event)) return false;
      choose(rows[Math.max(0, index - 1)]);
      return true;
    },
    ArrowRight: (event) => {
      if (inControl(event) || selected === null) return false;
      if (selected.children.length > 0 && !isOpen(selected)) toggle(selected);
      else choose(selected.children[0]);
      return true;
    },
    ArrowLeft: (event) => {
      if (inControl(event) || selected === null) return false;
      if (selected.children.length > 0 && isOpen(selected) && found === null) toggle(selected);
      else choose(selected.parent);
      return true;
    },
    e: () => choose(nextFailure(tree, selected)),
  });
  return (
    <div className="waterfall">
      <Ruler view={view} />
      <div
        className="tree-scroll"
        ref={scroller}
        tabIndex={0}
        role="treegrid"
        aria-label="Spans"
        aria-rowcount={rows.length}
        aria-activedescendant={index >= 0 ? rowId(index) : undefined}
      >
        <div className="tree-inner" role="presentation" style={{ height: virtual.getTotalSize() }}>
          <GridLines view={view} />
          {virtual.getVirtualItems().map((item) => {
            const node = rows[item.index];
            if (node === undefined) return null;
            return (
              <TreeRow
                key={node.span.span_id}
                id={rowId(item.index)}
                node={node}
                top={item.start}
                open={isOpen(node)}
                selected={node === selected}
                match={matches === null || matches.has(node)}
                view={view}
                onSelect={onSelect}
                onToggle={toggle}
              />
            );
          })}
        </div>
        {rows.length === 0 && <p className="loading">No span matches “{find.slice(0, 80)}”.</p>}
      </div>
    </div>
  );
}

function rowId(index: number): string {
  return `span-row-${index}`;
}

function flip(before: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const after = new Set(before);
  if (!after.delete(id)) after.add(id);
  return after;
}

/** The next span that failed for good, after the selected one, going round. */
function nextFailure(tree: Tree, selected: Node | null): Node | undefined {
  const failed = tree.nodes.filter((node) => node.span.status === "error" && !node.superseded);
  const at = selected === null ? -1 : tree.nodes.indexOf(selected);
  return failed.find((node) => tree.nodes.indexOf(node) > at) ?? failed[0];
}

function inControl(event: KeyboardEvent): boolean {
  return (
    event.target instanceof HTMLElement && event.target.closest("[role=tablist], [role=slider], .details") !== null
  );
}
