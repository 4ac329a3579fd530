import { expect, it } from "vitest";
import { subject } from "../src/trace/subject.ts";
import { span } from "./span.ts";

it("says where a request goes, without its query and without a password", () => {
  const request = span("GET", null, {
    work: "http",
    kind: "client",
    attributes: {
      "url.full": "https://user:secret@shop.internal:8500/stock?token=t",
      "server.address": "shop.internal",
    },
  });
  expect(subject(request)).toBe("shop.internal:8500/stock");
  expect(subject({ ...request, attributes: { "server.address": "shop.internal" } })).toBe("shop.internal");
  expect(subject({ ...request, kind: "server" })).toBeNull();
});

it("says the statement, the size of a batch and how a wait came out", () => {
  const of = (work: string, name: string, value: string | number) =>
    subject(span("x", null, { work, attributes: { [name]: value } }));
  expect(of("db", "db.query.text", "select 1")).toBe("select 1");
  expect(of("queue", "messaging.batch.message_count", 3)).toBe("3 messages");
  expect(of("waiting", "spanglass.wait.outcome", "approved")).toBe("approved");
  expect(of("tool", "spanglass.folded.count", 1200)).toBe("stands for 1,200");
});

it("is silent where the name says all, or an attribute is none it knows", () => {
  expect(subject(span("chat gpt-4o-mini", null, { work: "llm" }))).toBeNull();
  expect(subject(span("select", null, { work: "db", attributes: { "db.query.text": 7 } }))).toBeNull();
});
