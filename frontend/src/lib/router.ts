/** The page's address is its state: path and query, by the History API. */
import { useCallback, useSyncExternalStore } from "react";

/** How the present address came: "back" is the browser's back and forward, which put the page's scroll back by themselves. */
export type Move = "load" | "push" | "replace" | "back";

const listeners = new Set<() => void>();
let move: Move = "load";

export function lastMove(): Move {
  return move;
}

function changed(): void {
  for (const listener of [...listeners]) listener();
}

function wentBack(): void {
  move = "back";
  changed();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("popstate", wentBack);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("popstate", wentBack);
  };
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const url = new URL(to, window.location.href);
  move = options.replace === true ? "replace" : "push";
  if (move === "replace") window.history.replaceState(null, "", url);
  else window.history.pushState(null, "", url);
  changed();
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => window.location.search);
}

/** One query parameter. Setting it to the default takes it out of the address; history gets no entry. */
export function useQuery(name: string, fallback = ""): [string, (value: string) => void] {
  const search = useSearch();
  const value = new URLSearchParams(search).get(name) ?? fallback;
  const set = useCallback(
    (next: string) => {
      const url = new URL(window.location.href);
      if (next === fallback) url.searchParams.delete(name);
      else url.searchParams.set(name, next);
      navigate(url.href, { replace: true });
    },
    [name, fallback],
  );
  return [value, set];
}

/** Parameters of `pattern` ("/trainings/:id") in `path`, or null if it is another page. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split("/").filter(Boolean);
  const have = path.split("/").filter(Boolean);
  if (want.length !== have.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    const actual = have[i] ?? "";
    if (part.startsWith(":")) {
      try {
        params[part.slice(1)] = decodeURIComponent(actual);
      } catch {
        return null;
      }
    } else if (part !== actual) return null;
  }
  return params;
}
