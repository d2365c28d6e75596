/** A job as `GET /operations` and the events of the channel `operations` show it. */

import type { Usage } from "./events";

export const JOB_STATUSES = [
  "queued",
  "starting",
  "running",
  "paused",
  "stalled",
  "cancelling",
  "cancelled",
  "completed",
  "failed",
] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

/** Kinds the dashboard has a word for. Any other string is a valid kind too and is shown as it is. */
export type JobKind = string;

/** What can be asked of a job that hasn't ended; and of one that has. */
export type Control = "cancel" | "pause" | "resume" | "stop";
export type Action = Control | "retry" | "dismiss";

export type ResourceSource = "measured" | "estimated" | "unknown";

export interface JobGpuUse {
  gpu_id: number;
  memory_bytes: number | null;
  utilization: number | null;
}

/** The payload of `job:resources`. */
export interface JobResources {
  job_id: string;
  source: ResourceSource;
  /** A count, or one entry per process. */
  processes?: number | readonly unknown[] | null;
  cpu_percent: number | null;
  rss_bytes: number | null;
  read_bytes_per_s: number | null;
  write_bytes_per_s: number | null;
  /** null: whether it uses one can't be told. */
  gpus: JobGpuUse[] | null;
  /** Of an estimate, which has no numbers. */
  expected?: readonly string[];
  ts?: string;
}

/** The newest reported values of a training, as an operation carries them. */
export interface TrainingLive {
  training_id?: string;
  current_step: number | null;
  total_steps: number | null;
  loss: number | null;
  l0_sparsity: number | null;
  explained_variance?: number | null;
  samples_per_second?: number | null;
}

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

export interface Operation {
  id: string;
  kind: JobKind;
  name: string | null;
  status: JobStatus;
  status_text?: string | null;
  attempt: number;
  max_attempts: number;
  priority: number;
  queue: string;
  resource_class: string;
  entity_type: string | null;
  entity_id: string | null;
  phase: string | null;
  phase_index: number | null;
  phase_count: number | null;
  /** 0 to 100, null: can't be told. */
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units a second. */
  rate: number | null;
  eta_seconds: number | null;
  eta_low: number | null;
  eta_high: number | null;
  message: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
  last_report_at: string | null;
  worker_id: string | null;
  version: number;
  error_type: string | null;
  error_message: string | null;
  suggested_retry_params: JsonObject | null;
  retry_of: string | null;
  retried_by: string | null;
  dismissed: boolean;
  /** Asked for and not yet done. */
  control?: "pause" | "resume" | "stop" | null;
  /** It runs where it was called; no worker takes it. */
  attached?: boolean;
  params?: JsonObject | null;
  result?: JsonObject | null;
  resources?: JobResources | null;
  /** Peak and mean of what it used so far. */
  usage?: Usage | null;
  training?: TrainingLive | null;
}

export interface OperationCounts {
  queued: number;
  starting: number;
  running: number;
  paused: number;
  stalled: number;
  cancelling: number;
  failed: number;
  finished: number;
}

export interface Worker {
  id: string;
  host?: string | null;
  status?: string | null;
  slots?: Record<string, number> | null;
}

export interface OperationsPage {
  items: Operation[];
  next_cursor: string | null;
  counts: OperationCounts;
  workers: Worker[];
  server_time: string;
}

export interface LogLine {
  seq: number;
  ts: string;
  stream: string;
  text: string;
}

export interface LogPage {
  items: LogLine[];
  next_after: number | null;
  /** Of the page before this one; null: nothing is older. */
  next_before: number | null;
}
