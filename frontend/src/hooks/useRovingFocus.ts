/** `j` `k` `Enter` `Esc` on the cards and rows below `root`. */
import { useEffect, useMemo, type RefObject } from "react";
import { forgetFocus, leaveFocused, moveFocus, openFocused } from "@/lib/rovingFocus";
import { useShortcuts } from "./useShortcuts";

export function useRovingFocus(root: RefObject<HTMLElement | null>, path: string): void {
  useEffect(forgetFocus, [path]);
  const keys = useMemo(() => {
    const within = (act: (element: HTMLElement) => boolean) => () => root.current !== null && act(root.current);
    return {
      j: { does: "next card or row", run: within((element) => moveFocus(element, 1)) },
      k: { does: "the one before", run: within((element) => moveFocus(element, -1)) },
      Enter: { does: "open it", run: within(openFocused) },
      Escape: { does: "leave it; clear a filter; close what is open", run: within(leaveFocused) },
    };
  }, [root]);
  useShortcuts(keys, "Lists");
}
