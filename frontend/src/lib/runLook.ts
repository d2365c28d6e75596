/**
 * How runs that are shown together are told apart: a colour and a dash each, by the place (0, 1, …) that a run keeps as
 * long as it is shown, whoever comes or goes beside it.
 */
export interface RunLook {
  /** A custom property of the stylesheet. */
  color: string;
  /** Lengths of stroke and gap; empty: solid. */
  dash: number[];
}

const COLORS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
/** Five, so that with eight colours forty runs differ, and neighbours differ in both. */
const DASHES: number[][] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2]];

export function lookOf(place: number): RunLook {
  return { color: COLORS[place % COLORS.length] ?? "--c1", dash: DASHES[place % DASHES.length] ?? [] };
}

/** Each newcomer gets the lowest place that is free; the others keep theirs. */
export function placesFor(ids: readonly string[], known: ReadonlyMap<string, number>): Map<string, number> {
  const places = new Map<string, number>();
  const taken = new Set<number>();
  for (const id of ids) {
    const place = known.get(id);
    if (place === undefined || taken.has(place)) continue;
    places.set(id, place);
    taken.add(place);
  }
  for (const id of ids) {
    if (places.has(id)) continue;
    let place = 0;
    while (taken.has(place)) place += 1;
    places.set(id, place);
    taken.add(place);
  }
  return places;
}

/** What each run is called: its name, with the end of its id where several have the same. */
export function runLabels(runs: readonly { id: string; name: string | null }[]): Map<string, string> {
  const named = runs.map(({ id, name }) => ({ id, name: name === null || name === "" ? id : name }));
  return new Map(
    named.map(({ id, name }) => [id, named.filter((other) => other.name === name).length > 1 && name !== id ? `${name} · ${id.slice(-5)}` : name]),
  );
}
