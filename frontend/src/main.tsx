import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { WholeFailure } from "@/app/Failures";
import "@/app/index.css";
import { preload } from "@/app/pages";
import { ErrorBoundary } from "@/components/ErrorBoundary";
import { watchSystemTheme } from "@/lib/theme";

// The first page's code is asked for before anything is drawn.
preload(window.location.pathname);
watchSystemTheme();
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary fallback={(error) => <WholeFailure error={error} />}>
      <App />
    </ErrorBoundary>
  </StrictMode>,
);
