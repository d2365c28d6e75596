/**
 * The window on a log: only the rows in sight are drawn, however many there are. It follows the end as long as that is in view;
 * else what is in view stays where it is, though lines are added or taken away above it.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { isCutMark, layoutRows, rowOfLine } from "@/lib/logRows";
import { matchesByLine, type Match } from "@/lib/logSearch";
import type { LogLine } from "@/lib/types/job";
import { LogRowView, ROW_HEIGHT } from "./LogRowView";

const OVERSCAN = 12;
const PADDING = 8;
/** Until the window has been measured. */
const GUESS = { width: 900, height: 320, char: 7.2 };
const NEAR_END = 24;

interface Props {
  lines: LogLine[];
  matches: readonly Match[];
  /** Index of the match that is looked at; null: none. */
  current: number | null;
  follow: boolean;
  onFollow: (follow: boolean) => void;
}

export function LogView({ lines, matches, current, follow, onFollow }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const ruler = useRef<HTMLSpanElement>(null);
  const [size, setSize] = useState(GUESS);
  const [top, setTop] = useState(0);
  /** The line at the window's upper edge, and how far it is scrolled. */
  const anchor = useRef({ seq: 0, offset: 0 });
  const columns = Math.floor((size.width - 32 - 11 * size.char) / size.char);
  const rows = useMemo(() => layoutRows(lines, columns), [lines, columns]);
  const byLine = useMemo(() => matchesByLine(matches), [matches]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => {
      const char = (ruler.current?.getBoundingClientRect().width ?? 0) / 10;
      if (element.clientWidth > 0 && char > 0) setSize({ width: element.clientWidth, height: element.clientHeight, char });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (follow) element.scrollTop = element.scrollHeight;
    else {
      const line = lines.findIndex((it) => it.seq >= anchor.current.seq);
      if (line >= 0) element.scrollTop = rowOfLine(rows, line) * ROW_HEIGHT + anchor.current.offset;
    }
    setTop(element.scrollTop);
  }, [rows, lines, follow, size.height]);

  const target = current === null ? undefined : matches[current];
  useEffect(() => {
    const element = box.current;
    if (element === null || target === undefined) return;
    let row = rowOfLine(rows, target.line);
    while ((rows[row]?.to ?? Infinity) <= target.from && rows[row + 1]?.line === target.line) row += 1;
    onFollow(false);
    element.scrollTop = Math.max(0, row * ROW_HEIGHT - element.clientHeight / 2);
    // Only a new match moves the window: new rows do not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [target?.line, target?.from]);

  const first = Math.max(0, Math.floor((top - PADDING) / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(rows.length, first + Math.ceil(size.height / ROW_HEIGHT) + 2 * OVERSCAN);
  return (
    <div
      ref={box}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Log lines"
      data-testid="log-lines"
      data-rows={rows.length}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        const row = rows[Math.max(0, Math.floor(scrollTop / ROW_HEIGHT))];
        const line = row === undefined ? undefined : lines[row.line];
        if (row !== undefined && line !== undefined) {
          anchor.current = { seq: line.seq, offset: scrollTop - rowOfLine(rows, row.line) * ROW_HEIGHT };
        }
        setTop(scrollTop);
        const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
        if (atEnd !== follow && target === undefined) onFollow(atEnd);
      }}
      className="relative max-h-96 min-h-20 overflow-x-hidden overflow-y-auto border-t border-line font-mono text-xs leading-[18px]"
    >
      <span ref={ruler} className="invisible absolute" aria-hidden="true">
        0000000000
      </span>
      <div style={{ height: rows.length * ROW_HEIGHT + 2 * PADDING }} aria-hidden="true" />
      {rows.slice(first, last).map((row, i) => {
        const line = lines[row.line];
        if (line === undefined) return null;
        return (
          <LogRowView
            key={`${line.seq}/${row.from}`}
            row={row}
            line={line}
            top={PADDING + (first + i) * ROW_HEIGHT}
            mark={isCutMark(line, lines[row.line - 1])}
            matches={byLine.get(row.line)}
            current={current}
          />
        );
      })}
    </div>
  );
}
