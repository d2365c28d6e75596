/**
 * Which rows are shown, and in what order.
 *
 * While values change the order stays: each row keeps the key that it was sorted by until the order is asked for anew, so that no row
 * jumps from under a finger. New rows take their place among these keys.
 */
import { isActive } from "@/lib/jobWords";
import { STATUSES, type TrainingRow } from "./row";
import type { Lookup, Sort, SortKey } from "./columns";

export interface Filter {
  /** Words, all of which must occur. */
  text: string;
  /** A status, "active", or "" for any. */
  status: string;
  /** A model's id, or "". */
  model: string;
  /** A dataset's or an extraction's id, or "". */
  data: string;
}

export interface References {
  modelOf: (row: TrainingRow) => string | null;
  datasetOf: (row: TrainingRow) => string | null;
}

const haystacks = new WeakMap<TrainingRow, string>();

function haystack(row: TrainingRow): string {
  let text = haystacks.get(row);
  if (text === undefined) {
    text = [row.name, row.id, row.status, row.architecture, row.error_type, row.error_message].join(" ").toLowerCase();
    haystacks.set(row, text);
  }
  return text;
}

export function matcher(filter: Filter, references: References, lookup: Lookup): (row: TrainingRow) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return (row) => {
    if (filter.status === "active" ? !isActive(row.status) : filter.status !== "" && row.status !== filter.status) return false;
    if (filter.model !== "" && references.modelOf(row) !== filter.model) return false;
    if (filter.data !== "" && row.extraction_id !== filter.data && references.datasetOf(row) !== filter.data) return false;
    if (words.length === 0) return true;
    const own = haystack(row);
    return words.every((word) => {
      if (own.includes(word)) return true;
      const others = `${lookup.model(row) ?? ""} ${lookup.dataset(row) ?? ""}`;
      return others.toLowerCase().includes(word);
    });
  };
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** What is not known comes last, whichever way the rest is sorted. */
export function compareKeys(a: SortKey, b: SortKey, down: boolean): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
  return down ? -order : order;
}

/** Ids in order. `frozen` gives the keys of rows sorted before, and takes those of new ones. */
export function orderRows(
  rows: Iterable<TrainingRow>,
  matches: (row: TrainingRow) => boolean,
  sort: Sort,
  lookup: Lookup,
  frozen: Map<string, SortKey>,
): string[] {
  const shown: { row: TrainingRow; key: SortKey }[] = [];
  for (const row of rows) {
    if (!matches(row)) continue;
    let key = frozen.get(row.id);
    if (key === undefined) {
      key = sort.column.sort(row, lookup);
      frozen.set(row.id, key);
    }
    shown.push({ row, key });
  }
  // Of equal keys the newest first.
  shown.sort((a, b) => compareKeys(a.key, b.key, sort.down) || compareText(b.row.created_at, a.row.created_at) || compareText(b.row.id, a.row.id));
  return shown.map(({ row }) => row.id);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether the values have moved on from the order that is shown. */
export function isOutOfOrder(ids: readonly string[], rows: ReadonlyMap<string, TrainingRow>, sort: Sort, lookup: Lookup): boolean {
  if (!sort.column.live) return false;
  let before: SortKey | undefined;
  for (const id of ids) {
    const row = rows.get(id);
    if (row === undefined) continue;
    const key = sort.column.sort(row, lookup);
    if (before !== undefined && compareKeys(before, key, sort.down) > 0) return true;
    before = key;
  }
  return false;
}

/** How many rows are in each state, "active" among them. */
export function countStatuses(rows: Iterable<TrainingRow>): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries([...STATUSES, "active"].map((status) => [status, 0]));
  for (const { status } of rows) {
    counts[status] = (counts[status] ?? 0) + 1;
    if (isActive(status)) counts["active"] = (counts["active"] ?? 0) + 1;
  }
  return counts;
}
