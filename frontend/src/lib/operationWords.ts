/** Sentences about a job under way: what it does or waits for, since when, and how sure that is. */
import * as f from "./format";
import type { JobResources, Operation } from "./types/job";

/** A job that runs is reported each few seconds, with a heartbeat if it has nothing to say. */
const QUIET_MS = 10_000;

function ageOf(ts: string | null, now: number): number | null {
  return ts === null ? null : Math.max(0, now - Date.parse(ts));
}

function forHowLong(ts: string | null, now: number): string {
  const age = ageOf(ts, now);
  return age === null ? "" : f.duration(Math.floor(age / 1000));
}

/** "since 14:02:10 · 3 min 05 s"; nothing where it isn't known. */
function since(job: Operation, now: number): string {
  if (job.status_since === null) return "";
  return `since ${f.timeWithSeconds(job.status_since)} · ${forHowLong(job.status_since, now)}`;
}

function joined(parts: (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== "").join(" · ");
}

/** "phase 2 of 3: extracting" */
export function phaseText(job: Operation): string | null {
  if (job.phase === null || job.phase === "") return null;
  const many = job.phase_count !== null && job.phase_count > 1 && job.phase_index !== null;
  return many ? `phase ${job.phase_index} of ${job.phase_count}: ${job.phase}` : job.phase;
}

/** Why nobody takes a queued job, in the server's words; null: a worker is there. */
export function unservedText(job: Operation): string | null {
  return (job.status_text ?? "").split("; ").find((part) => part.startsWith("no worker serves")) ?? null;
}

export function queuedText(job: Operation, now: number): string {
  const waits = job.not_before !== null && Date.parse(job.not_before) > now;
  const when = waits ? `${f.timeWithSeconds(job.not_before ?? "")}, in ${f.duration(Math.ceil((Date.parse(job.not_before ?? "") - now) / 1000))}` : null;
  const begins = when === null ? null : job.attempt > 1 ? `attempt ${job.attempt} begins at ${when}` : `begins at ${when}`;
  return joined([begins, unservedText(job)]) || `waits for a free ${job.resource_class} place`;
}

/** The most useful sentence there is about what a job does now. */
export function situation(job: Operation, now: number): string {
  const age = ageOf(job.last_report_at, now);
  switch (job.status) {
    case "queued":
      return queuedText(job, now);
    case "starting":
      return joined([`starting for ${forHowLong(job.status_since, now) || f.UNKNOWN}`, job.status_text ?? "waits for its first report"]);
    case "stalled":
      return joined([`stalled ${since(job, now)}`.trim(), age === null ? "it never reported" : `last report ${f.age(age)} ago`, lostText(job)]);
    case "cancelling":
      return joined([`stopping for ${forHowLong(job.status_since, now) || f.UNKNOWN}`, "waits for its process to end"]);
    case "paused":
      return joined([`paused ${since(job, now)}`.trim(), job.control === "resume" ? "asked to go on" : null]);
    default: {
      const asked = job.control === null ? null : job.status_text;
      const quiet = age !== null && age > QUIET_MS ? `last report ${f.age(age)} ago` : null;
      return joined([asked, phaseText(job), job.message, quiet]) || f.UNKNOWN;
    }
  }
}

function lostText(job: Operation): string {
  return job.attached ? "the program or its connection may be lost" : "its worker may be lost";
}

/** The age of the newest report, and whether it is more than a running job's should be. */
export function reportAge(job: Operation, now: number): { text: string; late: boolean } | null {
  const age = ageOf(job.last_report_at, now);
  if (age === null || !["starting", "running", "stalled", "cancelling"].includes(job.status)) return null;
  // Reports come each second: below two the age says nothing.
  return { text: age < 2000 ? "reported just now" : `report ${f.duration(Math.floor(age / 1000)).replace(".0", "")} ago`, late: age > QUIET_MS };
}

/** How many attempts there were and may be; nothing for the first of one. */
export function attemptText(job: Operation): string | null {
  if (job.attempt <= 1 && job.max_attempts <= 1) return null;
  return job.max_attempts >= job.attempt && job.max_attempts > 1 ? `attempt ${job.attempt} of ${job.max_attempts}` : `attempt ${job.attempt}`;
}

/** "tried again at 14:05": of a job whose earlier attempt failed. */
export function triedAgainText(job: Operation, now: number): string | null {
  if (job.attempt <= 1 || job.started_at === null) return null;
  return `tried again at ${f.time(job.started_at, now)}`;
}

/** "limit 2 h 00 min · 12 min left" */
export function limitText(job: Operation, now: number): string | null {
  if (job.time_limit_seconds === null) return null;
  const limit = `limit ${f.duration(job.time_limit_seconds)}`;
  if (job.started_at === null || !["running", "starting", "cancelling"].includes(job.status)) return limit;
  const left = job.time_limit_seconds - (now - Date.parse(job.started_at)) / 1000;
  return `${limit}, ${left > 0 ? `${f.duration(Math.floor(left))} left` : "reached"}`;
}

/** "936 / 1,500 steps"; nothing before anything is counted: a job that has only begun a phase has not done 0 of something. */
export function countText(job: Operation): string {
  if (job.unit === null && job.total === null && (job.done ?? 0) === 0) return "";
  return f.amount(job.done, job.total, job.unit);
}

/** A range once it is stable; until then that there is none. */
export function remainingText(job: Operation): string {
  if (job.status !== "running") return "";
  const text = f.eta(job.eta_low, job.eta_high, null);
  if (text !== f.UNKNOWN) return text;
  return job.progress === null ? "" : "no estimate yet";
}

const EXPECTED: Record<string, string> = { cpu: "CPU", gpu: "GPU" };

export function resourcesLine(resources: JobResources | null | undefined): string {
  if (resources === null || resources === undefined || resources.source === "unknown") return `CPU ${f.UNKNOWN} · memory ${f.UNKNOWN}`;
  // An estimate goes by the kind of job, and has no numbers.
  const expected = resources.expected ?? [];
  if (resources.cpu_percent === null && expected.length > 0) return expected.map((it) => EXPECTED[it] ?? it).join(", ");
  const gpus = (resources.gpus ?? []).map((gpu) => `GPU ${gpu.gpu_id} ${f.bytes(gpu.memory_bytes)}`);
  return [...gpus, `CPU ${f.percent(resources.cpu_percent)}`, f.bytes(resources.rss_bytes)].join(" · ");
}

/** How sure the line above is. */
export function resourcesSource(job: Operation): string {
  if (job.status === "stalled") return "as of its last report";
  const source = job.resources?.source ?? "unknown";
  return source === "unknown" ? "not known" : source;
}

export function resourcesTitle(resources: JobResources | null | undefined): string {
  if (resources === null || resources === undefined || resources.source === "unknown") return "What this job uses is not known";
  const processes = resources.processes === null ? "" : `, ${f.count(resources.processes)} ${resources.processes === 1 ? "process" : "processes"}`;
  return `${resources.source}${processes}: reads ${f.byteRate(resources.read_bytes_per_s)}, writes ${f.byteRate(resources.write_bytes_per_s)}`;
}
