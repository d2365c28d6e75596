/** The table's columns: what each is called, sorts by, and how wide it is. What a cell looks like is the table's. */
import { isActive } from "@/lib/jobWords";
import { layersWord, lossOf, type TrainingRow } from "./row";
import { STATUSES } from "./row";

export type SortKey = number | string | null;

/** Names of what a row refers to by id. */
export interface Lookup {
  extraction: (id: string) => string | null;
  model: (row: TrainingRow) => string | null;
  dataset: (row: TrainingRow) => string | null;
}

export interface Column {
  key: string;
  word: string;
  /** What the picker and a hint say, where the word is not enough. */
  about?: string;
  /** Pixels; of the name at least so many. */
  width: number;
  /** On a phone. */
  narrow?: number;
  number: boolean;
  /** Its values change while a training runs: order by it is kept until somebody asks for it anew. */
  live: boolean;
  /** The first click sorts downwards: the largest, the newest first. */
  down: boolean;
  sort: (row: TrainingRow, lookup: Lookup) => SortKey;
}

/** Times are compared as numbers: thousands of them as text would take long. */
const time = (ts: string | null): SortKey => (ts === null ? null : Date.parse(ts));

const column = (key: string, word: string, width: number, sort: Column["sort"], more: Partial<Column> = {}): Column => ({
  key,
  word,
  width,
  number: false,
  live: false,
  down: more.number === true,
  sort,
  ...more,
});

export const COLUMNS: readonly Column[] = [
  column("name", "Name", 220, (row) => row.name ?? row.id, { narrow: 136 }),
  column("status", "State", 104, (row) => STATUSES.indexOf(row.status), { live: true, narrow: 100 }),
  column("progress", "Progress", 148, (row) => row.progress, { live: true, down: true, narrow: 80 }),
  column("curve", "Loss curve", 112, lossOf, { about: "The course of the loss", live: true }),
  column("loss", "Loss", 84, lossOf, { about: "The final one, else the newest", number: true, live: true, down: false }),
  column("l0", "L0", 76, (row) => row.l0_sparsity, { about: "Active features a vector", number: true, live: true }),
  column("ev", "Explained", 96, (row) => row.explained_variance, { about: "Explained variance", number: true, live: true }),
  column("dead", "Dead", 76, (row) => row.dead_neurons, { about: "Features without activity", number: true, live: true }),
  column("features", "Features", 80, (row) => row.n_features, { number: true }),
  column("k", "k", 56, (row) => row.k, { about: "Active features at most", number: true }),
  column("architecture", "Architecture", 96, (row) => row.architecture),
  column("layers", "Layers", 84, (row) => layersWord(row.layers)),
  column("batch", "Batch", 76, (row) => row.batch_size, { about: "Vectors a step", number: true }),
  column("lr", "Learning rate", 96, (row) => row.learning_rate, { number: true }),
  column("step", "Step", 132, (row) => row.current_step, { number: true, live: true }),
  column("rate", "Samples/s", 92, (row) => row.samples_per_second, { number: true, live: true }),
  column("eta", "Left", 92, (row) => (isActive(row.status) ? row.eta_seconds : null), { about: "Time left", number: true, live: true, down: false }),
  column("duration", "Took", 92, (row) => row.duration_seconds, { about: "Time it ran", number: true, live: true }),
  column("model", "Model", 132, (row, lookup) => lookup.model(row)),
  column("data", "Data", 132, (row, lookup) => lookup.dataset(row), { about: "The dataset" }),
  column("extraction", "Extraction", 148, (row, lookup) => (row.extraction_id === null ? null : lookup.extraction(row.extraction_id))),
  column("error", "Error", 180, (row) => row.error_type),
  column("created", "Created", 104, (row) => time(row.created_at), { number: true }),
  column("started", "Started", 104, (row) => time(row.started_at), { number: true, live: true }),
  column("finished", "Ended", 104, (row) => time(row.finished_at), { number: true, live: true }),
];

const BY_KEY = new Map(COLUMNS.map((each) => [each.key, each]));

export const DEFAULT_COLUMNS = ["name", "status", "progress", "curve", "loss", "l0", "ev", "features", "data", "created"];
/** On a phone, where nobody has chosen others. */
export const NARROW_COLUMNS = ["name", "status", "progress"];
export const DEFAULT_SORT = "-created";

export function columnOf(key: string): Column | undefined {
  return BY_KEY.get(key);
}

/** "name,loss" as columns, in the table's order; the name always is one. What isn't known is left out. */
export function parseColumns(text: string): string[] {
  const wanted = new Set(text.split(","));
  return COLUMNS.filter(({ key }) => key === "name" || wanted.has(key)).map(({ key }) => key);
}

export function formatColumns(keys: readonly string[]): string {
  return parseColumns(keys.join(",")).join(",");
}

export interface Sort {
  column: Column;
  down: boolean;
}

export function parseSort(text: string): Sort {
  const known = columnOf(text.replace(/^-/, ""));
  return known === undefined ? parseSort(DEFAULT_SORT) : { column: known, down: text.startsWith("-") };
}

/** The sort after a click on a column's head. */
export function nextSort(now: Sort, key: string): string {
  if (now.column.key === key) return now.down ? key : `-${key}`;
  return columnOf(key)?.down === true ? `-${key}` : key;
}
