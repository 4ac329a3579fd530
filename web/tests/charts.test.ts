import { describe, expect, it } from "vitest";
import { linePath } from "../src/charts/Lines.tsx";
import { durationTicks, runs, ticks, timeTicks } from "../src/charts/scale.ts";

describe("ticks", () => {
  it("are round numbers from nought to at least the highest value", () => {
    expect(ticks(0.37)).toEqual([0, 0.2, 0.4]);
    expect(ticks(100)).toEqual([0, 50, 100]);
    expect(ticks(7, 1)).toEqual([0, 10]);
    expect([ticks(0), ticks(Number.NaN), ticks(Number.POSITIVE_INFINITY)]).toEqual([[0], [0], [0]]);
  });

  it("of time are whole minutes and hours, whole also in the zone", () => {
    expect(timeTicks(1_000, 4_600, 6)).toEqual([1_200, 1_800, 2_400, 3_000, 3_600, 4_200]);
    expect(timeTicks(0, 7_200, 2, 1_800)).toEqual([1_800, 5_400]);
  });

  it("of a duration are whole minutes once it has some", () => {
    expect(durationTicks(0, 429)).toEqual([0, 120, 240, 360]);
    expect(durationTicks(1, 1)).toEqual([]);
    expect(durationTicks(0.2, 1.2)).toEqual([0.5, 1]);
  });
});

describe("runs", () => {
  it("are the stretches between unknown values", () => {
    expect(runs([null, 1, 2, null, 3, null])).toEqual([
      [1, 2],
      [4, 4],
    ]);
    expect(runs([])).toEqual([]);
  });
});

describe("a line", () => {
  const scales = { x: (step: number) => step * 10, y: (value: number) => 100 - value };

  it("has a gap where nothing is known", () => {
    expect(linePath([1, 2, null, 3, 4], scales)).toBe("M5.00 99.00L15.00 98.00M35.00 97.00L45.00 96.00");
  });

  it("is a short dash for a lone value, and nothing for none", () => {
    expect(linePath([null, 7, null], scales)).toBe("M15.00 93.00m-2 0h4");
    expect([linePath([], scales), linePath([null], scales)]).toEqual(["", ""]);
  });
});
