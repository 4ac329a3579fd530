import { describe, expect, it } from "vitest";
import { ENTRIES } from "../src/frame/entries.ts";
import { filtered, LISTS, listOf, onPage, readAddress, writeAddress, type Address } from "../src/address/address.ts";
import { isQuery, term } from "../src/address/language.ts";
import { between, describeRange, including, readRange, relativeSeconds, wider } from "../src/address/timeRange.ts";

function read(address: string): Address {
  const url = new URL(address, "http://localhost");
  return readAddress(url.pathname, url.search);
}

describe("the address", () => {
  it("comes back as it was written", () => {
    const addresses = [
      "/",
      "/traces?from=6h&tz=utc&service=shop&status=error&text=a+b%26c",
      "/traces?from=1795240000&to=1795241000&model=gpt%2F4",
      "/traces/4bf92f3577b34da6a3ce929d0e0e4736?live=0&span=00f067aa0ba902b7&tab=raw&find=chat&view=0.5-2.25",
    ];
    expect(addresses.map((address) => writeAddress(read(address)))).toEqual(addresses);
  });

  it("of every page comes back as it was written, whatever its id", () => {
    const odd = ["a", "a/b", "<b>", "100%", "?x=1#y", "\u202egnp.exe", " "];
    const ones = ["trace", "session", "prompt", "error", "metric"] as const;
    const pages = [...LISTS.map((name) => ({ name })), ...ones.flatMap((name) => odd.map((id) => ({ name, id })))];
    for (const page of pages) {
      const address = onPage(read("/?from=6h&q=a%3Ab"), page);
      expect(read(writeAddress(address)).page).toEqual(page);
    }
  });

  it("of every page is in the rail, under a key of its own", () => {
    expect(ENTRIES.map(({ name }) => name).sort()).toEqual(["overview", ...LISTS].sort());
    expect(new Set(ENTRIES.map(({ key }) => key)).size).toBe(ENTRIES.length);
    expect(listOf({ name: "metric", id: "x" })).toBe("series");
  });

  it("keeps a page's choices, and leaves them behind on another", () => {
    const cost = read("/cost?from=7d&q=a%3Ab&by=model&sort=cost");
    expect(writeAddress(cost)).toBe("/cost?from=7d&q=a%3Ab&by=model&sort=cost");
    expect(writeAddress(onPage(cost, { name: "users" }))).toBe("/users?from=7d&q=a%3Ab");
  });

  it("never breaks a page, whatever a person types", () => {
    for (const address of [
      "/?from=yesterday&to=",
      "/?from=-1",
      "/nowhere",
      "/traces/%E0%A4%A",
      "/?view=9-1&tz=mars&live=maybe",
    ]) {
      const { range, zone, view } = read(address);
      expect([range, zone, view]).toEqual([{ from: "1h" }, "local", null]);
    }
  });

  it("is live only while its range ends now", () => {
    expect(read("/?from=6h").live).toBe(true);
    expect(read("/?from=6h&live=0").live).toBe(false);
    expect(read("/?from=1795240000&to=1795241000&live=1").live).toBe(false);
  });

  it("keeps range and filters from page to page, and leaves behind what belongs to one trace", () => {
    const trace = read("/traces/abc?from=6h&service=shop&span=1&find=x&view=0-1");
    expect(writeAddress(onPage(trace, { name: "traces" }))).toBe("/traces?from=6h&service=shop");
  });

  it("drops a filter that is emptied", () => {
    const address = read("/traces?service=shop&status=error");
    expect(writeAddress(filtered(address, { status: "", model: "gpt" }))).toBe("/traces?service=shop&model=gpt");
  });
});

describe("time ranges", () => {
  it("reads relative ranges and nothing else", () => {
    expect(["15m", "24h", "7d", "0h", "1y", "h", "", "1h "].map(relativeSeconds)).toEqual([
      900,
      86_400,
      604_800,
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it("falls back where start and end make no sense", () => {
    expect(readRange("200", "100")).toEqual({ from: "1h" });
    expect(readRange("100", "nonsense")).toEqual({ from: "100" });
    expect(readRange("6h", "100")).toEqual({ from: "6h" });
  });

  it("covers what was brushed, at least a second of it", () => {
    expect(between(10.7, 20.2)).toEqual({ from: "10", to: "21" });
    expect(between(5, 5)).toEqual({ from: "5", to: "6" });
    expect(between(20, 10)).toEqual({ from: "10", to: "20" });
  });

  it("is moved only for what is not in it", () => {
    expect(including({ from: "1h" }, 9_000, 10_000)).toEqual({ from: "1h" });
    expect(including({ from: "1000", to: "2000" }, 1_500, 10_000)).toEqual({ from: "1000", to: "2000" });
    expect(including({ from: "1h" }, 5_000, 10_000)).toEqual({ from: "3200", to: "6800" });
    expect(including({ from: "1000", to: "2000" }, 5_000, 10_000)).toEqual({ from: "3200", to: "6800" });
  });

  it("widens to twice the length, or to the next preset", () => {
    expect(wider({ from: "1000", to: "2000" })).toEqual({ from: "500", to: "2500" });
    expect(wider({ from: "1h" })).toEqual({ from: "6h" });
    expect(wider({ from: "30d" })).toEqual({ from: "30d" });
  });

  it("is described in words", () => {
    expect(describeRange({ from: "6h" }, "utc")).toBe("Last 6 hours");
    expect(describeRange({ from: "45m" }, "utc")).toBe("Last 45m");
    expect(describeRange({ from: "1795240800", to: "1795244400" }, "utc")).toBe("21 Nov 06:00 – 07:00");
  });
});

describe("the search", () => {
  it("tells a query from words to find", () => {
    const queries = [
      "service:shop",
      "model:gpt-5*",
      "duration>2s",
      "tokens.output >= 1000".replace(" ", ""),
      "-feature:help",
      "has:user",
      "http.response.status_code>=500",
      '"attr.odd name":x',
      '"timed out"',
      "(a OR b) c",
      "NOT x",
      'said:"refund"',
      "serivce:x",
      "feature!=help",
    ];
    expect(queries.filter((text) => !isQuery(text))).toEqual([]);
    const words = [
      "refund",
      "POST /book",
      "https://example.org/a?b",
      "KeyError:'x'",
      "12:30",
      "a and b",
      "it's: so",
      "",
      "-",
    ];
    expect(words.filter(isQuery)).toEqual([]);
  });

  it("names exactly one value, whatever is in it", () => {
    expect(term("tool", "find")).toBe('tool:"find"');
    expect(term("agent", 'a "b" \\ *')).toBe('agent:"a \\"b\\" \\\\ *"');
    expect(isQuery(term("tag", "x y"))).toBe(true);
  });
});
