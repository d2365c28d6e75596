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
  slots?: Record<string, number> | null;
  queues?: string[];
  live?: boolean;
}

/** Queued jobs that no live worker is there for. */
export interface Unserved {
  queue: string;
  resource_class: string;
  jobs: number;
}

/** Where a share's number comes from; an estimate has none. */
export type ShareSource = told.JobResources["source"];

interface JobPart {
  job_id: string;
  source: ShareSource;
}

/** Whose the load of the server's host is, as `GET /operations` tells it. */
export interface MachineLoad {
  host: string | null;
  cpu: {
    used_percent: number | null;
    total_percent: number | null;
    jobs: (JobPart & { cpu_percent: number | null })[];
    unattributed_percent: number | null;
  };
  memory: {
    used: number | null;
    total: number | null;
    jobs: (JobPart & { rss_bytes: number | null })[];
    unattributed_bytes: number | null;
  };
  disk: {
    read_bytes_per_s: number | null;
    write_bytes_per_s: number | null;
    jobs: (JobPart & { read_bytes_per_s: number | null; write_bytes_per_s: number | null })[];
    unattributed_read_bytes_per_s: number | null;
    unattributed_write_bytes_per_s: number | null;
  };
  gpus: {
    gpu_id: number;
    memory_used: number | null;
    memory_total: number | null;
    utilization: number | null;
    jobs: (JobPart & { memory_bytes: number | null; utilization: number | null })[];
    unattributed_bytes: number | null;
    unattributed_utilization: number | null;
  }[];
}

export interface OperationsPage {
  items: Operation[];
  next_cursor: string | null;
  counts: OperationCounts;
  workers: Worker[];
  unserved?: Unserved[];
  resources?: MachineLoad;
  server_time: string;
}

/** One thing that happened to a job: a status it came into, a phase it began, a control that was asked for. */
export interface TimelineItem {
  seq: number;
  at: string;
  attempt: number;
  event: "status" | "phase" | "asked";
  name: string;
  text: string | null;
}

export interface TimelinePage {
  job_id: string;
  items: TimelineItem[];
  phases_left_out: boolean;
}

/** Why the server refused, and the field it names. */
export interface Refusal {
  message: string;
  field: string | null;
}

/** What a retry is asked with; `resume`: from the newest checkpoint. */
export interface RetryRequest {
  params?: JsonObject;
  resume?: boolean;
}

export interface LogPage {
  items: told.LogLine[];
  next_after: number | null;
  /** Of the page before this one; null: nothing is older. */
  next_before: number | null;
}
