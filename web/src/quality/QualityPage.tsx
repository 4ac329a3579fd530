/** How good the answers are: why they ended, what is wrong with them, and what was said of them. */
import { useAsked } from "../api/queries.ts";
import type { FinishReason, NamedScore, Quality, QualityModel } from "../api/types.ts";
import { onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { count, percent } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";
import { Spark } from "../frame/Spark.tsx";
import { Table, type Column } from "../frame/Table.tsx";
import { Signs } from "./Signs.tsx";

const SCORES: readonly Column<NamedScore>[] = [
  { head: "Score", cell: (score) => headline(score.name, 60) },
  { head: "Given", cell: (score) => count(score.count) },
  { head: "Mean", cell: (score) => (score.mean === null ? "–" : String(Number(score.mean.toPrecision(3)))) },
  { head: "Median", cell: (score) => (score.p50 === null ? "–" : String(Number(score.p50.toPrecision(3)))) },
  { head: "Over time", words: true, cell: (score) => <Spark values={score.over_time.map((bucket) => bucket.count)} /> },
  {
    head: "Labels",
    words: true,
    cell: (score) =>
      score.labels
        .filter(({ label, share }) => label !== null || share < 1)
        .map(({ label, share }) => `${headline(label ?? "none", 30)} ${percent(share, 1)}`)
        .join(", ") || "–",
  },
];

const REASONS: readonly Column<FinishReason>[] = [
  { head: "Answers ended with", cell: (reason) => headline(reason.reason, 60) },
  { head: "Count", cell: (reason) => count(reason.count) },
  { head: "Share", cell: (reason) => percent(reason.share, 1) },
  { head: "Which means", words: true, cell: (reason) => reason.meaning },
];

const MODELS: readonly Column<QualityModel>[] = [
  { head: "Model", cell: (row) => headline(row.model ?? "unknown model", 60) },
  { head: "Calls", cell: ({ figures }) => count(figures.calls) },
  ...(["retries", "rate_limited", "incomplete", "cut", "filtered", "empty", "unpriced"] as const).map(
    (name): Column<QualityModel> => ({
      head: name.slice(0, 1).toUpperCase() + name.slice(1).replace("_", " "),
      cell: ({ figures }) =>
        figures[name] > 0 ? `${count(figures[name])} · ${percent(figures[name], figures.attempts)}` : "–",
      tone: ({ figures }) => (figures[name] > 0 ? "warn" : "muted"),
    }),
  ),
];

export function QualityPage() {
  const address = useAddress();
  const asked = useAsked<Quality>("/api/v1/quality", address);
  return (
    <Answer title="Quality" asked={asked} isEmpty={({ totals, scores }) => totals.attempts === 0 && scores.seen === 0}>
      {(answer) => (
        <>
          <Signs quality={answer} />
          <Table
            label="Models"
            columns={MODELS}
            rows={answer.models}
            id={(row) => `${row.provider ?? ""}/${row.model ?? ""}`}
          />
          <Table label="Finish reasons" columns={REASONS} rows={answer.reasons} id={(reason) => reason.reason} />
          {answer.scores.names.length > 0 && (
            <Table label="Scores" columns={SCORES} rows={answer.scores.names} id={(score) => score.name} />
          )}
          {answer.empty.length > 0 && (
            <p className="muted">
              Empty answers that passed as a success:{" "}
              {answer.empty.map((sample) => (
                <Link
                  key={sample.trace_id}
                  className="spaced"
                  to={onPage(address, { name: "trace", id: sample.trace_id })}
                >
                  {moment(sample.time, address.zone, Date.now() / 1e3)}
                </Link>
              ))}
            </p>
          )}
        </>
      )}
    </Answer>
  );
}
