import { describe, expect, it } from "vitest";
import type { Money } from "../src/api/types.ts";
import { duration, tick } from "../src/format/duration.ts";
import { measure } from "../src/format/measure.ts";
import { short } from "../src/format/id.ts";
import { dollars, money, moneyDetail, spend } from "../src/format/money.ts";
import { bytes, compact, count, percent, plural, score } from "../src/format/number.ts";
import { errorType, headline, seen } from "../src/format/text.ts";
import { full, moment } from "../src/format/time.ts";

const some: Money = { amount: "12.4", reported: null, computed: "12.4", estimated: null, calls: 40, unpriced: 0 };

describe("money", () => {
  it("keeps significant digits of small amounts and cents of large ones", () => {
    const amounts = ["0.0042", "0.00042", "0.0000815", "0.0123", "0.0999", "0.5", "12.4", "1234.567", "0"];
    expect(amounts.map(dollars)).toEqual([
      "$0.0042",
      "$0.00042",
      "$0.000082",
      "$0.012",
      "$0.10",
      "$0.50",
      "$12.40",
      "$1,234.57",
      "$0.00",
    ]);
  });

  it("never shows an unpriced call as an amount", () => {
    const unpriced = {
      state: "unpriced",
      amount: null,
      input: null,
      output: null,
      source: null,
      price_id: null,
      table: null,
    };
    expect(spend(unpriced)).toBe("unpriced");
    expect(money({ ...some, amount: null, computed: null, unpriced: 40 })).toBe("unpriced");
    expect(spend({ ...unpriced, state: "computed" })).toBe("unpriced");
  });

  it("says when a sum is a lower bound, or rests on an estimate", () => {
    expect(money(some)).toBe("$12.40");
    expect(money({ ...some, unpriced: 3 })).toBe("≥ $12.40");
    expect(money({ ...some, computed: "12.3", estimated: "0.1" })).toBe("~$12.40");
    expect(
      spend({
        state: "estimated",
        amount: "0.0042",
        input: null,
        output: null,
        source: "local",
        price_id: null,
        table: null,
      }),
    ).toBe("~$0.0042");
  });

  it("has nothing to say of no calls", () => {
    expect(money({ ...some, amount: null, calls: 0 })).toBe("–");
    expect(spend(null)).toBe("–");
  });

  it("tells the exact parts one hover away", () => {
    expect(moneyDetail({ ...some, computed: "12.300000", estimated: "0.1", unpriced: 2 })).toBe(
      "$12.4 known\n$12.3 computed from usage\n$0.1 estimated\n2 of 40 calls unpriced",
    );
  });

  it("shows text that is no number as unknown", () => {
    expect(dollars("many")).toBe("–");
    expect(dollars("-0.0042")).toBe("−$0.0042");
    expect(dollars("1e-30")).toBe("< $0.000000000001");
  });
});

describe("durations", () => {
  it("uses the unit a person says", () => {
    const seconds = [0, 0.00024, 0.0042, 0.812, 0.9999, 1.42, 12.34, 59.99, 190, 7_260, 200_000];
    expect(seconds.map(duration)).toEqual([
      "0 ms",
      "240 µs",
      "4.2 ms",
      "812 ms",
      "1.00 s",
      "1.42 s",
      "12.3 s",
      "1 m 0 s",
      "3 m 10 s",
      "2 h 1 m",
      "2 d 7 h",
    ]);
  });

  it("shows the unknown as a dash", () => {
    expect([null, Number.NaN, Number.POSITIVE_INFINITY].map(duration)).toEqual(["–", "–", "–"]);
  });

  it("labels an axis in one unit", () => {
    expect([0, 0.0005, 0.5, 2, 300].map(tick)).toEqual(["0", "500 µs", "500 ms", "2 s", "5 m"]);
  });
});

describe("counts", () => {
  it("shortens what is long and keeps what is unknown unknown", () => {
    expect([null, 0, 812, 1_284, 24_100, 3_420_000, 999_999].map(compact)).toEqual([
      "–",
      "0",
      "812",
      "1.28k",
      "24.1k",
      "3.42M",
      "1M",
    ]);
    expect([count(1_284), count(null), plural(1, "retry", "retries"), plural(2, "retry", "retries")]).toEqual([
      "1,284",
      "–",
      "1 retry",
      "2 retries",
    ]);
  });

  it("rounds no share to nothing or to all", () => {
    expect([
      percent(0, 9),
      percent(1, 10_000),
      percent(3, 200),
      percent(1, 2),
      percent(9_999, 10_000),
      percent(2, 2),
      percent(1, 0),
    ]).toEqual(["0 %", "< 0.1 %", "1.5 %", "50 %", "> 99.9 %", "100 %", "–"]);
  });
});

describe("times", () => {
  it("follows the chosen zone", () => {
    expect(full(1_795_240_882.123, "utc")).toBe("21 Nov 2026, 06:01:22.123 UTC");
  });

  it("names the day only when it is another", () => {
    expect(moment(1_795_240_882, "utc", 1_795_240_900)).toBe("06:01:22");
    expect(moment(1_795_140_882, "utc", 1_795_240_900)).toBe("20 Nov 02:14");
  });
});

describe("text of others", () => {
  it("writes out what would act unseen", () => {
    expect(seen("a\u202egnp.exe\u0000\nb\tc")).toBe("a\\u202egnp.exe\\u0000\nb\tc");
  });

  it("cuts a headline and shortens an id in the middle", () => {
    expect(headline("x".repeat(400))).toBe(`${"x".repeat(300)}…`);
    expect(short("4bf92f3577b34da6a3ce929d0e0e4736")).toBe("4bf92f…0e4736");
    expect(short("4bf92f")).toBe("4bf92f");
  });
});

describe("measurements", () => {
  it("are written in the unit they have", () => {
    expect(measure("histogram", "s", "p95")(0.25)).toBe("250 ms");
    expect(measure("gauge", "ms", "average")(1_420)).toBe("1.42 s");
    expect(measure("sum", "By", "value")(4_300)).toBe("4.3 kB");
    expect(measure("histogram", "{USD}", "total")(0.0042)).toBe("$0.0042");
    expect(measure("sum", "{token}", "increase")(24_100)).toBe("24.1k");
    expect(measure("gauge", null, "average")(0.123_45)).toBe("0.123");
  });

  it("of a histogram's counts have no unit, and rates are a second's", () => {
    expect(measure("histogram", "s", "increase")(12)).toBe("12");
    expect(measure("histogram", "s", "rate")(0.5)).toBe("0.5/s");
    expect(measure("sum", "By", "rate")(1_500)).toBe("1.5 kB/s");
  });

  it("that are unknown are a dash", () => {
    expect([measure("gauge", "s", "average")(null), bytes(null)]).toEqual(["–", "–"]);
  });
});

describe("figures", () => {
  it("have three digits that count", () => {
    expect([0.823_45, 4.2, 0, -3.333, 1_284.4].map(score)).toEqual(["0.823", "4.2", "0", "-3.33", "1,284"]);
  });

  it("of bytes go up by thousands", () => {
    expect([0, 999, 4_300, 152e6, 2.04e9].map(bytes)).toEqual(["0 B", "999 B", "4.3 kB", "152 MB", "2.04 GB"]);
  });
});

describe("the type of an error", () => {
  it("that is a status is called one", () => {
    expect([errorType("429"), errorType("rate_limit_exceeded"), errorType(null)]).toEqual([
      "HTTP 429",
      "rate_limit_exceeded",
      "Error",
    ]);
  });
});
