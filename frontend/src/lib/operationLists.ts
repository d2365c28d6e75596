/** Jobs in lists: which of two tellings is newer, what is listed where and in which order, and how many there are. */
import { isActive } from "./jobWords";
import type { Operation, OperationCounts } from "./types/job";

function isOlder(a: Operation, b: Operation): boolean {
  if (a.version !== b.version) return a.version < b.version;
  return Date.parse(a.updated_at) < Date.parse(b.updated_at);
}

/** The newer one wins; a field that only one of them brings survives the other. */
export function mergeOperation(known: Operation | undefined, told: Operation): Operation {
  if (known === undefined) return told;
  const [older, newer] = isOlder(told, known) ? [told, known] : [known, told];
  return {
    ...older,
    ...newer,
    params: newer.params ?? older.params,
    result: newer.result ?? older.result,
    usage: newer.usage ?? older.usage,
    resources: newer.resources ?? older.resources,
    training: newer.training ?? older.training,
  };
}

const RANK: Record<string, number> = { stalled: 0, cancelling: 1, running: 1, starting: 1, paused: 2, queued: 3 };

/** A failure stays listed as one until it is dismissed or retried: then it is told by the new job. */
export function isOpenFailure(job: Operation): boolean {
  return job.status === "failed" && !job.dismissed && job.retried_by === null;
}

export interface Lists {
  operations: Record<string, Operation>;
  activeOperations: Operation[];
  failedOperations: Operation[];
  finishedOperations: Operation[];
}

export function listOperations(operations: Record<string, Operation>): Lists {
  const all = Object.values(operations);
  const active = all.filter((job) => isActive(job.status));
  active.sort((a, b) => (RANK[a.status] ?? 9) - (RANK[b.status] ?? 9) || b.created_at.localeCompare(a.created_at) || a.id.localeCompare(b.id));
  const ended = (a: Operation, b: Operation) => (b.finished_at ?? b.updated_at).localeCompare(a.finished_at ?? a.updated_at) || a.id.localeCompare(b.id);
  const over = all.filter((job) => !isActive(job.status)).sort(ended);
  return {
    operations,
    activeOperations: active,
    failedOperations: over.filter(isOpenFailure),
    finishedOperations: over.filter((job) => !isOpenFailure(job)),
  };
}

/** By the jobs that are known here. */
export function countOperations(lists: Lists): OperationCounts {
  const of = (status: string) => lists.activeOperations.filter((job) => job.status === status).length;
  return {
    queued: of("queued"),
    starting: of("starting"),
    running: of("running"),
    paused: of("paused"),
    stalled: of("stalled"),
    cancelling: of("cancelling"),
    failed: lists.failedOperations.length,
    finished: lists.finishedOperations.length,
  };
}

/**
 * The order in which queued jobs of one queue and class are taken: by priority, then the longest queued. Those that wait for
 * their time have no place yet. Queues take turns, so a place says nothing across them.
 */
export function queuePlaces(queued: readonly Operation[], now: number): Map<string, number> {
  const lines = new Map<string, Operation[]>();
  for (const job of queued) {
    if (waitsForTime(job, now)) continue;
    const key = `${job.queue}\n${job.resource_class}`;
    lines.set(key, [...(lines.get(key) ?? []), job]);
  }
  const places = new Map<string, number>();
  for (const line of lines.values()) {
    line.sort((a, b) => b.priority - a.priority || lineTime(a).localeCompare(lineTime(b)) || a.id.localeCompare(b.id));
    line.forEach((job, i) => places.set(job.id, i + 1));
  }
  return places;
}

/** A delayed job takes its place in the line when its time comes; one that is tried again keeps the place it had. */
function lineTime(job: Operation): string {
  return job.attempt === 1 && job.not_before !== null ? job.not_before : job.created_at;
}

export function waitsForTime(job: Operation, now: number): boolean {
  return job.status === "queued" && job.not_before !== null && Date.parse(job.not_before) > now;
}
