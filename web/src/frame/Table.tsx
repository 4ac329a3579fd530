/** A table as every page has it: the first column names the row, numbers stand right, the rest is in the cells. */
import type { ReactNode } from "react";

export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** What is one hover away. */
  readonly title?: (row: T) => string | undefined;
  /** Words stand left; anything else is a number. */
  readonly words?: boolean;
  /** Takes the room that is left; what does not fit is cut. */
  readonly wide?: boolean;
  readonly tone?: (row: T) => "error" | "warn" | "good" | "muted" | undefined;
}

interface Props<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly id: (row: T) => string;
  /** Shows the next page; absent on the last. */
  readonly onMore?: (() => void) | undefined;
}

function classOf<T>({ words, wide }: Column<T>): string {
  return `${words === true ? "words" : ""} ${wide === true ? "wide" : ""}`;
}

const TONES = { error: "error-text", warn: "warn-text", good: "good-text", muted: "muted" } as const;

export function Table<T>({ label, columns, rows, id, onMore }: Props<T>) {
  return (
    <section className="answers">
      <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
        <table className="table">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.head} scope="col" className={classOf(column)}>
                  {column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={id(row)} columns={columns} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {onMore !== undefined && (
        <button className="button more" type="button" onClick={onMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function Row<T>({ columns, row }: { readonly columns: readonly Column<T>[]; readonly row: T }) {
  return (
    <tr>
      {columns.map((column, place) => {
        const tone = column.tone?.(row);
        const className = `${classOf(column)} ${column.words === true ? "" : "number"} ${tone === undefined ? "" : TONES[tone]}`;
        const title = column.title?.(row);
        return place === 0 ? (
          <th
            key={column.head}
            scope="row"
            title={title}
            className={`${classOf(column)} ${tone === undefined ? "" : TONES[tone]}`}
          >
            {column.cell(row)}
          </th>
        ) : (
          <td key={column.head} className={className} title={title}>
            {column.cell(row)}
          </td>
        );
      })}
    </tr>
  );
}
