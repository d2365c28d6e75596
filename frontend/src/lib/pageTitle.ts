/** What the open page is about, where that is more than its kind: the name of a training. It stands in the header and in the tab. */
import { useEffect, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let subject: string | null = null;

function set(next: string | null): void {
  if (next === subject) return;
  subject = next;
  for (const listener of [...listeners]) listener();
}

/** For the page: null until it is known. */
export function usePageSubject(name: string | null): void {
  useEffect(() => {
    set(name);
    return () => {
      set(null);
    };
  }, [name]);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** For the frame around it. */
export function useShownSubject(): string | null {
  return useSyncExternalStore(subscribe, () => subject);
}
