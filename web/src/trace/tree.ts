/** The spans of a trace as a tree: orphans kept, cycles broken, earlier attempts put under the one that won. Pure. */
import type { SpanView } from "../api/types.ts";

/** What the model calls at and below a node cost; failed calls that cost nothing known are not counted. */
export interface RollUp {
  readonly amount: number;
  readonly calls: number;
  readonly unpriced: number;
  readonly estimated: boolean;
}

export interface Node {
  readonly span: SpanView;
  readonly depth: number;
  readonly parent: Node | null;
  readonly children: readonly Node[];
  /** Failed attempts of the same call, oldest first; they are also the first of `children`. */
  readonly attempts: readonly Node[];
  /** The span this one repeats was followed by a retry: it is one of its parent's attempts. */
  readonly superseded: boolean;
  /** It names a parent that is not here. */
  readonly orphan: boolean;
  /** Seconds it starts before its parent, where clocks differ; else 0. */
  readonly skew: number;
  /** Spans below it. */
  readonly descendants: number;
  /** Failed spans below it. */
  readonly failedBelow: number;
  readonly cost: RollUp;
}

export interface Tree {
  readonly roots: readonly Node[];
  /** Every node once, parents before children. */
  readonly nodes: readonly Node[];
  readonly byId: ReadonlyMap<string, Node>;
}

interface Draft {
  span: SpanView;
  parent: Draft | null;
  children: Draft[];
  attempts: Draft[];
  superseded: boolean;
  orphan: boolean;
}

type Building = { -readonly [Key in keyof Node]: Node[Key] } & { children: Node[]; attempts: Node[] };

/** Clocks of one machine still differ by a little; less is not worth a word. */
const SKEW = 0.001;

/** Build the tree. Linear but for the sorting of siblings; never recursive, so that depth has no limit. */
export function buildTree(spans: readonly SpanView[]): Tree {
  const drafts = new Map<string, Draft>();
  for (const span of spans) {
    if (!drafts.has(span.span_id)) {
      drafts.set(span.span_id, { span, parent: null, children: [], attempts: [], superseded: false, orphan: false });
    }
  }
  const roots: Draft[] = [];
  for (const draft of drafts.values()) {
    const parentId = draft.span.parent_span_id;
    const parent = parentId === null ? undefined : drafts.get(parentId);
    draft.orphan = parentId !== null && parent === undefined;
    if (parent === undefined || parent === draft) roots.push(draft);
    else {
      draft.parent = parent;
      parent.children.push(draft);
    }
  }
  breakCycles(drafts, roots);
  for (const draft of drafts.values()) draft.children = nestAttempts(sorted(draft.children));
  return finish(nestAttempts(sorted(roots)));
}

/** Spans that no root leads to are on a cycle, or below one: its earliest span becomes a root. */
function breakCycles(drafts: ReadonlyMap<string, Draft>, roots: Draft[]): void {
  const reached = new Set<Draft>();
  const reach = (from: Draft) => {
    const stack = [from];
    for (let draft = stack.pop(); draft !== undefined; draft = stack.pop()) {
      if (reached.has(draft)) continue;
      reached.add(draft);
      for (const child of draft.children) stack.push(child);
    }
  };
  roots.forEach(reach);
  if (reached.size === drafts.size) return;
  for (const draft of sorted([...drafts.values()])) {
    if (reached.has(draft)) continue;
    if (draft.parent !== null) draft.parent.children = draft.parent.children.filter((child) => child !== draft);
    draft.parent = null;
    roots.push(draft);
    reach(draft);
  }
}

function sorted(drafts: Draft[]): Draft[] {
  return drafts.sort((a, b) => a.span.offset - b.span.offset);
}

/** Move each attempt that a later sibling retried under that sibling. */
function nestAttempts(siblings: Draft[]): Draft[] {
  const waiting = new Map<string, Draft>();
  for (const draft of siblings) {
    const call = draft.span.call;
    if (call === null) continue;
    const what = JSON.stringify([call.operation, call.provider, call.request_model]);
    const before = call.resend_count > 0 ? waiting.get(`${what}${call.resend_count - 1}`) : undefined;
    if (before?.span.status === "error") {
      waiting.delete(`${what}${call.resend_count - 1}`);
      before.superseded = true;
      draft.attempts = [...before.attempts, before];
      before.attempts = [];
    }
    waiting.set(`${what}${call.resend_count}`, draft);
  }
  return siblings.filter((draft) => !draft.superseded);
}

/** Lay the nodes out, parents first, then sum from the leaves up. */
function finish(roots: readonly Draft[]): Tree {
  const nodes: Building[] = [];
  const byId = new Map<string, Node>();
  const top: Node[] = [];
  const stack: { draft: Draft; parent: Building | null }[] = roots.map((draft) => ({ draft, parent: null })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { draft, parent } = next;
    const node = start(draft, parent);
    nodes.push(node);
    byId.set(draft.span.span_id, node);
    if (parent === null) top.push(node);
    else {
      parent.children.push(node);
      if (draft.superseded) parent.attempts.push(node);
    }
    for (const child of [...draft.attempts, ...draft.children].reverse()) stack.push({ draft: child, parent: node });
  }
  for (const node of nodes.toReversed()) sumInto(node);
  return { roots: top, nodes, byId };
}

function start(draft: Draft, parent: Building | null): Building {
  const { span } = draft;
  const early = parent === null || draft.superseded ? 0 : parent.span.offset - span.offset;
  const amount = span.cost?.amount ?? null;
  return {
    span,
    depth: parent === null ? 0 : parent.depth + 1,
    parent,
    children: [],
    attempts: [],
    superseded: draft.superseded,
    orphan: draft.orphan,
    skew: early > SKEW ? early : 0,
    descendants: 0,
    failedBelow: 0,
    cost: {
      amount: amount === null ? 0 : Number(amount),
      calls: span.cost === null || (amount === null && span.status === "error") ? 0 : 1,
      unpriced: span.cost !== null && amount === null && span.status !== "error" ? 1 : 0,
      estimated: span.cost?.state === "estimated",
    },
  };
}

function sumInto(node: Building): void {
  const parent = node.parent as Building | null;
  if (parent === null) return;
  parent.descendants += node.descendants + 1;
  parent.failedBelow += node.failedBelow + (node.span.status === "error" && !node.superseded ? 1 : 0);
  parent.cost = {
    amount: parent.cost.amount + node.cost.amount,
    calls: parent.cost.calls + node.cost.calls,
    unpriced: parent.cost.unpriced + node.cost.unpriced,
    estimated: parent.cost.estimated || node.cost.estimated,
  };
}

/** Whether a node shows its children when nobody has said: all do, but those whose only children are attempts. */
export function opensItself(node: Node): boolean {
  return node.children.length > node.attempts.length;
}

/** The same openness, but with everything above a node open. */
export function revealed(node: Node | null, flipped: ReadonlySet<string>): ReadonlySet<string> {
  const after = new Set(flipped);
  for (let above = node?.parent ?? null; above !== null; above = above.parent) {
    if (opensItself(above)) after.delete(above.span.span_id);
    else after.add(above.span.span_id);
  }
  return after;
}

/** Whether a node is somewhere below another. */
export function isBelow(node: Node | null, above: Node): boolean {
  let next = node?.parent ?? null;
  while (next !== null && next !== above) next = next.parent;
  return next !== null;
}

/** The rows to show, in order. `flipped` holds the ids whose openness a person changed; `keep` narrows to matches. */
export function visibleRows(tree: Tree, flipped: ReadonlySet<string>, keep: ReadonlySet<Node> | null): readonly Node[] {
  const rows: Node[] = [];
  const stack = [...tree.roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (keep !== null && !keep.has(node)) continue;
    rows.push(node);
    const open = keep !== null || opensItself(node) !== flipped.has(node.span.span_id);
    if (open) for (const child of node.children.toReversed()) stack.push(child);
  }
  return rows;
}

/** The nodes whose words hold the text, and the ancestors that lead to them. */
export function findNodes(tree: Tree, text: string): { matches: readonly Node[]; keep: ReadonlySet<Node> } | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return null;
  const matches = tree.nodes.filter((node) => words(node.span).includes(wanted));
  const keep = new Set<Node>();
  for (const match of matches) {
    for (let node: Node | null = match; node !== null && !keep.has(node); node = node.parent) keep.add(node);
  }
  return { matches, keep };
}

/** The span a person most likely came for: the first failure that counts, else the first call that answers, else the root. */
export function firstOfInterest(tree: Tree): Node | null {
  const failed = tree.nodes.filter((node) => node.span.status === "error" && !node.superseded);
  const deepest = failed.find((node) => node.failedBelow === 0);
  const calls = tree.nodes.filter((node) => node.span.call !== null && !node.superseded);
  const speaking = calls.find((node) => node.span.call?.operation !== "embeddings");
  return deepest ?? speaking ?? calls[0] ?? tree.roots[0] ?? null;
}

function words(span: SpanView): string {
  const { call } = span;
  const parts = [span.name, span.service, span.work, span.error_type, span.span_id, span.status, span.feature];
  return [...parts, call?.request_model, call?.response_model, call?.provider, span.prompt_name]
    .join("\n")
    .toLowerCase();
}
