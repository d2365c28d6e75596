/** What happened to a job, as stretches of time and as moments with what followed them. Only what the server keeps. */
import type { Tone } from "./jobWords";
import { statusTone } from "./jobWords";
import type { Operation, TimelineItem } from "./types/job";

export interface Span {
  status: string;
  attempt: number;
  /** Unix milliseconds. */
  from: number;
  to: number;
  /** It lasts still. */
  open: boolean;
}

export interface Moment {
  key: string;
  at: number;
  title: string;
  detail: string | null;
  /** How long it lasted, seconds; null: it is a moment, or what came after isn't known. */
  seconds: number | null;
  open: boolean;
  kind: "status" | "phase" | "asked" | "checkpoint";
  tone: Tone;
}

/** A checkpoint as far as its place in time matters. */
export interface CheckpointMark {
  step: number;
  created_at: string;
}

const FINAL = ["completed", "failed", "cancelled"];
/** So many checkpoints in a row are named one by one. */
const CHECKPOINTS_NAMED = 3;

const ASKED: Record<string, string> = { pause: "Pause asked for", resume: "Asked to go on", stop: "Asked to finish early" };

function statusTitle(item: TimelineItem, before: TimelineItem | undefined): string {
  switch (item.name) {
    case "queued":
      if (before === undefined) return "Submitted";
      return item.attempt > before.attempt ? `Queued again as attempt ${item.attempt}` : "Queued again";
    case "starting":
      return before === undefined ? "Begun where it was called" : "Taken by a worker";
    case "running":
      if (before?.name === "paused") return "Went on";
      return before?.name === "stalled" ? "Heard of again" : "Started";
    case "paused":
      return "Paused";
    case "stalled":
      return "Stalled: no report came";
    case "cancelling":
      return "Cancel asked for";
    default:
      return item.name.charAt(0).toUpperCase() + item.name.slice(1);
  }
}

/** What is known of a job whose timeline was not kept. */
export function itemsOfJob(job: Operation): TimelineItem[] {
  const item = (seq: number, at: string | null, name: string): TimelineItem[] =>
    at === null ? [] : [{ seq, at, attempt: job.attempt, event: "status", name, text: null }];
  return [
    ...item(1, job.created_at, "queued"),
    ...item(2, job.started_at, "running"),
    ...(FINAL.includes(job.status) ? item(3, job.finished_at, job.status) : []),
  ];
}

export function spansOf(items: readonly TimelineItem[], now: number): Span[] {
  const statuses = items.filter((item) => item.event === "status");
  return statuses.flatMap((item, i) => {
    if (FINAL.includes(item.name)) return [];
    const next = statuses[i + 1];
    const from = Date.parse(item.at);
    const to = next === undefined ? Math.max(now, from) : Date.parse(next.at);
    return [{ status: item.name, attempt: item.attempt, from, to, open: next === undefined }];
  });
}

/** When what began there was over: a status at the next one, a phase at the next phase or when its attempt left the worker. */
function endOf(items: readonly TimelineItem[], i: number): number | null {
  const item = items[i];
  const later = items.slice(i + 1);
  const next =
    item?.event === "status"
      ? later.find((it) => it.event === "status")
      : later.find((it) => it.event === "phase" || (it.event === "status" && (it.name === "queued" || FINAL.includes(it.name))));
  return next === undefined ? null : Date.parse(next.at);
}

function momentOf(items: readonly TimelineItem[], i: number, now: number): Moment[] {
  const item = items[i];
  if (item === undefined) return [];
  const at = Date.parse(item.at);
  const key = `event ${item.seq}`;
  if (item.event === "asked") {
    return [{ key, at, title: ASKED[item.name] ?? `Asked: ${item.name}`, detail: item.text, seconds: null, open: false, kind: "asked", tone: "waiting" }];
  }
  const over = item.event === "status" && FINAL.includes(item.name);
  const end = over ? null : endOf(items, i);
  const seconds = over ? null : ((end ?? Math.max(now, at)) - at) / 1000;
  const open = !over && end === null;
  if (item.event === "phase") {
    return [{ key, at, title: `Phase ${item.name}`, detail: item.text, seconds, open, kind: "phase", tone: "active" }];
  }
  const before = items.slice(0, i).filter((it) => it.event === "status").pop();
  return [{ key, at, title: statusTitle(item, before), detail: item.text, seconds, open, kind: "status", tone: statusTone(item.name) }];
}

function checkpointMoment(run: readonly CheckpointMark[]): Moment[] {
  const [first] = run;
  const last = run[run.length - 1];
  if (first === undefined || last === undefined) return [];
  const one = (mark: CheckpointMark, title: string, detail: string | null): Moment => ({
    key: `checkpoint ${mark.step}`,
    at: Date.parse(mark.created_at),
    title,
    detail,
    seconds: null,
    open: false,
    kind: "checkpoint",
    tone: "done",
  });
  const steps = (n: number) => n.toLocaleString("en-US");
  if (run.length <= CHECKPOINTS_NAMED) return run.map((mark) => one(mark, `Checkpoint at step ${steps(mark.step)}`, null));
  return [one(last, `${run.length} checkpoints`, `the last at step ${steps(last.step)}, the first at step ${steps(first.step)}`)];
}

/** In the order of time; checkpoints that follow one another stand together. */
export function momentsOf(items: readonly TimelineItem[], checkpoints: readonly CheckpointMark[], now: number): Moment[] {
  const moments = items.flatMap((_, i) => momentOf(items, i, now));
  const marks = [...checkpoints].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const out: Moment[] = [];
  let next = 0;
  const take = (until: number) => {
    const run: CheckpointMark[] = [];
    for (let mark = marks[next]; mark !== undefined && Date.parse(mark.created_at) < until; mark = marks[next]) {
      run.push(mark);
      next += 1;
    }
    out.push(...checkpointMoment(run));
  };
  for (const moment of moments) {
    take(moment.at);
    out.push(moment);
  }
  take(Infinity);
  return out;
}
