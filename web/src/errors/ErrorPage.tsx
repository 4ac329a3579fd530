/** One cause of errors: what it says, where it comes from, and traces in which it happened. */
import { useAsked } from "../api/queries.ts";
import type { ErrorDetail, ErrorGroup, ErrorPart } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { count, percent, plural } from "../format/number.ts";
import { errorType, headline, seen } from "../format/text.ts";
import { full, moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Spark } from "../frame/Spark.tsx";
import { Table, type Column } from "../frame/Table.tsx";

type Sample = ErrorGroup["samples"][number];

export function ErrorPage({ id }: { readonly id: string }) {
  const address = useAddress();
  const asked = useAsked<ErrorDetail>(`/api/v1/errors/${encodeURIComponent(id)}`, address);
  const choices = (
    <Link className="muted" to={onPage(address, { name: "errors" })}>
      All errors
    </Link>
  );
  const samples: readonly Column<Sample>[] = [
    {
      head: "Trace",
      cell: (sample) => (
        <Link to={{ ...onPage(address, { name: "trace", id: sample.trace_id }), span: sample.span_id }}>
          {moment(sample.time, address.zone, Date.now() / 1e3)}
        </Link>
      ),
      title: (sample) => full(sample.time, address.zone),
    },
    { head: "Service", words: true, cell: (sample) => headline(sample.service ?? "–", 40) },
    { head: "User", words: true, cell: (sample) => headline(sample.user_id ?? "–", 40) },
    { head: "Message", words: true, wide: true, cell: (sample) => headline(sample.message ?? "–", 160) },
  ];
  return (
    <Answer
      title={headline(errorType(asked.data?.group.type ?? null), 80)}
      asked={asked}
      choices={choices}
      isEmpty={() => false}
    >
      {(detail) => (
        <>
          <p className="said">{seen(detail.group.message ?? "No message was recorded.")}</p>
          <p className="muted number">
            {plural(detail.group.count, "time")} in {plural(detail.group.traces, "trace")},{" "}
            {plural(detail.group.users, "user")}
            {detail.group.is_new ? ", new in this range" : ""} <Spark values={detail.group.over_time} />
          </p>
          <Table
            label="Samples"
            columns={samples}
            rows={detail.group.samples}
            id={(sample) => `${sample.trace_id}/${sample.span_id}`}
          />
          <div className="parts">
            <Parts title="Services" parts={detail.services} />
            <Parts title="Models" parts={detail.models} />
            <Parts title="Features" parts={detail.features} />
            <Parts title="Messages" parts={detail.messages} />
          </div>
        </>
      )}
    </Answer>
  );
}

function Parts({ title, parts }: { readonly title: string; readonly parts: readonly ErrorPart[] }) {
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  if (parts.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className="part-list">
        {parts.map((part) => (
          <li key={part.name ?? "\u0000"}>
            <span className="cut">{part.name === null ? "none" : headline(part.name, 120)}</span>
            <span className="number">
              {count(part.count)} · {percent(part.count, total)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
