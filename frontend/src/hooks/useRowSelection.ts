/** Which rows are chosen: in the address while they are few, and only those that are still there. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useQuery } from "@/lib/router";
import { allToggled, formatSelection, NOTHING, parseSelection, ranged, toggled, type Selection } from "@/lib/trainingTable/selection";

export interface RowSelection {
  selection: Selection;
  toggle: (id: string, range: boolean) => void;
  toggleAll: () => void;
  clear: () => void;
}

export function useRowSelection(ids: readonly string[]): RowSelection {
  const [text, setText] = useQuery("sel");
  const [selection, setSelection] = useState<Selection>(() => parseSelection(text));
  const anchor = useRef<string | null>(null);
  const shown = useRef(ids);
  shown.current = ids;

  useEffect(() => {
    setText(formatSelection(selection));
  }, [selection, setText]);

  const toggle = useCallback((id: string, range: boolean) => {
    const from = anchor.current;
    anchor.current = id;
    setSelection((known) => (range ? ranged(known, shown.current, from, id, !known.has(id)) : toggled(known, id)));
  }, []);
  const toggleAll = useCallback(() => {
    setSelection((known) => allToggled(known, shown.current));
  }, []);
  const clear = useCallback(() => {
    setSelection(NOTHING);
  }, []);
  return { selection, toggle, toggleAll, clear };
}
