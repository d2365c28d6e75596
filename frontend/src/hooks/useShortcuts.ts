/** Keys of a page or of a part of it, in force while it is shown. Keep `keys` the same object from one render to the next. */
import { useEffect, useSyncExternalStore } from "react";
import { shortcuts, type Shortcut } from "@/lib/shortcuts";

export type ShortcutKeys = Record<string, (() => unknown) | { does: string; run: () => unknown }>;

/** What the help says of keys that mean the same everywhere. */
const USUAL: Record<string, string> = { "/": "to the filter" };

export function useShortcuts(keys: ShortcutKeys, scope = "This page"): void {
  useEffect(
    () =>
      shortcuts.register(
        Object.entries(keys).map(([key, action]) =>
          typeof action === "function" ? { keys: key, does: USUAL[key] ?? "", scope, run: action } : { keys: key, scope, ...action },
        ),
      ),
    [keys, scope],
  );
}

export function useShortcutsInForce(): Shortcut[] {
  return useSyncExternalStore(shortcuts.subscribe, shortcuts.inForce);
}
