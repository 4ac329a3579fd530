import { describe, expect, it } from "vitest";
import { filtered, onPage, readAddress, writeAddress, type Address } from "../src/address/address.ts";
import { between, describeRange, readRange, relativeSeconds, wider } from "../src/address/timeRange.ts";

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
