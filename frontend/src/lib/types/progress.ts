/** The history of progress and its comparison, as REST tells them. */
import type { JobStatus } from "./job";

export interface PhaseTime {
  name: string;
  seconds: number;
}

/** What isn't known is left out. */
export interface SnapshotMetrics {
  job_id: string;
  attempt: number;
  status: JobStatus;
  /** In which the attempt really ran: no queue, no pause. */
  elapsed_seconds: number;
  /** Percent where the attempt began and where it came to by itself. */
  from: number | null;
  reached: number | null;
  /** Seconds from 0 to 10 %, from 10 to 20 %, … */
  tenths: number[];
  phases: PhaseTime[];
  phase?: string;
  done?: number;
  total?: number;
  unit?: string;
  rate?: number;
  error_type?: string;
  /** Means since the snapshot before. */
  usage?: { cpu_percent?: number; rss_bytes?: number; gpu_memory_bytes?: number };
}

export interface ProgressSnapshot {
  id: number;
  entity_type: string;
  entity_id: string;
  timestamp: string;
  progress: number | null;
  metrics: SnapshotMetrics | null;
  created_at: string;
}

/** Between an attempt's first and last, a snapshot is kept when both have passed since the one before. */
export interface SnapshotRule {
  step_percent: number;
  interval_seconds: number;
}

export interface ComparedRun {
  /** As it was asked for: of an entity, or of a job. */
  id: string;
  entity_type: string | null;
  entity_id: string | null;
  job_id: string | null;
  kind: string | null;
  name: string | null;
  status: JobStatus | null;
  attempt: number | null;
  first_at: string | null;
  last_at: string | null;
  progress: number | null;
  from: number | null;
  reached: number | null;
  duration_seconds: number | null;
  standing_seconds: number | null;
  percent_per_second: number | null;
  units_per_second: number | null;
  unit: string | null;
  done: number | null;
  total: number | null;
  /** Against the fastest's, which is 1. */
  speed: number | null;
  phases: PhaseTime[];
  tenths: (number | null)[];
}

export interface Comparison {
  sentence: string;
  basis: "progress" | "units" | "duration" | null;
  from: number | null;
  to: number | null;
  fastest: string | null;
  slowest: string | null;
  diverge: { from: number; to: number; share: number } | null;
  /** Of each tenth, the slowest's time over the fastest's. */
  ratios: (number | null)[];
  runs: ComparedRun[];
}
