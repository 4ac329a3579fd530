/** What stands around every answer: loading, what went wrong, nothing found, and the answer itself. */
import type { ReactNode } from "react";
import { Chips } from "./Chips.tsx";
import { Problem } from "./Problem.tsx";
import { Teach } from "./Teach.tsx";

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly isPlaceholderData: boolean;
  readonly refetch: () => unknown;
}

interface Props<T> {
  readonly title: string;
  readonly asked: Asked<T>;
  readonly isEmpty: (data: T) => boolean;
  /** What fills the page, where it is not traces alone. */
  readonly teach?: ReactNode;
  /** Choices of the page, beside its title. */
  readonly choices?: ReactNode;
  readonly children: (data: T) => ReactNode;
}

export function Answer<T>({ title, asked, isEmpty, teach, choices, children }: Props<T>) {
  const { data, error, isPlaceholderData, refetch } = asked;
  return (
    <div className={`question ${isPlaceholderData ? "stale" : ""}`}>
      <header className="question-head">
        <h1>{title}</h1>
        {choices}
      </header>
      <Chips />
      {data === undefined && error === null && <p className="loading">Loading…</p>}
      {data === undefined && error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data !== undefined && (isEmpty(data) ? (teach ?? <Teach />) : children(data))}
    </div>
  );
}
