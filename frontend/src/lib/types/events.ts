/** What arrives on the socket: the event's name, and a payload with these fields beside its own. */
import type { JobResources, JsonObject, LogLine, Operation } from "./job";
import type { AnySystemMetrics } from "./system";

export interface Envelope {
  channel: string;
  epoch: string | number;
  seq: number;
  ts: string;
}

export interface SubscribedReply {
  channel: string;
  epoch: string | number;
  seq: number;
  recovered: boolean;
  /** Event name → the last payload of each state event on the channel. */
  snapshot: Record<string, unknown>;
}

export interface ServerError {
  code: string;
  message: string;
  channel?: string;
}

export interface Conflated {
  channel: string;
  count: number;
}

export interface Batch {
  events: { event: string; data: unknown }[];
}

export interface LayerProgress {
  layer_idx: number;
  loss: number | null;
  l0_sparsity: number | null;
  dead_neurons: number | null;
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
  layers: LayerProgress[] | null;
}

export interface TrainingStatusChanged extends Envelope {
  training_id: string;
  status: string;
  previous: string | null;
  current_step: number | null;
  progress: number | null;
}

export interface TrainingCompleted extends Envelope {
  training_id: string;
  progress: number;
  final_loss: number | null;
  duration_seconds: number | null;
}

export interface TrainingFailed extends Envelope {
  training_id: string;
  progress: number | null;
  error_type: string | null;
  error_message: string | null;
  suggested_retry_params: JsonObject | null;
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

export interface ExtractionProgress extends Envelope {
  model_id: string;
  extraction_id: string;
  phase: string | null;
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
  progress?: number | null;
  error_type: string | null;
  error_message: string | null;
  suggested_retry_params: JsonObject | null;
  retry_available: boolean;
}

export interface LogLines extends Envelope {
  job_id: string;
  lines: LogLine[];
}

/** Event name → payload, for every event that this dashboard reads. */
export interface EventMap {
  "training:created": Envelope;
  "training:progress": TrainingProgress;
  "training:status_changed": TrainingStatusChanged;
  "training:completed": TrainingCompleted;
  "training:failed": TrainingFailed;
  "checkpoint:created": CheckpointCreated;
  "extraction:progress": ExtractionProgress;
  "extraction:completed": ExtractionProgress;
  "extraction:failed": ExtractionFailed;
  "operation:created": Operation & Envelope;
  "operation:updated": Operation & Envelope;
  "operation:finished": Operation & Envelope;
  "job:resources": JobResources & Envelope;
  "log:lines": LogLines;
  "system:metrics": AnySystemMetrics & Envelope;
}

export type EventName = keyof EventMap;
