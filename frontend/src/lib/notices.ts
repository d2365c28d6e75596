/** What is worth telling somebody who does not look: that a job has ended, or has fallen silent. */
import * as f from "./format";
import { errorWord, operationHref, operationTitle } from "./jobWords";
import type { Operation } from "./types/job";

export type NoticeKind = "completed" | "failed" | "stalled" | "cancelled";

export interface Notice {
  /** One for each thing that happened, the same in every tab. */
  id: string;
  kind: NoticeKind;
  title: string;
  detail: string | null;
  href: string;
  /** The server's time. */
  at: string;
  read: boolean;
}

/** null: nothing to tell. `own`: it was cancelled from this browser. */
export function noticeOf(job: Operation, own: boolean): Notice | null {
  const kind = job.status;
  if (kind !== "completed" && kind !== "failed" && kind !== "stalled" && kind !== "cancelled") return null;
  if (kind === "cancelled" && own) return null;
  const at = kind === "stalled" ? (job.status_since ?? job.updated_at) : (job.finished_at ?? job.updated_at);
  return { id: `${job.id} ${kind} ${job.attempt} ${at}`, kind, title: operationTitle(job), detail: detailOf(job), href: operationHref(job), at, read: false };
}

function detailOf(job: Operation): string | null {
  if (job.status === "failed") {
    const why = job.error_message === null || job.error_message === "" ? "" : ` — ${job.error_message}`;
    return `${errorWord(job.error_type)}${why}`;
  }
  if (job.status === "completed" && job.started_at !== null && job.finished_at !== null) {
    return `took ${f.duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)}`;
  }
  return job.status === "stalled" && job.last_report_at !== null ? `last report ${f.timeWithSeconds(job.last_report_at)}` : null;
}

/** "sae layer 2 failed"; "3 jobs failed, 2 completed": one sentence, however many there were. */
export function spoken(notices: readonly Notice[]): string {
  const [only] = notices;
  if (only === undefined) return "";
  if (notices.length === 1) return `${only.title} ${only.kind}`;
  const kinds: NoticeKind[] = ["failed", "stalled", "cancelled", "completed"];
  const parts = kinds.flatMap((kind) => {
    const n = notices.filter((notice) => notice.kind === kind).length;
    return n === 0 ? [] : [`${n} ${kind}`];
  });
  return `Jobs: ${parts.join(", ")}`;
}
