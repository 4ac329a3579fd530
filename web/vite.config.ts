/** How the UI is built and developed: into the Python package for the wheel; against made-up data, or a real server, while developing. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { fixtures } from "./dev/plugin.ts";

// `SPANGLASS_API=http://localhost:4400 npm run dev` develops against a running server instead of made-up data.
const server = process.env.SPANGLASS_API;

export default defineConfig({
  plugins: [react(), ...(server === undefined ? [fixtures()] : [])],
  server: server === undefined ? {} : { proxy: { "/api": server, "/healthz": server } },
  build: {
    outDir: "../src/spanglass/server/ui",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    target: "es2022",
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
});
