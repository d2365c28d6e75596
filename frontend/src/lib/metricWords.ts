/** What metrics are called, how their values are written, and in which order they stand. A name without a row here is shown as it is. */
import * as f from "./format";

export interface MetricWords {
  title: string;
  format: (value: number | null) => string;
}

const precise = (value: number | null) => (value !== null && Math.abs(value) >= 10_000 && Math.abs(value) < 1e12 ? f.compact(value) : f.metric(value));
const short = (value: number | null) => f.metric(value, 3);

const KNOWN: Record<string, MetricWords> = {
  loss: { title: "Loss", format: precise },
  loss_reconstructed: { title: "Reconstruction loss", format: precise },
  l0_sparsity: { title: "L0", format: short },
  l1_sparsity: { title: "L1", format: short },
  explained_variance: { title: "Explained variance", format: short },
  dead_neurons: { title: "Dead features", format: f.count },
  samples_per_second: { title: "Samples/s", format: f.compact },
  learning_rate: { title: "Learning rate", format: short },
  grad_norm: { title: "Gradient norm", format: short },
  gpu_memory_used_mb: { title: "GPU memory", format: (value) => f.bytes(value === null ? null : value * 1024 * 1024) },
};
const ORDER = Object.keys(KNOWN);

export function metricWords(name: string): MetricWords {
  return KNOWN[name] ?? { title: name, format: precise };
}

/** The known ones in their order, then what else a job reports, by name. */
export function sortMetrics(names: readonly string[]): string[] {
  const rank = (name: string) => (name in KNOWN ? ORDER.indexOf(name) : ORDER.length);
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
