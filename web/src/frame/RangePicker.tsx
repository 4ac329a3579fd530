/** The time range: presets, or two points in time. */
import { useEffect, useRef, useState } from "react";
import { between, describeRange, PRESETS, wider, type Range } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import type { Zone } from "../format/time.ts";
import { Icon } from "./Icon.tsx";

export function RangePicker() {
  const { range, zone } = useAddress();
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => {
      const escape = event instanceof KeyboardEvent && event.key === "Escape";
      const outside = event.type === "pointerdown" && !anchor.current?.contains(event.target as globalThis.Node);
      if (escape || outside) setOpen(false);
    };
    window.addEventListener("pointerdown", leave);
    window.addEventListener("keydown", leave);
    return () => {
      window.removeEventListener("pointerdown", leave);
      window.removeEventListener("keydown", leave);
    };
  }, [open]);
  const choose = (next: Range) => {
    setOpen(false);
    go({ ...here(), range: next, live: next.to === undefined });
  };
  return (
    <div className="popover-anchor" ref={anchor}>
      <button
        className="button"
        type="button"
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={() => setOpen(!open)}
      >
        <Icon name="clock" size={14} />
        <span className="number">{describeRange(range, zone)}</span>
      </button>
      {range.to !== undefined && (
        <button
          className="button bare"
          type="button"
          aria-label="Widen the time range"
          title="Widen"
          onClick={() => choose(wider(range))}
        >
          <Icon name="wider" size={14} />
        </button>
      )}
      {open && (
        <div className="popover" role="dialog" aria-label="Time range">
          {PRESETS.map((preset) => (
            <button
              key={preset.from}
              className="popover-option"
              type="button"
              aria-pressed={range.from === preset.from && range.to === undefined}
              onClick={() => choose({ from: preset.from })}
            >
              {preset.label}
              <span className="muted">{preset.from}</span>
            </button>
          ))}
          <PointsForm range={range} zone={zone} onChoose={choose} />
        </div>
      )}
    </div>
  );
}

interface FormProps {
  readonly range: Range;
  readonly zone: Zone;
  readonly onChoose: (range: Range) => void;
}

function PointsForm({ range, zone, onChoose }: FormProps) {
  const now = useState(() => Date.now() / 1e3)[0];
  const [from, setFrom] = useState(() => fieldText(range.to === undefined ? now - 3_600 : Number(range.from), zone));
  const [to, setTo] = useState(() => fieldText(Number(range.to ?? now), zone));
  const [start, end] = [fieldTime(from, zone), fieldTime(to, zone)];
  const usable = start !== null && end !== null && end > start;
  return (
    <form
      className="popover-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (usable) onChoose(between(start, end));
      }}
    >
      <label>
        From
        <input
          className="field"
          type="datetime-local"
          step="1"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        To
        <input
          className="field"
          type="datetime-local"
          step="1"
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      <button className="button primary" type="submit" disabled={!usable}>
        Show
      </button>
    </form>
  );
}

/** Unix seconds as a datetime-local field has them, in the chosen zone. */
function fieldText(seconds: number, zone: Zone): string {
  const shift = zone === "utc" ? 0 : new Date(seconds * 1e3).getTimezoneOffset() * 60;
  return new Date((seconds - shift) * 1e3).toISOString().slice(0, 19);
}

function fieldTime(text: string, zone: Zone): number | null {
  const value = Date.parse(zone === "utc" ? `${text}Z` : text);
  return Number.isNaN(value) ? null : value / 1e3;
}
