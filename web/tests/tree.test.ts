import { describe, expect, it } from "vitest";
import { placeBar, placePoint } from "../src/trace/bar.ts";
import {
  buildTree,
  findNodes,
  firstOfInterest,
  isBelow,
  revealed,
  visibleRows,
  type Node,
  type Tree,
} from "../src/trace/tree.ts";
import { attempt, priced, span } from "./span.ts";

/** The tree as indented ids. */
function drawn(nodes: readonly Node[]): string[] {
  return nodes.map((node) => "  ".repeat(node.depth) + node.span.span_id);
}

function rows(tree: Tree, flipped: readonly string[] = []): string[] {
  return drawn(visibleRows(tree, new Set(flipped), null));
}

describe("the tree", () => {
  it("puts children under parents and siblings in order of time, whatever the order they came in", () => {
    const tree = buildTree([
      span("c", "a", { offset: 2 }),
      span("b", "a", { offset: 1 }),
      span("a", null),
      span("d", "b"),
    ]);
    expect(rows(tree)).toEqual(["a", "  b", "    d", "  c"]);
  });

  it("keeps spans whose parent is not here, and says so", () => {
    const tree = buildTree([span("a", null), span("b", "lost", { offset: 1 }), span("c", "b")]);
    expect(rows(tree)).toEqual(["a", "b", "  c"]);
    expect(tree.byId.get("b")?.orphan).toBe(true);
    expect(tree.byId.get("c")?.orphan).toBe(false);
  });

  it("breaks cycles and loses nothing", () => {
    const tree = buildTree([
      span("a", "c"),
      span("b", "a"),
      span("c", "b"),
      span("d", "c"),
      span("self", "self", { offset: 9 }),
    ]);
    expect(rows(tree)).toEqual(["a", "  b", "    c", "      d", "self"]);
  });

  it("shows a span sent twice once", () => {
    expect(rows(buildTree([span("a", null), span("a", null), span("b", "a")]))).toEqual(["a", "  b"]);
  });

  it("measures how far a child starts before its parent", () => {
    const tree = buildTree([
      span("a", null, { offset: 0.5 }),
      span("b", "a", { offset: 0.42 }),
      span("c", "a", { offset: 0.4999 }),
    ]);
    expect(tree.byId.get("b")?.skew).toBeCloseTo(0.08);
    expect(tree.byId.get("c")?.skew).toBe(0);
  });

  it("survives ten thousand levels and as many siblings", () => {
    const deep = Array.from({ length: 10_000 }, (_, index) => span(`s${index}`, index === 0 ? null : `s${index - 1}`));
    expect(buildTree(deep).nodes.at(-1)?.depth).toBe(9_999);
    const wide = Array.from({ length: 200_000 }, (_, index) => span(`s${index}`, index === 0 ? null : "s0"));
    expect(rows(buildTree(wide))).toHaveLength(200_000);
  }, 30_000);

  it("has nothing to show of nothing", () => {
    const tree = buildTree([]);
    expect([rows(tree), firstOfInterest(tree)]).toEqual([[], null]);
  });
});

describe("attempts", () => {
  const spans = [
    span("root", null),
    attempt("first", "root", 1, 0, true),
    attempt("second", "root", 2, 1, true),
    attempt("won", "root", 3, 2, false),
    attempt("next", "root", 4, 0, false),
  ];

  it("are put under the one that won, folded until asked for", () => {
    const tree = buildTree(spans);
    expect(rows(tree)).toEqual(["root", "  won", "  next"]);
    expect(rows(tree, ["won"])).toEqual(["root", "  won", "    first", "    second", "  next"]);
    expect(tree.byId.get("won")?.attempts.map((node) => node.span.span_id)).toEqual(["first", "second"]);
  });

  it("that a retry made good are no failures of the trace", () => {
    expect(buildTree(spans).byId.get("root")?.failedBelow).toBe(0);
  });

  it("are taken together only if each failed and the count goes up by one", () => {
    const tree = buildTree([
      attempt("a", null, 1, 0, false),
      attempt("b", null, 2, 1, false),
      attempt("c", null, 3, 3, false),
    ]);
    expect(rows(tree)).toEqual(["a", "b", "c"]);
  });
});

describe("sums", () => {
  it("add what is below and keep apart what has no price", () => {
    const tree = buildTree([
      span("a", null),
      priced("b", "a", "0.5"),
      span("c", "a"),
      priced("d", "c", "0.25"),
      priced("e", "c", null),
    ]);
    expect(tree.byId.get("a")?.cost).toEqual({ amount: 0.75, calls: 3, unpriced: 1, estimated: false });
    expect(tree.byId.get("a")?.descendants).toBe(4);
  });
});

describe("finding", () => {
  const tree = buildTree([
    span("a", null),
    span("b", "a", { name: "SELECT users" }),
    span("c", "a"),
    span("d", "c", { error_type: "Timeout" }),
  ]);

  it("keeps matches and the way to them", () => {
    const found = findNodes(tree, " timeout ");
    expect(found?.matches.map((node) => node.span.span_id)).toEqual(["d"]);
    expect(drawn(visibleRows(tree, new Set(["c"]), found?.keep ?? null))).toEqual(["a", "  c", "    d"]);
  });

  it("finds nothing for what is not there, and filters nothing for blanks", () => {
    expect(findNodes(tree, "zebra")?.matches).toEqual([]);
    expect(findNodes(tree, "  ")).toBeNull();
  });
});

describe("the first span to look at", () => {
  it("is the deepest first failure, else the first call, else the root", () => {
    const failing = buildTree([
      span("a", null, { status: "error" }),
      span("b", "a"),
      span("c", "b", { status: "error" }),
    ]);
    expect(firstOfInterest(failing)?.span.span_id).toBe("c");
    const calling = buildTree([span("a", null), attempt("b", "a", 1, 0, true), attempt("c", "a", 2, 1, false)]);
    expect(firstOfInterest(calling)?.span.span_id).toBe("c");
    expect(firstOfInterest(buildTree([span("a", null), span("b", "a")]))?.span.span_id).toBe("a");
  });
});

describe("bars", () => {
  it("stand where their time is in view, and not at all when it is not", () => {
    expect(placeBar(1, 2, [0, 4])).toEqual({ left: 25, width: 50 });
    expect(placeBar(0, 10, [2, 4])).toEqual({ left: 0, width: 100 });
    expect(placeBar(5, 1, [0, 4])).toBeNull();
    expect(placeBar(-3, 1, [0, 4])).toBeNull();
    expect(placeBar(2, 0, [0, 4])).toEqual({ left: 50, width: 0 });
    expect(placeBar(0, 0, [0, 0])).toEqual({ left: 0, width: 100 });
  });

  it("have their points only in view", () => {
    expect([placePoint(1, [0, 4]), placePoint(5, [0, 4])]).toEqual([25, null]);
  });
});

describe("opening", () => {
  const tree = buildTree([
    span("root", null),
    attempt("first", "root", 1, 0, true),
    attempt("won", "root", 2, 1, false),
  ]);
  const first = tree.byId.get("first") ?? null;

  it("shows a node that is folded away, and can be folded again", () => {
    const shown = revealed(first, new Set(["root"]));
    expect(drawn(visibleRows(tree, shown, null))).toEqual(["root", "  won", "    first"]);
    expect(revealed(null, new Set(["root"]))).toEqual(new Set(["root"]));
  });

  it("knows what is below what", () => {
    const [root, won] = tree.nodes;
    expect([root && isBelow(first, root), won && isBelow(won, won), root && isBelow(null, root)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
