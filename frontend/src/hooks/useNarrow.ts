/** Whether the window is a phone's width. */
import { useSyncExternalStore } from "react";

let query: MediaQueryList | null = null;

function media(): MediaQueryList {
  query ??= window.matchMedia("(max-width: 767px)");
  return query;
}

function subscribe(listener: () => void): () => void {
  media().addEventListener("change", listener);
  return () => {
    media().removeEventListener("change", listener);
  };
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => media().matches);
}
