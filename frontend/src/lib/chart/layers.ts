/** Which layers of a run are shown, and how each is drawn. */
import { ALL, type LayerKey, type RunCurves } from "./curves";

/** So many lines beside that of all layers can still be told apart. */
const SHOWN_AT_FIRST = 7;
const COLORS = ["--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
const DASHES: (number[] | undefined)[] = [undefined, [6, 3], [2, 2]];

/** All layers together first, then by number. Of one layer alone that is told twice, as itself and as all, once. */
export function layersOf(run: RunCurves): LayerKey[] {
  const keys = Object.keys(run.layers).sort((a, b) => (a === ALL ? -1 : b === ALL ? 1 : Number(a) - Number(b)));
  const all = run.layers[ALL];
  const only = keys.length === 2 ? run.layers[keys[1] ?? ALL] : undefined;
  const twice = all !== undefined && only !== undefined && Object.keys(only.values).every((name) => name in all.values);
  return twice ? [ALL] : keys;
}

/** What `text`, from the address, asks for: "all,0,3", or "every". Without it all of a few, or those over all layers. */
export function chosenLayers(text: string, available: readonly LayerKey[]): LayerKey[] {
  if (text === "every") return [...available];
  const asked = text.split(",");
  const chosen = available.filter((key) => asked.includes(key));
  if (text !== "" && chosen.length > 0) return chosen;
  const single = available.filter((key) => key !== ALL);
  if (single.length <= SHOWN_AT_FIRST) return [...available];
  return available.includes(ALL) ? [ALL] : single.slice(0, SHOWN_AT_FIRST);
}

export function layerWord(key: LayerKey): string {
  return key === ALL ? "all layers" : `layer ${key}`;
}

/** A layer keeps its look whichever others are shown. */
export function layerLook(key: LayerKey, available: readonly LayerKey[]): { color: string; dash?: number[] } {
  const single = available.filter((each) => each !== ALL);
  if (key === ALL || available.length === 1) return { color: "--c1" };
  const at = single.indexOf(key);
  const dash = DASHES[Math.floor(at / COLORS.length) % DASHES.length];
  return { color: COLORS[at % COLORS.length] ?? "--c2", ...(dash === undefined ? {} : { dash }) };
}
