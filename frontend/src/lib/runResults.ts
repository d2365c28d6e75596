/** What came of a run, as numbers that can be set against another's. */
import * as f from "./format";
import type { Operation } from "./types/job";
import type { ComparedRun } from "./types/progress";
import type { Training } from "./types/training";

export interface RunFacts {
  training: Training | null;
  job: Operation | null;
  compared: ComparedRun | null;
}

export interface ResultColumn {
  key: string;
  word: string;
  title: string;
  value: (run: RunFacts) => number | null;
  words: (value: number | null, run: RunFacts) => string;
  /** Set against a baseline as a part of it. */
  compares: boolean;
}

/** In which it really ran; the server's count, which knows of pauses, or what the job itself tells. */
function secondsOf({ training, compared }: RunFacts): number | null {
  return compared?.duration_seconds ?? training?.duration_seconds ?? null;
}

/** Of all GPUs together. */
export function gpuPeak(usage: Operation["usage"]): number | null {
  const peaks = (usage?.gpus ?? []).flatMap((gpu) => (gpu.memory_bytes === null ? [] : [gpu.memory_bytes.peak]));
  return peaks.length === 0 ? null : peaks.reduce((a, b) => a + b, 0);
}

export const RESULT_COLUMNS: ResultColumn[] = [
  { key: "final_loss", word: "Final loss", title: "Over the rows that were held out, when it had ended", value: ({ training }) => training?.final_loss ?? null, words: (v) => f.metric(v), compares: true },
  { key: "loss", word: "Loss", title: "The newest that was reported while it trained", value: ({ training }) => training?.loss ?? null, words: (v) => f.metric(v), compares: true },
  { key: "l0", word: "L0", title: "Features active on one input, mean", value: ({ training }) => training?.l0_sparsity ?? null, words: (v) => f.metric(v, 3), compares: true },
  { key: "ev", word: "Explained var.", title: "Explained variance", value: ({ training }) => training?.explained_variance ?? null, words: (v) => f.metric(v, 3), compares: true },
  { key: "time", word: "Ran for", title: "The time in which it really ran: no queue, no pauses, up to its newest snapshot", value: secondsOf, words: (v) => f.duration(v), compares: true },
  { key: "speed", word: "Speed", title: "What it counts, for a second of running", value: ({ compared }) => compared?.units_per_second ?? null, words: (v, { compared }) => (v === null ? f.UNKNOWN : f.rate(v, compared?.unit)), compares: true },
  { key: "memory", word: "Peak memory", title: "The most main memory that its processes held", value: ({ job }) => job?.usage?.rss_bytes?.peak ?? null, words: (v, { job }) => `${f.bytes(v)}${v !== null && job?.usage?.source === "estimated" ? " (estimated)" : ""}`, compares: true },
  { key: "gpu", word: "Peak GPU memory", title: "The most that it held on all GPUs together", value: ({ job }) => gpuPeak(job?.usage), words: (v) => f.bytes(v), compares: true },
];

/** Columns of which any run knows something, and those that every run should have. */
export function shownColumns(runs: readonly RunFacts[]): ResultColumn[] {
  const always = ["time", "speed", "memory"];
  return RESULT_COLUMNS.filter((column) => always.includes(column.key) || runs.some((run) => column.value(run) !== null));
}

/** Two runs' speeds say something only if they count the same. */
export function comparable(column: ResultColumn, run: RunFacts, baseline: RunFacts): boolean {
  return column.compares && (column.key !== "speed" || run.compared?.unit === baseline.compared?.unit);
}
