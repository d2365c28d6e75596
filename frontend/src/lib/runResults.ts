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
}

/** In which it really ran; the server's count, which knows of pauses, or what the training itself tells. */
function secondsOf({ training, job, compared }: RunFacts): number | null {
  const counted = compared?.duration_seconds ?? null;
  if (counted === null) return training?.duration_seconds ?? null;
  if (job?.status !== "running" || job.id !== compared?.job_id || job.attempt !== compared.attempt || compared.last_at === null) return counted;
  // Since its newest snapshot, up to its newest report.
  return counted + Math.max(0, Date.parse(job.updated_at) - Date.parse(compared.last_at)) / 1000;
}

/** Of all GPUs together. */
export function gpuPeak(usage: Operation["usage"]): number | null {
  const peaks = (usage?.gpus ?? []).flatMap((gpu) => (gpu.memory_bytes === null ? [] : [gpu.memory_bytes.peak]));
  return peaks.length === 0 ? null : peaks.reduce((a, b) => a + b, 0);
}

export const RESULT_COLUMNS: ResultColumn[] = [
  { key: "final_loss", word: "Final loss", title: "Over the rows that were held out, when it had ended", value: ({ training }) => training?.final_loss ?? null, words: (v) => f.metric(v) },
  { key: "loss", word: "Loss", title: "The newest that was reported while it trained", value: ({ training }) => training?.loss ?? null, words: (v) => f.metric(v) },
  { key: "l0", word: "L0", title: "Features active on one input, mean", value: ({ training }) => training?.l0_sparsity ?? null, words: (v) => f.metric(v, 3) },
  { key: "ev", word: "Explained var.", title: "Explained variance", value: ({ training }) => training?.explained_variance ?? null, words: (v) => f.metric(v, 3) },
  { key: "time", word: "Ran for", title: "The time in which it really ran: no queue, no pauses", value: secondsOf, words: (v) => f.duration(v) },
  { key: "speed", word: "Speed", title: "What it counts, for a second of running", value: ({ compared }) => compared?.units_per_second ?? null, words: (v, { compared }) => (v === null ? f.UNKNOWN : f.rate(v, compared?.unit)) },
  { key: "memory", word: "Peak memory", title: "The most main memory that its processes held", value: ({ job }) => job?.usage?.rss_bytes?.peak ?? null, words: (v, { job }) => `${f.bytes(v)}${v !== null && job?.usage?.source === "estimated" ? " (estimated)" : ""}` },
  { key: "gpu", word: "Peak GPU memory", title: "The most that it held on all GPUs together", value: ({ job }) => gpuPeak(job?.usage), words: (v) => f.bytes(v) },
];

/** Columns of which any run knows something, and those that every run should have. */
export function shownColumns(runs: readonly RunFacts[]): ResultColumn[] {
  const always = ["time", "speed", "memory"];
  return RESULT_COLUMNS.filter((column) => always.includes(column.key) || runs.some((run) => column.value(run) !== null));
}

/** Speeds say something beside each other only if they count the same, and times only once both have completed. */
export function comparable(column: ResultColumn, run: RunFacts, baseline: RunFacts): boolean {
  if (column.key === "speed") return run.compared?.unit === baseline.compared?.unit;
  return column.key !== "time" || (run.job?.status === "completed" && baseline.job?.status === "completed");
}
