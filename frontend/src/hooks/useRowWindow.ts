/**
 * The part of a long list that is in sight, inside an element that scrolls. When rows come or go above, what one looks at stays where it is; with
 * another order or filter the list begins at its top.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { scrollToRow, windowAt, type Window as RowsWindow } from "@/lib/trainingTable/window";

interface Input {
  ids: readonly string[];
  /** What the order depends on besides the rows: sort and filter. */
  orderKey: string;
  rowHeight: number;
  /** Of the head that stays in sight. */
  headHeight: number;
}

export interface RowWindow extends RowsWindow {
  scroller: RefObject<HTMLDivElement | null>;
  onScroll: () => void;
  reveal: (index: number) => void;
}

/** Until the element has been measured, as in a test without layout. */
const UNMEASURED_HEIGHT = 720;

export function useRowWindow({ ids, orderKey, rowHeight, headHeight }: Input): RowWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ top: 0, height: UNMEASURED_HEIGHT });
  const anchor = useRef<{ id: string | undefined; offset: number; orderKey: string }>({ id: undefined, offset: 0, orderKey });

  const measure = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const top = element.scrollTop;
    const height = element.clientHeight === 0 ? UNMEASURED_HEIGHT : element.clientHeight - headHeight;
    setPlace((known) => {
      // The same window: no render.
      const [a, b] = [known, { top, height }].map((at) => windowAt(at.top, at.height, rowHeight, ids.length));
      return known.height === height && a?.from === b?.from && a?.to === b?.to ? known : { top, height };
    });
    const first = Math.floor(top / rowHeight);
    anchor.current = { id: ids[first], offset: top - first * rowHeight, orderKey };
  }, [ids, orderKey, rowHeight, headHeight]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const before = anchor.current;
    if (before.orderKey !== orderKey) element.scrollTop = 0;
    else if (element.scrollTop > 0 && before.id !== undefined) {
      const index = ids.indexOf(before.id);
      if (index >= 0) element.scrollTop = index * rowHeight + before.offset;
    }
    measure();
  }, [ids, orderKey, rowHeight, measure]);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [measure]);

  const reveal = useCallback(
    (index: number) => {
      const element = scroller.current;
      if (element === null) return;
      const top = scrollToRow(index, element.scrollTop, Math.max(rowHeight, element.clientHeight - headHeight), rowHeight);
      if (top !== null) element.scrollTop = top;
      measure();
    },
    [measure, rowHeight, headHeight],
  );

  return { scroller, onScroll: measure, reveal, ...windowAt(place.top, place.height, rowHeight, ids.length) };
}
