// Made from schema/asyncapi.json by `make docs`; not edited by hand.
// null: not known, or the reading could not be taken. Percentages run 0 to 100, bytes are bytes, rates are per second.

import type { JsonObject } from "./job";

/** What every event of a channel carries beside its own members. */
export interface Envelope {
  channel: string;
  /** Changes when the server can no longer tell what came before. */
  epoch: string;
  /** From 1, without gaps, in each channel and epoch. */
  seq: number;
  /** RFC 3339, UTC, milliseconds; the server's clock. */
  ts: string;
}

export type ErrorType = "OOM" | "VALIDATION" | "TIMEOUT" | "NETWORK" | "DISK_FULL" | "NOT_FOUND" | "WORKER_LOST" | "CANCELLED" | "UNKNOWN" | null;

export type FailureType = "OOM" | "VALIDATION" | "TIMEOUT" | "NETWORK" | "DISK_FULL" | "NOT_FOUND" | "WORKER_LOST" | "CANCELLED" | "UNKNOWN";

export type Kind = "tokenize" | "extract" | "train_sae" | "fine_tune" | "download_model" | "download_dataset" | "command";

export interface LogLine {
  /** From 1 in each job. A line that says which are not kept has the last of their numbers. */
  seq: number;
  ts: string;
  stream: "stdout" | "stderr" | "log";
  text: string;
}

export type Status = "queued" | "starting" | "running" | "paused" | "stalled" | "cancelling" | "cancelled" | "completed" | "failed";

export interface Usage {
  source: "measured" | "estimated";
  /** The time that the readings cover. */
  seconds: number;
  cpu_percent: UsageStat | null;
  rss_bytes: UsageStat | null;
  read_bytes: number | null;
  write_bytes: number | null;
  gpus: {
    gpu_id: number;
    memory_bytes: UsageStat | null;
    utilization: UsageStat | null;
  }[];
}

export interface UsageStat {
  mean: number;
  peak: number;
}

export interface TrainingCreated extends Envelope {
  id: string;
  job_id: string | null;
  name: string | null;
  extraction_id: string | null;
  architecture: "topk" | "standard" | null;
  hook: "residual" | "mlp" | "attention" | null;
  layers: number[];
  n_features: number | null;
  k: number | null;
  l1_coefficient: number | null;
  learning_rate: number | null;
  batch_size: number | null;
  total_steps: number | null;
  status: Status;
  progress: number | null;
  current_step: number | null;
  loss: number | null;
  /** Mean number of active features. */
  l0_sparsity: number | null;
  l1_sparsity: number | null;
  explained_variance: number | null;
  dead_neurons: number | null;
  grad_norm: number | null;
  samples_per_second: number | null;
  eta_seconds: number | null;
  final_loss: number | null;
  duration_seconds: number | null;
  error_type: ErrorType;
  error_message: string | null;
  params: JsonObject;
  result: JsonObject | null;
  output_path: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
}

export interface TrainingProgress extends Envelope {
  training_id: string;
  current_step: number | null;
  total_steps: number | null;
  progress: number | null;
  loss: number | null;
  l0_sparsity: number | null;
  l1_sparsity: number | null;
  dead_neurons: number | null;
  explained_variance: number | null;
  learning_rate: number | null;
  grad_norm: number | null;
  samples_per_second: number | null;
  eta_seconds: number | null;
  eta_low: number | null;
  eta_high: number | null;
  layers: {
    layer_idx: number;
    loss: number | null;
    l0_sparsity: number | null;
    dead_neurons: number | null;
  }[];
}

export interface TrainingStatusChanged extends Envelope {
  training_id: string;
  status: Status;
  /** null: a retry was queued. */
  previous: Status | null;
  current_step: number | null;
  progress: number | null;
}

export interface TrainingCompleted extends Envelope {
  training_id: string;
  progress: 100;
  final_loss: number | null;
  duration_seconds: number | null;
}

export interface TrainingFailed extends Envelope {
  training_id: string;
  /** The last one reached. */
  progress: number | null;
  error_type: FailureType;
  error_message: string;
  suggested_retry_params: JsonObject | null;
}

export interface TrainingDeleted extends Envelope {
  training_id: string;
  /** The job that made it last. */
  job_id: string | null;
}

export interface CheckpointCreated extends Envelope {
  training_id: string;
  checkpoint_id: string;
  step: number;
  loss: number | null;
  is_best: boolean;
  storage_path: string;
  size_bytes: number | null;
}

export interface ModelProgress extends Envelope {
  model_id: string;
  status: string;
  progress: number | null;
  bytes_done: number | null;
  bytes_total: number | null;
  bytes_per_second: number | null;
  /** The one that is being downloaded; null at the end. */
  file: string | null;
  /** Which of them it is, from 1. */
  file_index: number | null;
  file_count: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface ModelCompleted extends Envelope {
  model_id: string;
  status: string;
  progress: 100;
  bytes_done: number | null;
  bytes_total: number | null;
  bytes_per_second: number | null;
  /** The one that is being downloaded; null at the end. */
  file: string | null;
  /** Which of them it is, from 1. */
  file_index: number | null;
  file_count: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface ModelFailed extends Envelope {
  model_id: string;
  status: string;
  /** The last one reached. */
  progress: number | null;
  bytes_done: number | null;
  bytes_total: number | null;
  bytes_per_second: number | null;
  /** The one that is being downloaded; null at the end. */
  file: string | null;
  /** Which of them it is, from 1. */
  file_index: number | null;
  file_count: number | null;
  eta_seconds: number | null;
  message: string | null;
  error_type: FailureType;
  error_message: string;
  suggested_retry_params: JsonObject | null;
  /** false: it has been retried already. */
  retry_available: boolean;
}

export interface ModelDeleted extends Envelope {
  model_id: string;
  /** Of its download. */
  job_id: string | null;
}

export interface ExtractionProgress extends Envelope {
  model_id: string;
  extraction_id: string;
  phase: "loading" | "extracting" | "saving" | null;
  progress: number | null;
  samples_processed: number | null;
  samples_total: number | null;
  samples_per_second: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface ExtractionCompleted extends Envelope {
  model_id: string;
  extraction_id: string;
  phase: "loading" | "extracting" | "saving" | null;
  progress: number | null;
  samples_processed: number | null;
  samples_total: number | null;
  samples_per_second: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface ExtractionFailed extends Envelope {
  model_id: string;
  extraction_id: string;
  /** The last one reached. */
  progress: number | null;
  error_type: FailureType;
  error_message: string;
  suggested_retry_params: JsonObject | null;
  /** false: it has been retried already. */
  retry_available: boolean;
}

export interface DatasetProgress extends Envelope {
  dataset_id: string;
  operation: "download" | "tokenize";
  phase: string | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface DatasetCompleted extends Envelope {
  dataset_id: string;
  operation: "download" | "tokenize";
  phase: string | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface DatasetFailed extends Envelope {
  dataset_id: string;
  operation: "download" | "tokenize";
  phase: string | null;
  /** The last one reached. */
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
  error_type: FailureType;
  error_message: string;
  suggested_retry_params: JsonObject | null;
  /** false: it has been retried already. */
  retry_available: boolean;
}

export interface DatasetDeleted extends Envelope {
  dataset_id: string;
  /** Of its download. */
  job_id: string | null;
}

export interface JobProgress extends Envelope {
  job_id: string;
  kind: Kind;
  status: Status;
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface JobStatusChanged extends Envelope {
  job_id: string;
  kind: Kind;
  status: Status;
  previous: Status | null;
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface JobCompleted extends Envelope {
  job_id: string;
  kind: Kind;
  status: "completed";
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  progress: 100;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
}

export interface JobFailed extends Envelope {
  job_id: string;
  kind: Kind;
  status: "failed";
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  /** The last one reached. */
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
  rate: number | null;
  eta_seconds: number | null;
  message: string | null;
  error_type: FailureType;
  error_message: string;
  suggested_retry_params: JsonObject | null;
  /** false: it has been retried already. */
  retry_available: boolean;
}

export interface LogLines extends Envelope {
  job_id: string;
  lines: LogLine[];
}

export interface JobResources extends Envelope {
  job_id: string;
  source: "measured" | "estimated" | "unknown";
  processes: number | null;
  /** Of one core, as top(1) shows it: a job that keeps four cores busy has 400. null: needs a second reading. */
  cpu_percent: number | null;
  rss_bytes: number | null;
  read_bytes_per_s: number | null;
  write_bytes_per_s: number | null;
  /** Of an estimate, which has no numbers: what such a job uses. */
  expected?: ("cpu" | "gpu" | "disk" | "network")[];
  /** null: whether it uses one can't be told. */
  gpus: {
    gpu_id: number;
    memory_bytes: number | null;
    utilization: number | null;
  }[] | null;
}

export interface OperationCreated extends Envelope {
  id: string;
  kind: Kind;
  name: string | null;
  status: Status;
  /** One sentence when there is something to say, such as "no worker serves the class gpu". */
  status_text: string | null;
  /** When it came into its status; null: not known. */
  status_since: string | null;
  attempt: number;
  max_attempts: number;
  priority: number;
  queue: string;
  resource_class: "gpu" | "cpu" | "io";
  entity_type: "training" | "extraction" | "dataset" | "model" | null;
  entity_id: string | null;
  params: JsonObject;
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
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
  /** Of that worker: where it runs or ran. */
  host: string | null;
  /** Counts every change of the job. */
  version: number;
  /** What the job itself reported as its result. */
  result: JsonObject | null;
  error_type: ErrorType;
  error_message: string | null;
  suggested_retry_params: JsonObject | null;
  retry_of: string | null;
  retried_by: string | null;
  dismissed: boolean;
  /** Asked for and not yet done. */
  control: "pause" | "resume" | "stop" | null;
  /** It isn't taken from the queue before. */
  not_before: string | null;
  /** Of one attempt, where the user set one. */
  time_limit_seconds: number | null;
  /** It may try once more by itself when memory or time ran out. */
  auto_retry: boolean;
  /** It runs where it was called; no worker takes it. */
  attached: boolean;
  /** What it used so far, over all attempts; null: no reading of it has come. */
  usage: Usage | null;
}

export interface OperationUpdated extends Envelope {
  id: string;
  kind: Kind;
  name: string | null;
  status: Status;
  /** One sentence when there is something to say, such as "no worker serves the class gpu". */
  status_text: string | null;
  /** When it came into its status; null: not known. */
  status_since: string | null;
  attempt: number;
  max_attempts: number;
  priority: number;
  queue: string;
  resource_class: "gpu" | "cpu" | "io";
  entity_type: "training" | "extraction" | "dataset" | "model" | null;
  entity_id: string | null;
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
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
  /** Of that worker: where it runs or ran. */
  host: string | null;
  /** Counts every change of the job. */
  version: number;
  error_type: ErrorType;
  error_message: string | null;
  suggested_retry_params: JsonObject | null;
  retry_of: string | null;
  retried_by: string | null;
  dismissed: boolean;
  /** Asked for and not yet done. */
  control: "pause" | "resume" | "stop" | null;
  /** It isn't taken from the queue before. */
  not_before: string | null;
  /** Of one attempt, where the user set one. */
  time_limit_seconds: number | null;
  /** It may try once more by itself when memory or time ran out. */
  auto_retry: boolean;
  /** It runs where it was called; no worker takes it. */
  attached: boolean;
}

export interface OperationFinished extends Envelope {
  id: string;
  kind: Kind;
  name: string | null;
  status: "completed" | "failed" | "cancelled";
  /** One sentence when there is something to say, such as "no worker serves the class gpu". */
  status_text: string | null;
  /** When it came into its status; null: not known. */
  status_since: string | null;
  attempt: number;
  max_attempts: number;
  priority: number;
  queue: string;
  resource_class: "gpu" | "cpu" | "io";
  entity_type: "training" | "extraction" | "dataset" | "model" | null;
  entity_id: string | null;
  params: JsonObject;
  phase: string | null;
  /** From 1; null: no phase has begun. */
  phase_index: number | null;
  phase_count: number | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** Units per second. */
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
  /** Of that worker: where it runs or ran. */
  host: string | null;
  /** Counts every change of the job. */
  version: number;
  /** What the job itself reported as its result. */
  result: JsonObject | null;
  error_type: ErrorType;
  error_message: string | null;
  suggested_retry_params: JsonObject | null;
  retry_of: string | null;
  retried_by: string | null;
  dismissed: boolean;
  /** Asked for and not yet done. */
  control: "pause" | "resume" | "stop" | null;
  /** It isn't taken from the queue before. */
  not_before: string | null;
  /** Of one attempt, where the user set one. */
  time_limit_seconds: number | null;
  /** It may try once more by itself when memory or time ran out. */
  auto_retry: boolean;
  /** It runs where it was called; no worker takes it. */
  attached: boolean;
  /** What it used so far, over all attempts; null: no reading of it has come. */
  usage: Usage | null;
}

export interface OperationTrainingDeleted extends Envelope {
  training_id: string;
  /** The job that made it last. */
  job_id: string | null;
}

export interface OperationDatasetDeleted extends Envelope {
  dataset_id: string;
  /** Of its download. */
  job_id: string | null;
}

export interface OperationModelDeleted extends Envelope {
  model_id: string;
  /** Of its download. */
  job_id: string | null;
}

export interface SystemCpuMetrics extends Envelope {
  host: string;
  percent: number | null;
  count: number | null;
  per_core: (number | null)[];
  load1: number | null;
  load5: number | null;
  load15: number | null;
  frequency_mhz: number | null;
}

export interface SystemMemoryMetrics extends Envelope {
  host: string;
  ram: {
    total: number | null;
    used: number | null;
    available: number | null;
    free: number | null;
    used_percent: number | null;
  };
  swap: {
    total: number | null;
    used: number | null;
    used_percent: number | null;
  };
}

export interface SystemDiskMetrics extends Envelope {
  host: string;
  read_bytes: number | null;
  write_bytes: number | null;
  read_rate: number | null;
  write_rate: number | null;
  devices: {
    name: string;
    read_bytes: number | null;
    write_bytes: number | null;
    read_rate: number | null;
    write_rate: number | null;
    busy_percent: number | null;
  }[];
  filesystems: {
    mount_point: string;
    total: number | null;
    used: number | null;
    free: number | null;
    percent: number | null;
  }[];
}

export interface SystemNetworkMetrics extends Envelope {
  host: string;
  sent_bytes: number | null;
  recv_bytes: number | null;
  sent_rate: number | null;
  recv_rate: number | null;
  interfaces: {
    name: string;
    sent_bytes: number | null;
    recv_bytes: number | null;
    sent_rate: number | null;
    recv_rate: number | null;
  }[];
}

export interface SystemGpuMetrics extends Envelope {
  host: string;
  gpu_id: number;
  name: string | null;
  utilization: number | null;
  memory_used: number | null;
  memory_total: number | null;
  memory_percent: number | null;
  /** °C. */
  temperature: number | null;
  /** W. */
  power_usage: number | null;
  /** W. */
  power_limit: number | null;
  fan_speed: number | null;
  /** MHz. */
  clock_sm: number | null;
  /** MHz. */
  clock_memory: number | null;
  /** null: the driver doesn't say. */
  processes: {
    pid: number;
    job_id?: string;
    memory_bytes: number | null;
  }[] | null;
}

export interface HostCpuMetrics extends Envelope {
  host: string;
  percent: number | null;
  count: number | null;
  per_core: (number | null)[];
  load1: number | null;
  load5: number | null;
  load15: number | null;
  frequency_mhz: number | null;
}

export interface HostMemoryMetrics extends Envelope {
  host: string;
  ram: {
    total: number | null;
    used: number | null;
    available: number | null;
    free: number | null;
    used_percent: number | null;
  };
  swap: {
    total: number | null;
    used: number | null;
    used_percent: number | null;
  };
}

export interface HostDiskMetrics extends Envelope {
  host: string;
  read_bytes: number | null;
  write_bytes: number | null;
  read_rate: number | null;
  write_rate: number | null;
  devices: {
    name: string;
    read_bytes: number | null;
    write_bytes: number | null;
    read_rate: number | null;
    write_rate: number | null;
    busy_percent: number | null;
  }[];
  filesystems: {
    mount_point: string;
    total: number | null;
    used: number | null;
    free: number | null;
    percent: number | null;
  }[];
}

export interface HostNetworkMetrics extends Envelope {
  host: string;
  sent_bytes: number | null;
  recv_bytes: number | null;
  sent_rate: number | null;
  recv_rate: number | null;
  interfaces: {
    name: string;
    sent_bytes: number | null;
    recv_bytes: number | null;
    sent_rate: number | null;
    recv_rate: number | null;
  }[];
}

export interface HostGpuMetrics extends Envelope {
  host: string;
  gpu_id: number;
  name: string | null;
  utilization: number | null;
  memory_used: number | null;
  memory_total: number | null;
  memory_percent: number | null;
  /** °C. */
  temperature: number | null;
  /** W. */
  power_usage: number | null;
  /** W. */
  power_limit: number | null;
  fan_speed: number | null;
  /** MHz. */
  clock_sm: number | null;
  /** MHz. */
  clock_memory: number | null;
  /** null: the driver doesn't say. */
  processes: {
    pid: number;
    job_id?: string;
    memory_bytes: number | null;
  }[] | null;
}

export interface SubscribeRequest {
  channel: string;
  /** Where this client was: what it missed follows, in order, if the server still has it. */
  since?: {
    epoch: string;
    seq: number;
  } | null;
  batch?: boolean;
}

export interface SubscribedReply {
  channel: string;
  epoch: string;
  /** Of the channel's last event; 0: none yet. */
  seq: number;
  /** What was missed since `since` follows. false after `since`: the server can't tell what was missed; take the snapshot, refetch the rest. */
  recovered: boolean;
  /** Event name → the last payload of each state event (S) of the channel. Empty if there is none, and when `recovered` is true. */
  snapshot: JsonObject;
}

export interface UnsubscribeRequest {
  channel: string;
}

export interface UnsubscribedReply {
  channel: string;
}

export interface ServerError {
  code: string;
  message: string;
  /** As the client gave it. */
  channel?: string;
}

export interface Conflated {
  channel: string;
  count: number;
}

export interface Batch {
  events: {
    event: string;
    data: JsonObject;
  }[];
}

/** Event name → payload, for every event of a channel. */
export interface EventMap {
  "training:created": TrainingCreated;
  "training:progress": TrainingProgress;
  "training:status_changed": TrainingStatusChanged;
  "training:completed": TrainingCompleted;
  "training:failed": TrainingFailed;
  "training:deleted": TrainingDeleted | OperationTrainingDeleted;
  "checkpoint:created": CheckpointCreated;
  "model:progress": ModelProgress;
  "model:completed": ModelCompleted;
  "model:failed": ModelFailed;
  "model:deleted": ModelDeleted | OperationModelDeleted;
  "extraction:progress": ExtractionProgress;
  "extraction:completed": ExtractionCompleted;
  "extraction:failed": ExtractionFailed;
  "dataset:progress": DatasetProgress;
  "dataset:completed": DatasetCompleted;
  "dataset:failed": DatasetFailed;
  "dataset:deleted": DatasetDeleted | OperationDatasetDeleted;
  "job:progress": JobProgress;
  "job:status_changed": JobStatusChanged;
  "job:completed": JobCompleted;
  "job:failed": JobFailed;
  "log:lines": LogLines;
  "job:resources": JobResources;
  "operation:created": OperationCreated;
  "operation:updated": OperationUpdated;
  "operation:finished": OperationFinished;
  "system:metrics": SystemCpuMetrics | SystemMemoryMetrics | SystemDiskMetrics | SystemNetworkMetrics | SystemGpuMetrics | HostCpuMetrics | HostMemoryMetrics | HostDiskMetrics | HostNetworkMetrics | HostGpuMetrics;
}

export type EventName = keyof EventMap;

/** The same for what belongs to the connection. */
export interface SessionEventMap {
  "subscribed": SubscribedReply;
  "unsubscribed": UnsubscribedReply;
  "pong": null;
  "error": ServerError;
  "conflated": Conflated;
  "batch": Batch;
}

/** And for what the client sends. */
export interface ClientEventMap {
  "subscribe": SubscribeRequest;
  "unsubscribe": UnsubscribeRequest;
  "ping": null;
}
