/** The comparison's address: which runs, in which look, against which baseline, and how it is shown. */
import { placesFor } from "./runLook";

/** As many as the server compares. */
export const RUNS_MAX = 20;

export type CurveAxis = "step" | "elapsed" | "time";

export interface CompareAddress {
  ids: string[];
  places: Map<string, number>;
  baseline: string | null;
}

/** `looks` holds the places of `ids`, in their order; whatever in it is no place is as if it were not there. */
export function readCompare(search: string): CompareAddress {
  const query = new URLSearchParams(search);
  const wanted = (query.get("ids") ?? "").split(",").map((id) => id.trim()).filter((id) => id !== "");
  const looks = (query.get("looks") ?? "").split(",");
  const known = new Map<string, number>();
  wanted.forEach((id, i) => {
    const text = looks[i] ?? "";
    if (/^\d{1,2}$/.test(text) && !known.has(id)) known.set(id, Number(text));
  });
  const ids = [...new Set(wanted)].slice(0, RUNS_MAX);
  const baseline = query.get("baseline");
  return { ids, places: placesFor(ids, known), baseline: baseline !== null && ids.includes(baseline) ? baseline : null };
}

/** The same address with other runs or another baseline; what else it says stays. */
export function writeCompare(search: string, ids: readonly string[], baseline: string | null): string {
  const before = readCompare(search);
  const query = new URLSearchParams(search);
  const kept = [...new Set(ids)].slice(0, RUNS_MAX);
  const places = placesFor(kept, before.places);
  const looks = kept.map((id) => places.get(id) ?? 0);
  for (const name of ["ids", "looks", "baseline"]) query.delete(name);
  const rest = query.toString();
  // Commas stay readable: an id has none.
  const parts = kept.length === 0 ? [] : [`ids=${kept.map(encodeURIComponent).join(",")}`];
  if (looks.some((place, i) => place !== i)) parts.push(`looks=${looks.join(",")}`);
  if (baseline !== null && kept.includes(baseline)) parts.push(`baseline=${encodeURIComponent(baseline)}`);
  if (rest !== "") parts.push(rest);
  return parts.length === 0 ? "/compare" : `/compare?${parts.join("&")}`;
}
