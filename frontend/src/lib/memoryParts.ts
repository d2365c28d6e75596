/** How a machine's memory divides among jobs, other programs, cache and nothing. */
import type { Operation } from "./types/job";
import type { MemoryMetrics } from "./types/system";

export interface MemoryPart {
  key: "jobs" | "other" | "cache" | "free";
  word: string;
  hint: string;
  bytes: number;
  percent: number;
}

/** Resident bytes of the jobs that are known to run on `host`: another machine's jobs use none of this one's memory. */
export function jobBytes(jobs: readonly Operation[], host: string | null): number {
  return jobs.reduce((sum, job) => {
    const measured = job.resources?.source === "measured" ? job.resources.rss_bytes : null;
    return sum + (host !== null && job.host === host ? (measured ?? 0) : 0);
  }, 0);
}

/** Null while the machine's own numbers are not known. Parts add up to the whole. */
export function memoryParts(ram: MemoryMetrics["ram"], jobs: readonly Operation[], host: string | null): MemoryPart[] | null {
  if (ram === null || ram.total === null || ram.total <= 0 || ram.used === null || ram.available === null) return null;
  const { total, used, available } = ram;
  // Programs share pages, and readings are of different moments: jobs never have more than is used.
  const inJobs = Math.min(jobBytes(jobs, host), used);
  const part = (key: MemoryPart["key"], word: string, bytes: number, hint: string): MemoryPart => ({
    ...{ key, word, bytes, hint },
    percent: (bytes / total) * 100,
  });
  const parts = [
    part("jobs", "jobs", inJobs, "Resident memory of the jobs on this machine, measured"),
    part("other", "everything else", used - inJobs, "Used, and not by a job that is measured here"),
  ];
  const free = ram.free ?? null;
  if (free === null) return [...parts, part("free", "available", available, "For a new program, without swapping")];
  const unused = Math.min(free, available);
  return [
    ...parts,
    part("cache", "cache", available - unused, "Files kept in memory; given back when a program needs it"),
    part("free", "free", unused, "Used for nothing"),
  ];
}
