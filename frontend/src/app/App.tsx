/** The frame around every page: navigation, the page's title, and how the data comes. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "@/components/Icon";
import { Link } from "@/components/Link";
import { EmptyState } from "@/components/States";
import { useOperationsWebSocket } from "@/hooks/useOperationsWebSocket";
import { useShortcuts } from "@/hooks/useShortcuts";
import { useOperations } from "@/hooks/useStores";
import { useSystemMonitorWebSocket } from "@/hooks/useSystemMonitorWebSocket";
import { navigate, usePath } from "@/lib/router";
import { setTheme, useTheme } from "@/lib/theme";
import { ConnectionIndicator } from "./ConnectionIndicator";
import { KeyboardHelp } from "./KeyboardHelp";
import { NAVIGATION, pageAt } from "./routes";

const SEQUENCE_MS = 800;

export function App() {
  useSystemMonitorWebSocket();
  useOperationsWebSocket();
  const path = usePath();
  const theme = useTheme();
  const running = useOperations((state) => state.counts.running + state.counts.starting + state.counts.cancelling + state.counts.paused);
  const failed = useOperations((state) => state.counts.failed);
  const [help, setHelp] = useState(false);
  const closeHelp = useCallback(() => {
    setHelp(false);
  }, []);
  const page = pageAt(path);
  const title = page?.title ?? "Not found";

  const lastG = useRef(0);
  const keys = useMemo(() => {
    const go = (to: string) => () => {
      if (performance.now() - lastG.current < SEQUENCE_MS) navigate(to);
    };
    return {
      "?": () => {
        setHelp(true);
      },
      g: () => {
        lastG.current = performance.now();
      },
      o: go("/operations"),
      t: go("/trainings"),
      s: go("/system"),
    };
  }, []);
  useShortcuts(keys);

  useEffect(() => {
    document.title = `${running > 0 ? `${running} running · ` : ""}${title} · Headway`;
  }, [title, running]);

  return (
    <div className="min-h-dvh md:grid md:grid-cols-[200px_minmax(0,1fr)]">
      <a href="#main" className="button button-primary absolute top-2 left-2 z-50 -translate-y-16 focus:translate-y-0">
        Skip to the page
      </a>
      <nav
        aria-label="Pages"
        className="fixed inset-x-0 bottom-0 z-10 border-t border-line bg-panel md:sticky md:top-0 md:h-dvh md:border-t-0 md:border-r"
      >
        <Link href="/" className="flex h-12 items-center gap-2.5 px-4 max-md:hidden">
          <Mark />
          <span className="text-base font-semibold tracking-tight">Headway</span>
        </Link>
        <ul className="flex justify-around md:flex-col md:gap-0.5 md:px-2 md:py-1">
          {NAVIGATION.map(({ href, word, short, icon }) => {
            const here = page?.section === href;
            const badge = href === "/operations" ? { running, failed } : null;
            return (
              <li key={href} className="max-md:min-w-0 max-md:flex-1">
                <Link
                  href={href}
                  aria-current={here ? "page" : undefined}
                  className={`flex items-center rounded-md transition-colors max-md:flex-col max-md:gap-0.5 max-md:py-1.5 md:h-8 md:gap-2.5 md:px-2 ${
                    here ? "text-fg md:bg-raised md:font-medium" : "text-muted hover:text-fg"
                  }`}
                >
                  <Icon name={icon} className={here ? "text-accent" : ""} />
                  <span className="text-sm max-md:hidden">{word}</span>
                  <span className="max-w-full truncate text-2xs md:hidden">{short}</span>
                  {badge !== null && (badge.running > 0 || badge.failed > 0) && (
                    <span className="ml-auto flex gap-1.5 text-xs max-md:hidden">
                      {badge.running > 0 && <span className="font-medium text-accent" aria-label={`${badge.running} running`}>{badge.running}</span>}
                      {badge.failed > 0 && <span className="font-medium text-red" aria-label={`${badge.failed} failed`}>{badge.failed}</span>}
                    </span>
                  )}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <div className="min-w-0 max-md:pb-16">
        <header className="sticky top-0 z-10 flex h-12 items-center gap-2 border-b border-line bg-bg/90 px-4 backdrop-blur md:px-6">
          <span className="md:hidden">
            <Mark />
          </span>
          <h1 className="min-w-0 truncate text-base font-semibold">{title}</h1>
          <div className="ml-auto flex items-center gap-1">
            <ConnectionIndicator />
            <span className="mx-2 h-4 w-px bg-line" aria-hidden="true" />
            <button
              type="button"
              className="button button-icon"
              aria-label={theme === "dark" ? "Use the light theme" : "Use the dark theme"}
              onClick={() => {
                setTheme(theme === "dark" ? "light" : "dark");
              }}
            >
              <Icon name={theme === "dark" ? "sun" : "moon"} />
            </button>
            <button
              type="button"
              className="button button-icon max-md:hidden"
              aria-label="Keyboard help"
              onClick={() => {
                setHelp(true);
              }}
            >
              <Icon name="help" />
            </button>
          </div>
        </header>
        <main id="main" tabIndex={-1} className="mx-auto max-w-[1440px] px-4 py-4 outline-none md:px-6">
          {page?.content ?? (
            <section className="panel">
              <EmptyState icon="search" title="There is no such page">
                <p>
                  <Link href="/operations" className="link">
                    Operations
                  </Link>{" "}
                  shows what runs.
                </p>
              </EmptyState>
            </section>
          )}
        </main>
      </div>
      {help && <KeyboardHelp onClose={closeHelp} />}
    </div>
  );
}

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" className="shrink-0">
      <rect x="1" y="3" width="18" height="3" rx="1.5" fill="var(--accent)" />
      <rect x="1" y="8.5" width="18" height="3" rx="1.5" fill="var(--track)" />
      <rect x="1" y="8.5" width="12" height="3" rx="1.5" fill="var(--accent)" />
      <rect x="1" y="14" width="18" height="3" rx="1.5" fill="var(--track)" />
      <rect x="1" y="14" width="6" height="3" rx="1.5" fill="var(--accent)" />
    </svg>
  );
}
