/** What a chart shows, as rows: for the table beneath it and for CSV. */
import type { Span, XKind } from "./axes";
import type { Cell } from "./csv";
import { isKnown, lowerBound, type Values } from "./values";

export interface TableSource {
  title: string;
  x: ArrayLike<number>;
  xKind: XKind;
  clock?: ArrayLike<number> | undefined;
  lines: readonly { label: string; values: Values }[];
  zoom: Span | null;
}

const X_NAME: Record<XKind, string> = { step: "step", duration: "seconds", time: "time" };

function timeCell(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return "";
  return new Date(seconds * 1000).toISOString();
}

/** The indices in view of which any line has something to say. */
export function rowsInView({ x, lines, zoom }: Pick<TableSource, "x" | "lines" | "zoom">): number[] {
  const rows: number[] = [];
  const end = zoom === null ? x.length : lowerBound(x, zoom[1] + Number.EPSILON * Math.abs(zoom[1]));
  for (let i = zoom === null ? 0 : lowerBound(x, zoom[0]); i < end; i += 1) {
    if (lines.some(({ values }) => isKnown(values[i]))) rows.push(i);
  }
  return rows;
}

/** At most `most` of them, evenly, with the first and the last. */
export function evenly<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  const step = (all.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => all[Math.round(i * step)] as T);
}

export function headCells({ title, xKind, clock, lines }: TableSource): string[] {
  const withTime = clock !== undefined && xKind !== "time";
  return [X_NAME[xKind], ...(withTime ? ["time"] : []), ...lines.map(({ label }) => (label === "" ? title : label))];
}

export function rowCells({ xKind, x, clock, lines }: TableSource, row: number): Cell[] {
  const at = x[row] ?? NaN;
  const time = clock !== undefined && xKind !== "time" ? [timeCell(clock[row])] : [];
  return [xKind === "time" ? timeCell(at) : at, ...time, ...lines.map(({ values }) => values[row])];
}
