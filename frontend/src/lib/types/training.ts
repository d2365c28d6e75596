import type { JobStatus, JsonObject } from "./job";

export interface Training {
  id: string;
  job_id: string;
  name: string | null;
  extraction_id: string | null;
  architecture: string | null;
  hook: string | null;
  layers: number[];
  n_features: number | null;
  k: number | null;
  l1_coefficient: number | null;
  learning_rate: number | null;
  batch_size: number | null;
  total_steps: number | null;
  status: JobStatus;
  progress: number | null;
  current_step: number | null;
  loss: number | null;
  l0_sparsity: number | null;
  explained_variance: number | null;
  dead_neurons: number | null;
  samples_per_second: number | null;
  eta_seconds: number | null;
  eta_low?: number | null;
  eta_high?: number | null;
  l1_sparsity?: number | null;
  grad_norm?: number | null;
  final_loss: number | null;
  duration_seconds: number | null;
  error_type: string | null;
  error_message: string | null;
  suggested_retry_params?: JsonObject | null;
  params: JsonObject | null;
  result: JsonObject | null;
  output_path: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  updated_at: string;
}

/** One row of `GET /trainings/{id}/metrics`; `layer_idx` null: over all layers. */
export interface MetricRow {
  step: number;
  layer_idx: number | null;
  timestamp: string;
  loss: number | null;
  l0_sparsity: number | null;
  dead_neurons: number | null;
  explained_variance: number | null;
  learning_rate: number | null;
  grad_norm: number | null;
  samples_per_second: number | null;
}

/** The same with what a task reported beside the known metrics. */
export interface CurveRow extends MetricRow {
  l1_sparsity?: number | null;
  loss_reconstructed?: number | null;
  gpu_memory_used_mb?: number | null;
  extra?: Record<string, number | null> | null;
}

export interface MetricPage {
  training_id: string;
  items: MetricRow[];
}

export interface Checkpoint {
  id: string;
  training_id: string;
  step: number;
  layer_idx: number | null;
  loss: number | null;
  is_best: boolean;
  storage_path: string;
  size_bytes: number | null;
  created_at: string;
}
