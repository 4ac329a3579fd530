/** A chart with its title and its direct labels, which speak of the bucket pointed at, else of the whole range. */
import type { ReactNode } from "react";
import { usePointed } from "./hover.ts";

export interface Reading {
  readonly label: string;
  readonly value: string;
  readonly swatch?: string;
  readonly title?: string;
  readonly tone?: "error" | "warn" | undefined;
}

interface Props {
  readonly title: string;
  readonly readings: (bucket: number | null) => readonly Reading[];
  readonly children: ReactNode;
}

export function Figure({ title, readings, children }: Props) {
  return (
    <figure className="figure">
      <figcaption>
        <h2>{title}</h2>
        <Readings readings={readings} />
      </figcaption>
      {children}
    </figure>
  );
}

function Readings({ readings }: Pick<Props, "readings">) {
  const pointed = usePointed();
  return (
    <dl className="readings">
      {readings(pointed).map((reading) => (
        <div key={reading.label} title={reading.title}>
          <dt>
            {reading.swatch !== undefined && <i className={`swatch ${reading.swatch}`} aria-hidden="true" />}
            {reading.label}
          </dt>
          <dd className={`number ${reading.tone === undefined ? "" : `${reading.tone}-text`}`}>{reading.value}</dd>
        </div>
      ))}
    </dl>
  );
}
