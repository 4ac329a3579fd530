/** Serves made-up answers under /api while developing and previewing, with the headers the real server sends. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { overview, services, trace, traces } from "./answers.ts";

/** The Vite plugin. */
export function fixtures(): Plugin {
  return {
    name: "spanglass-fixtures",
    configureServer: (server) => void server.middlewares.use(handle),
    configurePreviewServer: (server) => void server.middlewares.use(handlePreview),
  };
}

function handlePreview(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader(
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'",
  );
  handle(request, response, next);
}

function handle(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/healthz") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "ok", otlp: { http: 4318, grpc: 4317 } }));
    return;
  }
  if (!url.pathname.startsWith("/api/v1/")) {
    next();
    return;
  }
  const answer = answerTo(url);
  response.statusCode = answer === null ? 404 : 200;
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify(
      answer ?? { error: { code: "not_found", message: "No such trace is kept here; it may have expired." } },
    ),
  );
}

function answerTo(url: URL): unknown {
  const now = Date.now() / 1e3;
  const question = { query: url.searchParams, now };
  const [name, id] = url.pathname.slice("/api/v1/".length).split("/");
  if (name === "overview") return overview(question);
  if (name === "services") return services();
  if (name === "traces") return id === undefined ? traces(question) : trace(id, now);
  return null;
}
