/** One action on many trainings: to which it makes sense, asking for it, and what came of it in words. */
import { ApiError, messageOf } from "@/lib/api";
import { canCancel, isActive, statusWord } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";
import type { TrainingRow } from "./row";

export type BulkAction = "pause" | "resume" | "cancel" | "retry" | "dismiss";

/** By the state known now; the server has the last word. */
export function canBulk(action: BulkAction, row: Pick<TrainingRow, "status">): boolean {
  switch (action) {
    case "pause":
      return ["queued", "starting", "running", "stalled"].includes(row.status);
    case "resume":
      return row.status === "paused";
    case "cancel":
      return canCancel(row.status);
    case "retry":
      return row.status === "failed" || row.status === "cancelled";
    case "dismiss":
      return !isActive(row.status);
  }
}

export interface BulkResult {
  /** What became of those that the server took, counted by word: "cancelled", "being cancelled". */
  done: Record<string, number>;
  /** Why others were refused, counted by reason. */
  refused: Record<string, number>;
  /** Those of which it isn't known, for want of an answer, by what went wrong. */
  unanswered: Record<string, number>;
  /** Those that weren't asked for any more, because somebody stopped it. */
  unasked: number;
  /** Jobs that it was done to. */
  jobIds: string[];
}

/** What the answer says became of it: a running job that was asked to stop isn't stopped yet. */
function doneWord(action: BulkAction, job: Operation): string {
  switch (action) {
    case "pause":
      return job.status === "paused" ? "paused" : "being paused";
    case "resume":
      return job.status === "queued" ? "queued to go on" : "going on";
    case "cancel":
      return job.status === "cancelled" ? "cancelled" : "being cancelled";
    case "retry":
      return "queued again";
    case "dismiss":
      return "dismissed";
  }
}

const STATE_WORDS: Record<string, string> = { completed: "had completed", failed: "had failed" };

/** The reason of a refusal without what only names the one job. */
function refusal(error: ApiError): string {
  const state = /^a job that is (\w+) can't be/.exec(error.message)?.[1];
  if (state !== undefined) return STATE_WORDS[state] ?? `was ${statusWord(state)}`;
  if (/has been retried already/.test(error.message)) return "had been retried already";
  return error.status === 404 ? "was not there any more" : error.message;
}

const AT_ONCE = 6;

export async function runBulk(
  action: BulkAction,
  jobIds: readonly string[],
  call: (jobId: string) => Promise<Operation>,
  hooks: { onAnswer?: (job: Operation) => void; onProgress?: (asked: number) => void; stopped?: () => boolean } = {},
): Promise<BulkResult> {
  const result: BulkResult = { done: {}, refused: {}, unanswered: {}, unasked: 0, jobIds: [] };
  let next = 0;
  let answered = 0;
  const count = (where: Record<string, number>, word: string) => {
    where[word] = (where[word] ?? 0) + 1;
  };
  const work = async () => {
    for (;;) {
      const jobId = jobIds[next];
      if (jobId === undefined || hooks.stopped?.() === true) return;
      next += 1;
      try {
        const job = await call(jobId);
        count(result.done, doneWord(action, job));
        result.jobIds.push(jobId);
        hooks.onAnswer?.(job);
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400) count(result.refused, refusal(error));
        else count(result.unanswered, messageOf(error));
      }
      answered += 1;
      hooks.onProgress?.(answered);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, jobIds.length) }, work));
  result.unasked = jobIds.length - next;
  return result;
}

const many = (n: number): string => n.toLocaleString("en-US");

/** "3 cancelled, 1 refused: it had completed" */
export function outcomeWords({ done, refused, unanswered, unasked }: BulkResult): string {
  // What is done first, then what is on its way.
  const words = Object.entries(done).sort(([a], [b]) => Number(a.startsWith("being")) - Number(b.startsWith("being")));
  const parts = words.map(([word, n]) => `${many(n)} ${word}`);
  for (const [reason, n] of Object.entries(refused)) {
    const own = /^(was|had) /.test(reason);
    const why = own ? (n === 1 ? `it ${reason}` : `they ${reason.replace(/^was /, "were ")}`) : reason;
    parts.push(`${many(n)} refused: ${why}`);
  }
  for (const [problem, n] of Object.entries(unanswered)) parts.push(`${many(n)} not known: ${problem}`);
  if (unasked > 0) parts.push(`${many(unasked)} not asked for any more`);
  return parts.length === 0 ? "nothing was asked for" : parts.join(", ");
}

/** So many runs can be laid side by side. */
export const COMPARE_LEAST = 2;
export const COMPARE_MOST = 20;
