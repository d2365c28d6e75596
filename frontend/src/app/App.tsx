/** The frame around every page: navigation, the page's title, and how the data comes. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useOperationsWebSocket } from "@/hooks/useOperationsWebSocket";
import { useRovingFocus } from "@/hooks/useRovingFocus";
import { useShortcuts } from "@/hooks/useShortcuts";
import { useOperations, useSystemMonitor } from "@/hooks/useStores";
import { useSystemMonitorWebSocket } from "@/hooks/useSystemMonitorWebSocket";
import { useShownSubject } from "@/lib/pageTitle";
import { lastMove, navigate, usePath } from "@/lib/router";
import { Header } from "./Header";
import { KeyboardHelp } from "./KeyboardHelp";
import { Navigation } from "./Navigation";
import { PageView } from "./PageView";
import { jobInView, loadPalette, PaletteHost } from "./PaletteHost";
import { preloadWhenIdle, routeAt } from "./pages";
import { NAVIGATION } from "./routes";

const GO_TO = Object.fromEntries(
  NAVIGATION.map(({ key, href, word }) => [
    `g ${key}`,
    {
      does: word,
      run: () => {
        navigate(href);
      },
    },
  ]),
);

export function App() {
  useSystemMonitorWebSocket();
  useOperationsWebSocket();
  const path = usePath();
  const subject = useShownSubject();
  const running = useOperations((state) => state.counts.running + state.counts.starting + state.counts.cancelling + state.counts.paused);
  const [help, setHelp] = useState(false);
  const closeHelp = useCallback(() => {
    setHelp(false);
  }, []);
  const openHelp = useCallback(() => {
    setHelp(true);
  }, []);
  const found = routeAt(path);
  const kind = found?.route.title ?? "Not found";
  const title = subject === null ? kind : `${kind} · ${subject}`;

  useShortcuts(GO_TO, "Go to");
  const [palette, setPalette] = useState<{ selected: string | null } | null>(null);
  const closePalette = useCallback(() => {
    setPalette(null);
  }, []);
  const openPalette = useCallback(() => {
    setPalette((open) => (open === null ? { selected: jobInView(window.location.pathname) } : null));
  }, []);
  const everywhere = useMemo(
    () => ({ "mod+k": { does: "find and do", run: openPalette }, "?": { does: "this help", run: openHelp } }),
    [openHelp, openPalette],
  );
  useShortcuts(everywhere, "Everywhere");

  useEffect(() => {
    document.title = `${running > 0 ? `${running} running · ` : ""}${subject ?? kind} · Headway`;
  }, [subject, kind, running]);

  // What other pages need comes once this one is at work.
  const atWork = useSystemMonitor((state) => state.lastLiveAt !== null || state.isPolling);
  useEffect(() => {
    if (atWork) preloadWhenIdle([loadPalette]);
  }, [atWork]);

  // A new page begins at its top, and is where the keyboard and a screen reader go on.
  const main = useRef<HTMLElement>(null);
  useRovingFocus(main, path);
  const shownPath = useRef(path);
  useEffect(() => {
    if (shownPath.current === path) return;
    shownPath.current = path;
    if (lastMove() !== "push") return;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <div className="min-h-dvh md:grid md:grid-cols-[200px_minmax(0,1fr)] print:block">
      <a href="#main" className="button button-primary absolute top-2 left-2 z-50 -translate-y-16 focus:translate-y-0 print:hidden">
        Skip to the page
      </a>
      <Navigation section={found?.route.section ?? null} />
      <div className="min-w-0 max-md:pb-[calc(4rem+env(safe-area-inset-bottom))]">
        <Header title={title} onFind={openPalette} onHelp={openHelp} />
        <main id="main" ref={main} tabIndex={-1} aria-labelledby="page-title" className="mx-auto max-w-[1440px] px-4 py-4 outline-none md:px-6">
          <PageView found={found} path={path} />
        </main>
      </div>
      {help && <KeyboardHelp onClose={closeHelp} />}
      {palette !== null && <PaletteHost selected={palette.selected} onHelp={openHelp} onClose={closePalette} />}
    </div>
  );
}
