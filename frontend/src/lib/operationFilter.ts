/** What the page of operations is narrowed to. Every part stands in the address. */
import { kindWord, operationTitle } from "./jobWords";
import type { Operation } from "./types/job";

export interface OperationFilter {
  /** Words that all must occur. */
  text: string;
  /** "" : any. */
  kind: string;
  host: string;
  view: string;
}

export type View = "all" | "running" | "paused" | "queued" | "stalled" | "failed" | "finished";

/** What each view takes together: a job that starts or stops is at work, too. */
const IN_VIEW: Record<string, readonly string[]> = {
  running: ["running", "starting", "cancelling"],
  paused: ["paused"],
  queued: ["queued"],
  stalled: ["stalled"],
};

export function matchesFilter(job: Operation, filter: OperationFilter): boolean {
  if (filter.kind !== "" && job.kind !== filter.kind) return false;
  if (filter.host !== "" && job.host !== filter.host) return false;
  if (filter.text.trim() === "") return true;
  const words = `${operationTitle(job)} ${kindWord(job.kind)} ${job.kind} ${job.status} ${job.id} ${job.queue} ${job.host ?? ""}`.toLowerCase();
  return filter.text
    .toLowerCase()
    .split(/\s+/)
    .every((part) => words.includes(part));
}

export interface Shown {
  /** Under way, whatever it waits for, but not queued. */
  moving: Operation[];
  queued: Operation[];
  failed: Operation[];
  finished: Operation[];
}

interface Known {
  active: readonly Operation[];
  failed: readonly Operation[];
  finished: readonly Operation[];
}

export function narrow({ active, failed, finished }: Known, filter: OperationFilter): Shown {
  const wanted = (job: Operation) => matchesFilter(job, filter);
  const statuses = IN_VIEW[filter.view];
  const all = statuses === undefined && filter.view !== "failed" && filter.view !== "finished";
  const inView = active.filter((job) => (all || statuses?.includes(job.status) === true) && wanted(job));
  return {
    moving: inView.filter((job) => job.status !== "queued"),
    queued: inView.filter((job) => job.status === "queued"),
    failed: all || filter.view === "failed" ? failed.filter(wanted) : [],
    finished: all || filter.view === "finished" ? finished.filter(wanted) : [],
  };
}

export function isNarrowed(filter: OperationFilter): boolean {
  return filter.text.trim() !== "" || filter.kind !== "" || filter.host !== "";
}

/** What there is to choose from: the kinds and hosts of the jobs that are known. */
export function choices(jobs: readonly Operation[]): { kinds: string[]; hosts: string[] } {
  const kinds = new Set(jobs.map((job) => job.kind));
  const hosts = new Set(jobs.flatMap((job) => (job.host === null || job.host === undefined ? [] : [job.host])));
  return { kinds: [...kinds].sort((a, b) => kindWord(a).localeCompare(kindWord(b))), hosts: [...hosts].sort() };
}
