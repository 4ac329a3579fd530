/** A chart over time: axes, the shared crosshair, a brush that selects time, a click that leads to the traces behind. */
import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { clock, day, minute, type Zone } from "../format/time.ts";
import { pointAt, usePointed } from "./hover.ts";
import { ticks, timeTicks } from "./scale.ts";
import { useWidth } from "./useWidth.ts";

export interface Steps {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export interface Scales {
  readonly width: number;
  readonly height: number;
  /** Left edge of a bucket. */
  readonly x: (bucket: number) => number;
  readonly y: (value: number) => number;
}

export interface TimeChartProps {
  readonly label: string;
  readonly steps: Steps;
  readonly zone: Zone;
  readonly highest: number;
  readonly height: number;
  readonly tick: (value: number) => string;
  /** One bucket in words, for screen readers. */
  readonly describe: (bucket: number) => string;
  readonly onBrush: (start: number, end: number) => void;
  readonly onPick: (start: number, end: number) => void;
  readonly children: (scales: Scales) => ReactNode;
}

const FOOT = 18;
/** Room for half the label of the topmost line. */
const TOP = 6;
/** Width of a digit of a label. */
const DIGIT = 6.2;
/** A drag shorter than this is a click. */
const CLICK = 5;

export function TimeChart(props: TimeChartProps) {
  const { steps, highest, height, zone } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [brush, setBrush] = useState<readonly [number, number] | null>(null);
  const marks = ticks(highest, height < 100 ? 1 : 3);
  const top = marks.at(-1) ?? 1;
  const plot = height - FOOT;
  const gutter = Math.max(...marks.map((mark) => props.tick(mark).length)) * DIGIT + 8;
  const across = Math.max(1, width - gutter);
  const scales: Scales = {
    width,
    height: plot,
    x: (bucket) => gutter + (bucket / Math.max(1, steps.count)) * across,
    y: (value) => plot - (Math.max(0, value) / (top || 1)) * (plot - TOP),
  };
  const at = (event: PointerEvent) => {
    const x = event.clientX - (frame.current?.getBoundingClientRect().left ?? 0) - gutter;
    return Math.min(across, Math.max(0, x));
  };
  const bucketAt = (x: number) => Math.min(steps.count - 1, Math.max(0, Math.floor((x / across) * steps.count)));
  const timeAt = (x: number) => steps.start + (x / across) * steps.count * steps.step;
  const pick = (bucket: number) =>
    props.onPick(steps.start + bucket * steps.step, steps.start + (bucket + 1) * steps.step);
  const release = (event: PointerEvent) => {
    if (brush === null) return;
    setBrush(null);
    const end = at(event);
    if (Math.abs(end - brush[0]) < CLICK) pick(bucketAt(end));
    else props.onBrush(timeAt(Math.min(brush[0], end)), timeAt(Math.max(brush[0], end)));
  };
  return (
    <ChartKeys {...props} frame={frame} onEnter={pick} onEscape={() => setBrush(null)}>
      <svg
        width={width}
        height={height}
        aria-hidden="true"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setBrush([at(event), at(event)]);
        }}
        onPointerMove={(event) => {
          pointAt(bucketAt(at(event)));
          if (brush !== null) setBrush([brush[0], at(event)]);
        }}
        onPointerUp={release}
        onPointerCancel={() => setBrush(null)}
        onPointerLeave={() => pointAt(null)}
      >
        {marks.map((mark) => (
          <line
            key={mark}
            className="chart-grid"
            x1={gutter}
            x2={width}
            y1={scales.y(mark) + 0.5}
            y2={scales.y(mark) + 0.5}
          />
        ))}
        {props.children(scales)}
        {marks.map((mark) => (
          <text key={mark} className="chart-tick" x={gutter - 6} y={scales.y(mark) + 4} textAnchor="end">
            {props.tick(mark)}
          </text>
        ))}
        <TimeAxis steps={steps} left={gutter} width={across} y={height - 4} zone={zone} />
        <Crosshair scales={scales} steps={steps} zone={zone} foot={height - 4} />
        {brush !== null && Math.abs(brush[1] - brush[0]) >= CLICK && (
          <rect
            className="chart-brush"
            x={gutter + Math.min(...brush)}
            y={0}
            width={Math.abs(brush[1] - brush[0])}
            height={plot}
          />
        )}
      </svg>
    </ChartKeys>
  );
}

interface KeysProps extends TimeChartProps {
  readonly frame: React.RefObject<HTMLDivElement | null>;
  readonly onEnter: (bucket: number) => void;
  readonly onEscape: () => void;
  readonly children: never;
}

/** The chart by keyboard: arrows move the crosshair, Enter opens the traces behind it. */
function ChartKeys(props: Omit<KeysProps, "children"> & { readonly children: ReactNode }) {
  const { steps, frame, label, describe, onEnter, onEscape } = props;
  const pointed = Math.min(usePointed() ?? steps.count - 1, steps.count - 1);
  const press = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -10,
      PageDown: 10,
      Home: -steps.count,
      End: steps.count,
    };
    const move = moves[event.key];
    if (move !== undefined) pointAt(Math.min(steps.count - 1, Math.max(0, pointed + move)));
    else if (event.key === "Enter") onEnter(pointed);
    else if (event.key === "Escape") onEscape();
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={frame}
      className="chart"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={steps.count - 1}
      aria-valuenow={pointed}
      aria-valuetext={describe(pointed)}
      onKeyDown={press}
      onBlur={() => pointAt(null)}
    >
      {props.children}
    </div>
  );
}

interface AxisProps {
  readonly steps: Steps;
  readonly left: number;
  readonly width: number;
  readonly y: number;
  readonly zone: Zone;
}

function TimeAxis({ steps, left, width, y, zone }: AxisProps) {
  const end = steps.start + steps.count * steps.step;
  const offset = zone === "utc" ? 0 : -new Date(steps.start * 1e3).getTimezoneOffset() * 60;
  const marks =
    steps.step >= 86_400 && steps.count * 60 <= width
      ? Array.from({ length: steps.count }, (_, step) => steps.start + (step + 0.5) * steps.step)
      : timeTicks(steps.start, end, Math.floor(width / 90), offset);
  const apart = (marks[1] ?? end) - (marks[0] ?? steps.start);
  const words = steps.step >= 86_400 || end - steps.start > 2 * 86_400 ? day : apart < 60 ? clock : minute;
  return marks.map((at) => {
    const x = ((at - steps.start) / (end - steps.start)) * width;
    if (x < 0 || x > width - 24) return null;
    return (
      <text key={at} className="chart-tick" x={left + x} y={y} textAnchor="middle">
        {words(at, zone)}
      </text>
    );
  });
}

interface CrosshairProps {
  readonly scales: Scales;
  readonly steps: Steps;
  readonly zone: Zone;
  readonly foot: number;
}

function Crosshair({ scales, steps, zone, foot }: CrosshairProps) {
  const pointed = usePointed();
  if (pointed === null || pointed >= steps.count) return null;
  const left = scales.x(pointed);
  const right = scales.x(pointed + 1);
  const words = (steps.step < 60 ? clock : steps.step < 86_400 ? minute : day)(
    steps.start + pointed * steps.step,
    zone,
  );
  const half = words.length * 3 + 8;
  const middle = Math.min(scales.width - half, Math.max(half, (left + right) / 2));
  return (
    <g className="chart-crosshair">
      <rect x={left} y={0} width={Math.max(1, right - left)} height={scales.height} />
      <rect className="chart-crosshair-label" x={middle - half} y={foot - 12} width={half * 2} height={16} rx={3} />
      <text x={middle} y={foot} textAnchor="middle">
        {words}
      </text>
    </g>
  );
}
