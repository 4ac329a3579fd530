/** The logs, newest first; those of a trace lead to it. */
import { usePaged } from "../api/queries.ts";
import type { Logs } from "../api/types.ts";
import { narrowedTo } from "../address/address.ts";
import { useAddress } from "../address/useAddress.ts";
import { Answer } from "../frame/Answer.tsx";
import { LogTable } from "./LogTable.tsx";

export function LogsPage() {
  const address = useAddress();
  const asked = usePaged<Logs>("/api/v1/logs", narrowedTo(address, ["service", "environment", "text"]));
  return (
    <Answer
      title="Logs"
      asked={asked}
      isEmpty={({ pages }) => pages[0]?.logs.length === 0}
      teach={
        <div className="teach">
          <h2>No log record arrived in this time range</h2>
          <p>spanglass.init() sends what your application logs, each record with its trace.</p>
        </div>
      }
    >
      {({ pages }) => (
        <LogTable
          rows={pages.flatMap((page) => page.logs)}
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
        />
      )}
    </Answer>
  );
}
