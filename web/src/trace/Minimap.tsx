/** The whole trace at a glance; dragging over it chooses the part of time that the waterfall shows. */
import { useEffect, useRef, useState, type PointerEvent } from "react";
import { useTheme } from "../frame/theme.ts";
import { useWidth } from "../charts/useWidth.ts";
import { duration } from "../format/duration.ts";
import type { Tree } from "./tree.ts";
import { workKey } from "./work.ts";

const HEIGHT = 44;

interface Props {
  readonly tree: Tree;
  readonly total: number;
  readonly view: readonly [number, number] | null;
  readonly onView: (view: readonly [number, number] | null) => void;
}

export function Minimap({ tree, total, view, onView }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const [theme] = useTheme();
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  useEffect(() => {
    if (canvas.current !== null && width > 0) paint(canvas.current, tree, total, width);
  }, [tree, total, width, theme]);
  const timeAt = (event: PointerEvent) => {
    const left = frame.current?.getBoundingClientRect().left ?? 0;
    return Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, width))) * total;
  };
  const release = (event: PointerEvent) => {
    if (drag === null) return;
    const end = timeAt(event);
    setDrag(null);
    const [first, last] = [Math.min(drag[0], end), Math.max(drag[0], end)];
    onView(last - first < total * 0.004 ? null : [first, last]);
  };
  const shown = drag === null ? view : ([Math.min(...drag), Math.max(...drag)] as const);
  return (
    <div
      className="minimap"
      ref={frame}
      title="Drag to zoom in, click to zoom out"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag([timeAt(event), timeAt(event)]);
      }}
      onPointerMove={(event) => drag !== null && setDrag([drag[0], timeAt(event)])}
      onPointerUp={release}
    >
      <canvas ref={canvas} style={{ width, height: HEIGHT }} aria-hidden="true" />
      {shown !== null && (
        <>
          <span className="minimap-veil" style={{ left: 0, width: `${(shown[0] / total) * 100}%` }} />
          <span className="minimap-veil" style={{ right: 0, width: `${(1 - shown[1] / total) * 100}%` }} />
        </>
      )}
      {view !== null && (
        <button
          className="button minimap-reset"
          type="button"
          onPointerDown={(event) => event.stopPropagation()}
          onClick={() => onView(null)}
        >
          {duration(view[1] - view[0])} of {duration(total)} · show all
        </button>
      )}
    </div>
  );
}

/** Every span as a line at its place in the order; ten thousand are drawn in a few milliseconds. */
function paint(canvas: HTMLCanvasElement, tree: Tree, total: number, width: number): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  const style = getComputedStyle(document.documentElement);
  const colours = new Map<string, string>();
  const colour = (name: string) => {
    const known = colours.get(name) ?? style.getPropertyValue(`--${name}`);
    colours.set(name, known);
    return known;
  };
  context.scale(ratio, ratio);
  const nodes = tree.nodes;
  const pitch = Math.min(5, (HEIGHT - 4) / Math.max(1, nodes.length));
  const thick = Math.max(0.6, Math.min(3, pitch * 0.7));
  for (const pass of ["normal", "failed"] as const) {
    nodes.forEach((node, index) => {
      const failed = node.span.status === "error" && !node.superseded;
      if (failed !== (pass === "failed")) return;
      context.fillStyle = colour(failed ? "error-fill" : workKey(node.span.work));
      context.globalAlpha = failed ? 1 : 0.75;
      const left = (node.span.offset / Math.max(total, 1e-9)) * width;
      context.fillRect(
        left,
        2 + index * pitch,
        Math.max(1, (node.span.duration / Math.max(total, 1e-9)) * width),
        failed ? Math.max(1.5, thick) : thick,
      );
    });
  }
}
