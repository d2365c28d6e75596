/** What kinds and states are called, and how each state looks. A kind without a row here is shown by its own name. */
import { amount } from "./format";
import type { JobStatus, Operation } from "./types/job";

const KINDS: Record<string, string> = {
  train_sae: "Training",
  fine_tune: "Fine-tuning",
  extract: "Extraction",
  tokenize: "Tokenization",
  download_model: "Model download",
  download_dataset: "Dataset download",
  command: "Command",
};

export function kindWord(kind: string): string {
  const known = KINDS[kind];
  if (known !== undefined) return known;
  const words = kind.replace(/[_-]+/g, " ").trim();
  return words === "" ? "Job" : words.charAt(0).toUpperCase() + words.slice(1);
}

export type Tone = "active" | "waiting" | "warning" | "failure" | "done" | "quiet";

const STATES: Record<JobStatus, { word: string; tone: Tone }> = {
  queued: { word: "queued", tone: "waiting" },
  starting: { word: "starting", tone: "active" },
  running: { word: "running", tone: "active" },
  paused: { word: "paused", tone: "waiting" },
  stalled: { word: "stalled", tone: "warning" },
  cancelling: { word: "cancelling", tone: "warning" },
  cancelled: { word: "cancelled", tone: "quiet" },
  completed: { word: "completed", tone: "done" },
  failed: { word: "failed", tone: "failure" },
};

export function statusWord(status: string): string {
  return STATES[status as JobStatus]?.word ?? status;
}

export function statusTone(status: string): Tone {
  return STATES[status as JobStatus]?.tone ?? "quiet";
}

export function isActive(status: string): boolean {
  return ["queued", "starting", "running", "paused", "stalled", "cancelling"].includes(status);
}

/** States in which cancelling makes sense; `cancelling` is already on its way. */
export function canCancel(status: string): boolean {
  return isActive(status) && status !== "cancelling";
}

/** A job that runs where it was called is paused there. */
export function canPause(job: Operation): boolean {
  const running = ["queued", "starting", "running", "stalled"].includes(job.status);
  return running && !job.attached && job.control === null;
}

/** What stands still goes on, and a pause that is under way is withdrawn. */
export function canResume(job: Operation): boolean {
  return job.control === "pause" || (job.status === "paused" && job.control !== "resume");
}

/** A training's result is of use after any number of steps; half of anything else isn't. */
export function canFinishEarly(job: Operation): boolean {
  const begun = job.started_at !== null && (job.status === "running" || job.status === "paused");
  return begun && job.entity_type === "training" && !job.attached && job.control === null;
}

export function operationTitle(operation: Operation): string {
  return operation.name !== null && operation.name !== "" ? operation.name : operation.id;
}

/** The page of what the job is for; its own where it is for nothing else. */
export function operationHref(operation: Pick<Operation, "id" | "entity_type" | "entity_id">): string {
  return operation.entity_type === "training" && operation.entity_id !== null
    ? `/trainings/${encodeURIComponent(operation.entity_id)}`
    : `/jobs/${encodeURIComponent(operation.id)}`;
}

/** Failed and cancelled jobs can be queued again; a program that ran where it was called is run again there. */
export function canRetry(job: Operation): boolean {
  return (job.status === "failed" || job.status === "cancelled") && !job.attached && job.retried_by === null;
}

/** What each kind's result counts; a kind without a row is told by the last phase it reported. */
const RESULT_COUNTS: Record<string, string> = { tokenize: "tokens", extract: "vectors", train_sae: "steps", fine_tune: "steps", download_model: "bytes", download_dataset: "bytes" };

/** What a finished job did: "812,345 tokens". The last phase of a job is often a count of two files, which says nothing. */
export function whatItDid(operation: Operation): string {
  const name = RESULT_COUNTS[operation.kind];
  const value = name === undefined ? undefined : operation.result?.[name];
  if (name !== undefined && typeof value === "number") return amount(value, null, name);
  return amount(operation.done, null, operation.unit);
}

const ERROR_HINTS: Record<string, string> = {
  OOM: "Out of memory",
  VALIDATION: "Not valid",
  TIMEOUT: "Timed out",
  NETWORK: "Network",
  DISK_FULL: "Disk full",
  NOT_FOUND: "Not found",
  WORKER_LOST: "Worker lost",
  CANCELLED: "Cancelled",
  UNKNOWN: "Unknown error",
};

export function errorWord(type: string | null): string {
  return type === null ? "Failed" : (ERROR_HINTS[type] ?? type);
}
