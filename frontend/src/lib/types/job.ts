/** A job as `GET /operations` and the events of the channel `operations` show it. */

import type * as told from "./events";

export type { LogLine } from "./events";
export type JobStatus = told.Status;

/** Kinds the dashboard has a word for. Any other string is a valid kind too and is shown as it is. */
export type JobKind = string;

/** What can be asked of a job that hasn't ended; and of one that has. */
export type Control = "cancel" | "pause" | "resume" | "stop";
export type Action = Control | "retry" | "dismiss";

/** The payload of `job:resources`; without what only an event has. */
export type JobResources = Omit<told.JobResources, keyof told.Envelope>;

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

type Changing = Omit<told.OperationUpdated, keyof told.Envelope | "kind">;
type Whole = Pick<told.OperationCreated, "params" | "result" | "usage">;

/** What every event of it tells; the rest once it has been told, or read. */
export interface Operation extends Changing, Partial<Whole> {
  kind: JobKind;
  resources?: JobResources | null;
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

export interface LogPage {
  items: told.LogLine[];
  next_after: number | null;
  /** Of the page before this one; null: nothing is older. */
  next_before: number | null;
}
