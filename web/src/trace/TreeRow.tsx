/** One row of the trace: name, bar, duration, cost on one grid. */
import { Icon } from "../frame/Icon.tsx";
import { duration } from "../format/duration.ts";
import { dollars, spend, spendDetail } from "../format/money.ts";
import { plural } from "../format/number.ts";
import { errorType, headline } from "../format/text.ts";
import { Bar } from "./Bar.tsx";
import { subject } from "./subject.ts";
import { opensItself, type Node } from "./tree.ts";
import { workKey, workLabel } from "./work.ts";

const INDENT = 14;
/** Deeper rows are not indented further: the name would leave the screen. */
const DEEPEST = 12;

interface Props {
  readonly id: string;
  readonly node: Node;
  readonly top: number;
  readonly open: boolean;
  readonly selected: boolean;
  readonly match: boolean;
  readonly view: readonly [number, number];
  readonly onSelect: (node: Node) => void;
  readonly onToggle: (node: Node) => void;
}

export function TreeRow({ id, node, top, open, selected, match, view, onSelect, onToggle }: Props) {
  const { span } = node;
  const about = subject(span);
  const failed = span.status === "error" && !node.superseded;
  const hasChildren = node.children.length > 0;
  const kind = [
    "tree-row",
    selected && "selected",
    failed && "failed",
    node.superseded && "superseded",
    !match && "dim",
  ];
  return (
    <div
      id={id}
      className={kind.filter(Boolean).join(" ")}
      role="row"
      aria-level={node.depth + 1}
      aria-selected={selected}
      aria-expanded={hasChildren ? open : undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(node)}
      onDoubleClick={() => hasChildren && onToggle(node)}
    >
      <span role="gridcell" className="tree-name" style={{ paddingLeft: Math.min(node.depth, DEEPEST) * INDENT }}>
        <button
          className={`caret ${open ? "open" : ""}`}
          type="button"
          tabIndex={-1}
          hidden={!hasChildren}
          aria-label={open ? "Fold" : "Unfold"}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(node);
          }}
        >
          <Icon name="open" size={12} />
        </button>
        <span className={`work-icon ${workKey(span.work)}`} title={workLabel(span.work)}>
          <Icon name={workKey(span.work)} size={14} />
        </span>
        <span className="cut tree-label" title={headline(span.name)}>
          {headline(span.name)}
        </span>
        {about !== null && (
          <span className="muted cut tree-subject" title={headline(about)}>
            {headline(about, 80)}
          </span>
        )}
        <RowTags node={node} open={open} />
      </span>
      <span role="gridcell" className="tree-bar">
        <Bar node={node} view={view} />
      </span>
      <span role="gridcell" className="tree-duration number">
        {duration(span.duration)}
      </span>
      <CostCell node={node} />
    </div>
  );
}

function RowTags({ node, open }: { readonly node: Node; readonly open: boolean }) {
  const { span } = node;
  const newService = node.parent?.span.service !== span.service;
  const folded = !open && opensItself(node) && node.descendants > 0;
  return (
    <>
      {newService && span.service !== null && (
        <span className="muted tree-service cut">{headline(span.service, 80)}</span>
      )}
      {span.status === "error" && (
        <span className={`tag cut ${node.superseded ? "" : "error"}`}>{headline(errorType(span.error_type), 80)}</span>
      )}
      {node.attempts.length > 0 && <span className="tag warn">{plural(node.attempts.length, "retry", "retries")}</span>}
      {span.call?.incomplete === true && <span className="tag warn">cut</span>}
      {node.orphan && (
        <span className="tag" title="Its parent has not arrived, or was not sampled">
          no parent
        </span>
      )}
      {folded && <span className="tag">+{node.descendants}</span>}
      {folded && node.failedBelow > 0 && <span className="tag error">{plural(node.failedBelow, "error")} inside</span>}
    </>
  );
}

/** A call's own cost; above it, muted, the sum of what is below. */
function CostCell({ node }: { readonly node: Node }) {
  const { span, cost } = node;
  if (span.cost !== null) {
    const unpriced = span.cost.amount === null;
    return (
      <span
        role="gridcell"
        className={`tree-cost number ${unpriced ? (span.status === "error" ? "muted" : "warn-text") : ""}`}
        title={spendDetail(span.cost)}
      >
        {unpriced && span.status === "error" ? "–" : spend(span.cost)}
      </span>
    );
  }
  const known = cost.calls > cost.unpriced;
  return (
    <span
      role="gridcell"
      className="tree-cost number muted"
      title={cost.calls > 0 ? `Sum of ${plural(cost.calls, "call")} below` : undefined}
    >
      {cost.calls === 0 ? "" : known ? `${cost.estimated ? "~" : ""}${dollars(cost.amount)}` : "unpriced"}
    </span>
  );
}
