/** How the server is: what it holds on disk, in memory and in its queue. */
import type { Health } from "../api/types.ts";
import { bytes } from "../format/number.ts";

export function ServerFigures({ health }: { readonly health: Health }) {
  const { store, queue, memory } = health;
  return (
    <section className="question" aria-label="Server">
      <header className="question-head">
        <h1>Server</h1>
        <p className={store?.ok === false ? "error-text" : "muted"}>
          {store?.ok === false ? (store.message ?? "What is sent is not kept.") : "What is sent is kept."}
        </p>
      </header>
      <dl className="totals">
        <Part label="On disk" value={bytes(store?.bytes ?? null)} note="" />
        <Part label="Memory" value={bytes(memory?.bytes ?? null)} note={limit(memory?.limit ?? null)} />
        <Part label="Queue" value={bytes(queue?.bytes ?? null)} note={limit(queue?.limit ?? null)} />
      </dl>
    </section>
  );
}

function Part({ label, value, note }: { readonly label: string; readonly value: string; readonly note: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="total-value number">{value}</dd>
      <dd className="total-note number">{note}</dd>
    </div>
  );
}

function limit(most: number | null): string {
  return most === null ? "" : `of ${bytes(most)}`;
}
