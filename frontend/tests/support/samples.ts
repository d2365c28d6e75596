/** Payloads as the contract writes them; tests change what they are about. */
import type { TrainingProgress } from "@/lib/types/events";
import type { Operation } from "@/lib/types/job";
import type { CpuMetrics, GpuMetrics, HostInfo, MemoryMetrics } from "@/lib/types/system";
import type { MetricRow, Training } from "@/lib/types/training";

/** Told after what REST knows in these samples. */
export const ENVELOPE = { channel: "c", epoch: "e", seq: 1, ts: "2026-01-01T12:01:00.000Z" };

export function operation(changes: Partial<Operation> = {}): Operation {
  return {
    id: "job_1",
    kind: "train_sae",
    name: "sae layer 2",
    status: "running",
    status_text: null,
    status_since: "2026-01-01T12:00:05.000Z",
    attempt: 1,
    max_attempts: 1,
    priority: 0,
    queue: "default",
    resource_class: "cpu",
    entity_type: "training",
    entity_id: "trn_1",
    phase: "training",
    phase_index: 1,
    phase_count: 1,
    progress: 62.4,
    done: 936,
    total: 1500,
    unit: "steps",
    rate: 51.2,
    eta_seconds: 11,
    eta_low: 10.1,
    eta_high: 12.3,
    message: null,
    created_at: "2026-01-01T12:00:00.000Z",
    started_at: "2026-01-01T12:00:05.000Z",
    finished_at: null,
    updated_at: "2026-01-01T12:00:30.000Z",
    last_report_at: "2026-01-01T12:00:30.000Z",
    worker_id: "wrk_1",
    host: "box",
    version: 17,
    error_type: null,
    error_message: null,
    suggested_retry_params: null,
    retry_of: null,
    retried_by: null,
    dismissed: false,
    control: null,
    not_before: null,
    time_limit_seconds: null,
    auto_retry: false,
    attached: false,
    ...changes,
  };
}

export function training(changes: Partial<Training> = {}): Training {
  return {
    id: "trn_1",
    job_id: "job_1",
    name: "sae layer 2",
    extraction_id: "ext_1",
    architecture: "topk",
    hook: "residual",
    layers: [2],
    n_features: 1024,
    k: 32,
    l1_coefficient: null,
    learning_rate: 0.001,
    batch_size: 1024,
    total_steps: 1500,
    status: "running",
    progress: 10,
    current_step: 150,
    loss: 0.5,
    l0_sparsity: 32,
    explained_variance: 0.6,
    dead_neurons: 3,
    samples_per_second: 50_000,
    eta_seconds: 20,
    final_loss: null,
    duration_seconds: null,
    error_type: null,
    error_message: null,
    params: { total_steps: 1500, batch_size: 1024 },
    result: null,
    output_path: null,
    created_at: "2026-01-01T12:00:00.000Z",
    started_at: "2026-01-01T12:00:05.000Z",
    finished_at: null,
    updated_at: "2026-01-01T12:00:30.000Z",
    ...changes,
  };
}

export function progress(changes: Partial<TrainingProgress> = {}): TrainingProgress {
  return {
    ...ENVELOPE,
    training_id: "trn_1",
    current_step: 300,
    total_steps: 1500,
    progress: 20,
    loss: 0.25,
    l0_sparsity: 31,
    l1_sparsity: null,
    dead_neurons: 2,
    explained_variance: 0.8,
    learning_rate: 0.001,
    grad_norm: 0.4,
    samples_per_second: 51_000,
    eta_seconds: 18,
    eta_low: 17,
    eta_high: 20,
    layers: [],
    ...changes,
  };
}

export function metricRow(step: number, changes: Partial<MetricRow> = {}): MetricRow {
  return {
    step,
    layer_idx: null,
    timestamp: "2026-01-01T12:00:00.000Z",
    loss: 1 / (1 + step),
    l0_sparsity: 32,
    dead_neurons: 0,
    explained_variance: 0.5,
    learning_rate: 0.001,
    grad_norm: 0.1,
    samples_per_second: 1000,
    ...changes,
  };
}

export function cpu(second: number, percent: number | null = 50): CpuMetrics {
  return {
    host: "box",
    ts: new Date(Date.UTC(2026, 0, 1, 12, 0, 0) + second * 1000).toISOString(),
    percent,
    count: 2,
    per_core: [percent, percent],
    load1: 1,
    load5: 1,
    load15: 1,
    frequency_mhz: null,
  };
}

export function memory(second: number): MemoryMetrics {
  return {
    host: "box",
    ts: new Date(Date.UTC(2026, 0, 1, 12, 0, 0) + second * 1000).toISOString(),
    ram: { total: 100, used: 40, available: 60, used_percent: 40 },
    swap: { total: 0, used: 0, used_percent: null },
  };
}

/** One of the list of machines. */
export function host(name: string, changes: Partial<HostInfo> = {}): HostInfo {
  return { host: name, server: false, seen_at: "2026-01-01T12:00:00.000Z", live: true, gpus: [], ...changes };
}

export function gpu(second: number, changes: Partial<GpuMetrics> = {}): GpuMetrics {
  const gib = 1024 ** 3;
  return {
    ...{ host: "box", ts: cpu(second).ts, gpu_id: 0, name: "NVIDIA H100", utilization: 37 },
    ...{ memory_used: 20 * gib, memory_total: 80 * gib, memory_percent: 25, temperature: 41, power_usage: 123.4 },
    ...{ power_limit: 700, fan_speed: null, clock_sm: 1410, clock_memory: null, processes: [] },
    ...changes,
  };
}
