/**
 * A log as rows of equal height: long lines are cut where the window ends, so that what is in sight is known from the scroll's
 * place alone and only that is drawn. Lengths are columns of a monospaced font.
 */
import { parseAnsi, type Style, type Styled } from "./ansi";
import type { LogLine } from "./types/job";

export interface LogRow {
  /** Index of the line. */
  line: number;
  /** The part of its text that stands in this row. */
  from: number;
  to: number;
  first: boolean;
}

const TAB = 8;
const parsed = new WeakMap<LogLine, Styled>();

function withoutTabs(text: string): string {
  if (!text.includes("\t")) return text;
  let out = "";
  for (const part of text.split("\t")) {
    if (out !== "") out += " ".repeat(TAB - (out.length % TAB));
    out += part;
  }
  return out;
}

/** Parsed once a line, however often it is drawn. */
export function styledLine(line: LogLine): Styled {
  let styled = parsed.get(line);
  if (styled === undefined) {
    styled = parseAnsi(withoutTabs(line.text));
    parsed.set(line, styled);
  }
  return styled;
}

// Wide by Unicode's East Asian Width, as far as it matters for where a row ends.
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NARROW_ONLY = /^[\u0020-\u10ff]*$/;

function cutWide(text: string, columns: number): [number, number][] {
  const parts: [number, number][] = [];
  let from = 0;
  let at = 0;
  let used = 0;
  for (const char of text) {
    const width = WIDE.test(char) ? 2 : 1;
    if (used + width > columns) {
      parts.push([from, at]);
      from = at;
      used = 0;
    }
    at += char.length;
    used += width;
  }
  parts.push([from, at]);
  return parts;
}

function cut(text: string, columns: number): [number, number][] {
  if (text.length <= columns && NARROW_ONLY.test(text)) return [[0, text.length]];
  if (!NARROW_ONLY.test(text)) return cutWide(text, columns);
  const parts: [number, number][] = [];
  for (let from = 0; from < text.length; from += columns) parts.push([from, Math.min(from + columns, text.length)]);
  return parts;
}

export function layoutRows(lines: readonly LogLine[], columns: number): LogRow[] {
  const width = Math.max(columns, 10);
  const rows: LogRow[] = [];
  lines.forEach((line, i) => {
    cut(styledLine(line).text, width).forEach(([from, to], k) => rows.push({ line: i, from, to, first: k === 0 }));
  });
  return rows;
}

/** The first row of a line; rows are in the order of lines. */
export function rowOfLine(rows: readonly LogRow[], line: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.line ?? Infinity) < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface Piece {
  text: string;
  style: Style | null;
  /** Index of the match that it belongs to; null: none. */
  match: number | null;
}

export interface Range {
  from: number;
  to: number;
}

/** A row's text, cut wherever a style or a match begins or ends. */
export function piecesOf(styled: Styled, row: Range, matches: readonly (Range & { index: number })[]): Piece[] {
  const inside = (at: number) => at > row.from && at < row.to;
  const edges = new Set([row.from, row.to]);
  for (const range of [...styled.spans, ...matches]) for (const at of [range.from, range.to]) if (inside(at)) edges.add(at);
  const at = [...edges].sort((a, b) => a - b);
  return at.slice(0, -1).map((from, i) => {
    const covers = (range: Range) => range.from <= from && from < range.to;
    return {
      text: styled.text.slice(from, at[i + 1]),
      style: styled.spans.find(covers) ?? null,
      match: matches.find(covers)?.index ?? null,
    };
  });
}

/** The line that stands for those that aren't kept: it bridges a gap in the numbers. */
export function isCutMark(line: LogLine, before: LogLine | undefined): boolean {
  return line.stream === "log" && line.text.startsWith("… ") && line.text.includes(" not kept") && line.seq - (before?.seq ?? 0) > 1;
}
