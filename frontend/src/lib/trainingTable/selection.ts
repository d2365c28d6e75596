/** Rows chosen by their ids. Pure: each function returns a new set. */
export type Selection = ReadonlySet<string>;

export const NOTHING: Selection = new Set();

export function toggled(selection: Selection, id: string): Selection {
  const next = new Set(selection);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** From `anchor` to `id` in the order shown, both included, all set as `on` says. Without an anchor in sight only `id`. */
export function ranged(selection: Selection, ids: readonly string[], anchor: string | null, id: string, on: boolean): Selection {
  const to = ids.indexOf(id);
  const from = anchor === null ? -1 : ids.indexOf(anchor);
  const span = to < 0 ? [] : from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  const next = new Set(selection);
  for (const each of span) {
    if (on) next.add(each);
    else next.delete(each);
  }
  return next;
}

/** All that are shown, or none of them if all were. What is chosen and not shown stays chosen. */
export function allToggled(selection: Selection, ids: readonly string[]): Selection {
  const next = new Set(selection);
  const all = ids.every((id) => selection.has(id));
  for (const id of ids) {
    if (all) next.delete(id);
    else next.add(id);
  }
  return next;
}

export function coverage(selection: Selection, ids: readonly string[]): "none" | "some" | "all" {
  let n = 0;
  for (const id of ids) if (selection.has(id)) n += 1;
  return n === 0 ? "none" : n === ids.length ? "all" : "some";
}

/** A selection that an address can hold; more than that stays in the page. */
const IN_ADDRESS = 20;

export function formatSelection(selection: Selection): string {
  return selection.size > IN_ADDRESS ? "" : [...selection].join(",");
}

export function parseSelection(text: string): Selection {
  return new Set(text.split(",").filter((id) => id !== ""));
}
