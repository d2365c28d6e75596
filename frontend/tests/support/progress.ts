/** Snapshots and comparisons as REST tells them. */
import type { JobStatus } from "@/lib/types/job";
import type { ComparedRun, Comparison, PhaseTime, ProgressSnapshot } from "@/lib/types/progress";

export const AT = Date.UTC(2026, 0, 1, 12);

interface Changes {
  elapsed?: number;
  from?: number | null;
  reached?: number | null;
  tenths?: number[];
  phases?: PhaseTime[];
  phase?: string;
  status?: JobStatus;
  attempt?: number;
  job?: string;
  entity?: string;
  usage?: NonNullable<ProgressSnapshot["metrics"]>["usage"];
}

/** Taken so many seconds after the beginning. */
export function snapshot(second: number, progress: number | null, changes: Changes = {}): ProgressSnapshot {
  const timestamp = new Date(AT + second * 1000).toISOString();
  const { elapsed = 0, from = 0, reached = progress, tenths = Array.from({ length: 10 }, () => 0), phases = [], phase, status = "running", attempt = 1, job = "job_1", entity = "trn_1", usage } = changes;
  return {
    id: second + 1,
    entity_type: "training",
    entity_id: entity,
    timestamp,
    progress,
    metrics: { job_id: job, attempt, status, elapsed_seconds: elapsed, from, reached, tenths, phases, ...(phase === undefined ? {} : { phase }), ...(usage === undefined ? {} : { usage }) },
    created_at: timestamp,
  };
}

export function comparedRun(id: string, changes: Partial<ComparedRun> = {}): ComparedRun {
  return {
    id,
    entity_type: "training",
    entity_id: id,
    job_id: id.replace("trn", "job"),
    kind: "train_sae",
    name: id,
    status: "completed",
    attempt: 1,
    first_at: new Date(AT).toISOString(),
    last_at: new Date(AT + 10_000).toISOString(),
    progress: 100,
    from: 0,
    reached: 100,
    duration_seconds: 10,
    standing_seconds: 0,
    percent_per_second: 10,
    units_per_second: 100,
    unit: "steps",
    done: 1000,
    total: 1000,
    speed: 1,
    phases: [{ name: "training", seconds: 10 }],
    tenths: Array.from({ length: 10 }, () => 1),
    ...changes,
  };
}

export function comparison(runs: ComparedRun[], changes: Partial<Comparison> = {}): Comparison {
  return {
    sentence: `${runs[0]?.name ?? ""} was 30 % faster than ${runs[1]?.name ?? ""}; most of it between 40 % and 60 %`,
    basis: "progress",
    from: 0,
    to: 100,
    fastest: runs[0]?.id ?? null,
    slowest: runs[1]?.id ?? null,
    diverge: { from: 40, to: 60, share: 0.9 },
    ratios: Array.from({ length: 10 }, () => 1),
    runs,
    ...changes,
  };
}
