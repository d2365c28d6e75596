/** How smooth curves are drawn where an address doesn't say: 0, as reported, to below 1. Kept in this browser. */
import { useSyncExternalStore } from "react";

const KEY = "headway.smoothing";
const listeners = new Set<() => void>();

function stored(): number {
  try {
    const value = Number(localStorage.getItem(KEY));
    return value > 0 && value < 1 ? value : 0;
  } catch {
    return 0;
  }
}

let strength = stored();

export function setSmoothingDefault(next: number): void {
  strength = next > 0 && next < 1 ? next : 0;
  try {
    if (strength === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, String(strength));
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
  }
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSmoothingDefault(): number {
  return useSyncExternalStore(subscribe, () => strength);
}
