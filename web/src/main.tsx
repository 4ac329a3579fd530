/** Starts the UI. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./frame/App.tsx";
import { startTheme } from "./frame/theme.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/chart.css";
import "./styles/overview.css";
import "./styles/question.css";
import "./styles/traces.css";
import "./styles/trace.css";
import "./styles/messages.css";

startTheme();
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");
const queries = new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false, gcTime: 120_000 } } });
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
