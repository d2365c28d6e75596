import type { JsonObject } from "./job";

/** What `POST /trainings/estimate` answers. */
export interface TrainingEstimate {
  memory_bytes: number;
  /** null: not known, or it may run on another host. */
  memory_available_bytes: number | null;
  disk_bytes: number;
  disk_free_bytes: number | null;
  /** null: no run of like size has completed on this host. */
  seconds: { low: number; high: number } | null;
  /** null: it can't be told. */
  fits: boolean | null;
  reason: string | null;
  suggestion: { field: string; value: number | number[] } | null;
  /** Complete, with the defaults. */
  params: JsonObject;
  basis: { host: string; width: number; layers: number; threads: number; checkpoints: number; memory: string; disk: string; seconds: string; runs: string[] };
}

export interface SmallCurve {
  training_id: string;
  steps: number[];
  values: (number | null)[];
}
