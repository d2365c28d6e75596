/** A training as a row of the table: what its columns, filters and actions need, and no more, since there may be ten thousand. */
import { isActive } from "@/lib/jobWords";
import type { TrainingProgress } from "@/lib/types/events";
import type { JobStatus, Operation } from "@/lib/types/job";
import type { Training } from "@/lib/types/training";

export interface TrainingRow extends Omit<Training, "params" | "result" | "output_path"> {
  /** What it was trained on, where it names them itself: a fine-tuning. Others name an extraction. */
  model_id: string | null;
  dataset_id: string | null;
  /** When the newest live values were sent. A clock of its own: they are sent after what they came with has been written. */
  reported_at: string | null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function rowOf(training: Training): TrainingRow {
  const slim: Partial<Training> = { ...training };
  delete slim.params;
  delete slim.result;
  delete slim.output_path;
  const { params } = training;
  return { ...(slim as Omit<Training, "params" | "result" | "output_path">), model_id: text(params?.["model_id"]), dataset_id: text(params?.["dataset_id"]), reported_at: null };
}

const at = (ts: string): number => Date.parse(ts);

type Live = Pick<
  TrainingRow,
  "current_step" | "progress" | "loss" | "l0_sparsity" | "explained_variance" | "dead_neurons" | "samples_per_second" | "eta_seconds" | "eta_low" | "eta_high" | "reported_at"
>;

function liveOf(row: TrainingRow): Live {
  const { current_step, progress, loss, l0_sparsity, explained_variance, dead_neurons, samples_per_second, eta_seconds, eta_low, eta_high, reported_at } = row;
  return { current_step, progress, loss, l0_sparsity, explained_variance, dead_neurons, samples_per_second, eta_seconds, eta_low, eta_high, reported_at };
}

/** Of a row known and one that REST tells, the newer: events may have come since the answer was written. */
export function newerRow(known: TrainingRow | undefined, told: TrainingRow): TrainingRow {
  if (known === undefined) return told;
  if (at(known.updated_at) > at(told.updated_at)) return known;
  const reportedSince = known.reported_at !== null && at(known.reported_at) > at(told.updated_at);
  return reportedSince && isActive(told.status) && known.job_id === told.job_id ? { ...told, ...liveOf(known) } : told;
}

/** The job's summary tells the state. Returns the same row if it has nothing new. */
export function withOperation(row: TrainingRow, job: Operation): TrainingRow {
  if (at(job.updated_at) < at(row.updated_at)) return row;
  // A retry is a new job of the same training; an older job's last words are not about it.
  if (job.id !== row.job_id && at(job.created_at) < at(row.updated_at)) return row;
  const changes: Partial<TrainingRow> = {
    job_id: job.id,
    status: job.status,
    progress: job.progress,
    eta_seconds: job.eta_seconds,
    eta_low: job.eta_low,
    eta_high: job.eta_high,
    started_at: job.started_at,
    finished_at: job.finished_at,
    error_type: job.error_type,
    error_message: job.error_message,
  };
  const same = Object.entries(changes).every(([key, value]) => (row[key as keyof TrainingRow] ?? null) === (value ?? null));
  return same ? row : { ...row, ...changes, updated_at: job.updated_at };
}

/** What a running training reports. What was reported before its end changes nothing once that is known. */
export function withProgress(row: TrainingRow, told: TrainingProgress): TrainingRow {
  if (!isActive(row.status) || at(told.ts) < Math.max(at(row.updated_at), at(row.reported_at ?? row.updated_at))) return row;
  return {
    ...row,
    current_step: told.current_step ?? row.current_step,
    total_steps: row.total_steps ?? told.total_steps,
    progress: told.progress ?? row.progress,
    loss: told.loss ?? row.loss,
    l0_sparsity: told.l0_sparsity ?? row.l0_sparsity,
    explained_variance: told.explained_variance ?? row.explained_variance,
    dead_neurons: told.dead_neurons ?? row.dead_neurons,
    samples_per_second: told.samples_per_second ?? row.samples_per_second,
    eta_seconds: told.eta_seconds,
    eta_low: told.eta_low,
    eta_high: told.eta_high,
    reported_at: told.ts,
  };
}

/** The loss that stands for it: the final one, measured on held-out vectors, else the newest reported. */
export function lossOf(row: TrainingRow): number | null {
  return row.final_loss ?? row.loss;
}

export function layersWord(layers: readonly number[]): string {
  const first = layers[0];
  if (first === undefined) return "";
  const consecutive = layers.every((layer, i) => layer === first + i);
  if (layers.length === 1) return `L${first}`;
  return consecutive ? `L${first}–${layers[layers.length - 1] ?? first}` : `L${layers.join(",")}`;
}

export const STATUSES: readonly JobStatus[] = ["running", "starting", "queued", "paused", "stalled", "cancelling", "failed", "cancelled", "completed"];
