/** What was set differently in several runs, and by how much their results differ. */
import { metric, percent, UNKNOWN } from "./format";
import type { JsonObject, JsonValue } from "./types/job";

export interface SettingRow {
  name: string;
  /** In the order of the runs; null: this run has no such setting. */
  values: (string | null)[];
  differs: boolean;
}

/** Nested objects by their path ("optimizer.beta"); lists are values. */
function flatten(params: JsonObject, prefix = ""): [string, JsonValue][] {
  return Object.entries(params).flatMap(([key, value]): [string, JsonValue][] =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      ? flatten(value, `${prefix}${key}.`)
      : [[`${prefix}${key}`, value]],
  );
}

function words(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Every setting that any of them has, by name. `null` for a run of which nothing is known yet: it makes no difference. */
export function settingRows(runs: readonly (JsonObject | null)[]): SettingRow[] {
  const flat = runs.map((params) => (params === null ? null : new Map(flatten(params))));
  const names = [...new Set(flat.flatMap((params) => (params === null ? [] : [...params.keys()])))].sort((a, b) => a.localeCompare(b));
  return names.map((name) => {
    const given = flat.map((params) => params?.get(name));
    const exact = given.map((value) => (value === undefined ? null : JSON.stringify(value)));
    const told = exact.filter((_, i) => flat[i] !== null);
    const short = given.map((value) => (value === undefined ? null : words(value)));
    // The text "1" and the number 1 are two settings that would look the same.
    const ambiguous = new Set(short).size < new Set(exact).size;
    return { name, values: ambiguous ? exact : short, differs: new Set(told).size > 1 };
  });
}

/** "−12 %": against the baseline's, as a part of it; "" where there is nothing to say. */
export function relative(value: number | null, baseline: number | null): string {
  if (value === null || baseline === null || baseline === 0) return "";
  const change = ((value - baseline) / Math.abs(baseline)) * 100;
  if (!Number.isFinite(change)) return "";
  if (Math.abs(change) < 0.05) return "±0\u202f%";
  const size = Math.abs(change);
  const text = size >= 1000 ? `${metric(value / baseline, 3)}×` : percent(size, size < 10 ? 1 : 0);
  if (size >= 1000) return value / baseline > 0 ? text : UNKNOWN;
  return `${change < 0 ? "−" : "+"}${text}`;
}
