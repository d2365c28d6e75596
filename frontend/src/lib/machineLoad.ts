/**
 * Whose the load of the server's host is, kept live.
 *
 * `GET /operations` says which jobs run on that host and what each has; between two answers the newest readings of the
 * machine and of the jobs take the place of those in it. Machine and jobs are read at different moments, and shared pages
 * count in every process: where the jobs come to more than the machine, they are scaled down to it, as the server does.
 * What isn't known is null and never 0.
 */
import type { JobResources, MachineLoad, Operation, ShareSource } from "./types/job";
import type { CpuMetrics, DiskMetrics, GpuMetrics, MemoryMetrics } from "./types/system";

export interface Share {
  jobId: string;
  /** In the level's unit; null: not known, or an estimate, which has no number. */
  amount: number | null;
  source: ShareSource;
}

export type LevelUnit = "percent" | "bytes" | "rate";

/** One bar: a resource, how much of it is used, and by whom. */
export interface Level {
  key: string;
  name: string;
  unit: LevelUnit;
  used: number | null;
  /** null: it has no top (a rate), or the top isn't known. */
  total: number | null;
  shares: Share[];
  /** What belongs to no job. */
  rest: number | null;
}

/** The machine's newest readings. */
export interface Readings {
  cpu: CpuMetrics | null;
  memory: MemoryMetrics | null;
  disk: DiskMetrics | null;
  gpus: readonly GpuMetrics[];
}

type Pick = (resources: JobResources) => number | null | undefined;

/** Jobs that the server counts to its own host. */
export function localJobs(load: MachineLoad): Set<string> {
  const parts = [load.cpu, load.memory, load.disk, ...load.gpus];
  return new Set(parts.flatMap((part) => part.jobs.map((job) => job.job_id)));
}

/** A job that isn't in the answer yet, though it runs: only the server knows on which host, so it is to be asked again. */
export function isUnplaced(job: Operation, placed: ReadonlySet<string>): boolean {
  return ["running", "starting", "cancelling"].includes(job.status) && job.worker_id !== null && !placed.has(job.id);
}

/** Readings of a stalled job are old; one that has ended has no part. */
function readingOf(job: Operation | undefined): JobResources | null | "gone" {
  if (job === undefined || ["completed", "failed", "cancelled", "queued"].includes(job.status)) return "gone";
  if (job.status === "stalled") return null;
  return job.resources ?? null;
}

/** The job's share of one resource; null: it has no part in it. */
function shareOf(jobId: string, reading: JobResources | null, resource: string, pick: Pick): Share | null {
  if (reading === null || reading.source === "unknown") return { jobId, amount: null, source: "unknown" };
  const amount = pick(reading) ?? null;
  if (amount !== null) return { jobId, amount, source: reading.source };
  if (reading.source === "estimated") {
    return reading.expected?.includes(resource as "cpu") === true ? { jobId, amount: null, source: "estimated" } : null;
  }
  return { jobId, amount: null, source: "unknown" };
}

function level(base: Omit<Level, "shares" | "rest">, shares: Share[]): Level {
  const sum = shares.reduce((total, share) => total + (share.amount ?? 0), 0);
  const scale = base.used !== null && sum > base.used && sum > 0 ? base.used / sum : 1;
  const fitted = shares.map((share) => (share.amount === null ? share : { ...share, amount: share.amount * scale }));
  fitted.sort((a, b) => (b.amount ?? -1) - (a.amount ?? -1) || a.jobId.localeCompare(b.jobId));
  return { ...base, shares: fitted, rest: base.used === null ? null : Math.max(0, base.used - sum * scale) };
}

export function machineLevels(load: MachineLoad, readings: Readings, operations: Record<string, Operation>): Level[] {
  const jobs = [...localJobs(load)].flatMap((id): [string, JobResources | null][] => {
    const reading = readingOf(operations[id]);
    return reading === "gone" ? [] : [[id, reading]];
  });
  const shares = (resource: string, pick: Pick) =>
    jobs.flatMap(([id, reading]) => shareOf(id, reading, resource, pick) ?? []);
  const { cpu, memory, disk, gpus } = readings;
  const cores = cpu?.count ?? null;
  const whole = cores === null ? load.cpu.total_percent : cores * 100;
  const used = cpu === null ? load.cpu.used_percent : cpu.percent === null || cores === null ? null : cpu.percent * cores;
  const levels = [
    level({ key: "cpu", name: "CPU", unit: "percent", used, total: whole }, shares("cpu", (r) => r.cpu_percent)),
    level(
      {
        key: "memory",
        name: "Memory",
        unit: "bytes",
        used: memory === null ? load.memory.used : (memory.ram?.used ?? null),
        total: memory?.ram?.total ?? load.memory.total,
      },
      shares("memory", (r) => r.rss_bytes),
    ),
    level(
      { key: "disk-read", name: "Disk read", unit: "rate", used: disk === null ? load.disk.read_bytes_per_s : disk.read_rate, total: null },
      shares("disk", (r) => r.read_bytes_per_s),
    ),
    level(
      { key: "disk-write", name: "Disk write", unit: "rate", used: disk === null ? load.disk.write_bytes_per_s : disk.write_rate, total: null },
      shares("disk", (r) => r.write_bytes_per_s),
    ),
  ];
  return [...gpuLevels(load, gpus, jobs), ...levels];
}

function gpuLevels(load: MachineLoad, gpus: readonly GpuMetrics[], jobs: [string, JobResources | null][]): Level[] {
  const ids = [...new Set([...load.gpus, ...gpus].map((gpu) => gpu.gpu_id))].sort((a, b) => a - b);
  return ids.flatMap((id) => {
    const now = gpus.find((gpu) => gpu.gpu_id === id);
    const told = load.gpus.find((gpu) => gpu.gpu_id === id);
    // One that uses no GPU has no part in it; whether one of which nothing is known does, can't be told.
    const here = jobs.filter(([, reading]) => {
      if (reading === null || reading.source === "unknown") return false;
      if (reading.source === "estimated") return ids.length === 1 && reading.expected?.includes("gpu") === true;
      return reading.gpus === null || reading.gpus.some((gpu) => gpu.gpu_id === id);
    });
    const of = (pick: (gpu: NonNullable<JobResources["gpus"]>[number]) => number | null) =>
      here.flatMap(([jobId, reading]) => {
        const part: Pick = (r) => {
          const gpu = r.gpus?.find((it) => it.gpu_id === id);
          return gpu === undefined ? null : pick(gpu);
        };
        return shareOf(jobId, reading, "gpu", part) ?? [];
      });
    const utilization = now === undefined ? (told?.utilization ?? null) : now.utilization;
    const memory = now === undefined ? (told?.memory_used ?? null) : now.memory_used;
    return [
      level({ key: `gpu-${id}`, name: `GPU ${id}`, unit: "percent", used: utilization, total: 100 }, of((gpu) => gpu.utilization)),
      level(
        { key: `gpu-${id}-memory`, name: `GPU ${id} memory`, unit: "bytes", used: memory, total: now?.memory_total ?? told?.memory_total ?? null },
        of((gpu) => gpu.memory_bytes),
      ),
    ];
  });
}
