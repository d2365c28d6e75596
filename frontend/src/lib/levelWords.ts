/** A level of the machine in words and parts: the bar's segments, what stands below it, and the sentence for who can't see it. */
import * as f from "./format";
import type { Level, LevelUnit, Share } from "./machineLoad";

const NAMED = 4;
/** Less than this of the whole is no visible part of a bar. */
const VISIBLE_PERCENT = 0.4;

export function levelAmount(unit: LevelUnit, value: number | null): string {
  if (unit === "percent") return f.percent(value);
  return unit === "bytes" ? f.bytes(value) : f.byteRate(value);
}

/** How full it is, in percent of its top; null: it has none, or nothing is known. */
export function fullness(level: Level, top: number | null = level.total): number | null {
  return level.used === null || top === null || top <= 0 ? null : Math.min((level.used / top) * 100, 100);
}

export interface Segment {
  /** A job; or what several jobs have together; or what belongs to none. */
  key: string;
  jobId: string | null;
  percent: number;
}

/**
 * From the left: jobs with a colour of their own, in the order in which they got it, the others together, the rest. `top`: what
 * the whole bar stands for.
 */
export function segmentsOf(level: Level, top: number | null, colored: readonly string[]): Segment[] {
  if (level.used === null || top === null || top <= 0) return [];
  const percent = (amount: number) => Math.min((amount / top) * 100, 100);
  const own = colored.flatMap((id) => level.shares.filter((share) => share.jobId === id && (share.amount ?? 0) > 0));
  const others = level.shares.filter((share) => share.amount !== null && !colored.includes(share.jobId));
  const segments: Segment[] = own.map((share) => ({ key: share.jobId, jobId: share.jobId, percent: percent(share.amount ?? 0) }));
  segments.push({ key: "others", jobId: null, percent: percent(others.reduce((sum, share) => sum + (share.amount ?? 0), 0)) });
  segments.push({ key: "rest", jobId: null, percent: percent(level.rest ?? 0) });
  return segments.filter((segment) => segment.percent >= VISIBLE_PERCENT);
}

/** Those worth naming, in an order that stays as amounts change, and how many more there are with how much. */
export function namedShares(level: Level): { named: Share[]; more: number; moreAmount: number } {
  const using = level.shares.filter((share) => share.amount === null || share.amount > 0);
  const more = using.slice(NAMED);
  const named = using.slice(0, NAMED).sort((a, b) => a.jobId.localeCompare(b.jobId));
  return { named, more: more.length, moreAmount: more.reduce((sum, share) => sum + (share.amount ?? 0), 0) };
}

export function shareText(level: Level, share: Share): string {
  if (share.source === "estimated" && share.amount === null) return "estimated, no number";
  if (share.amount === null) return "not known";
  return `${levelAmount(level.unit, share.amount)}${share.source === "estimated" ? " (estimated)" : ""}`;
}

export function levelSentence(level: Level, nameOf: (jobId: string) => string): string {
  const of = level.total === null ? "" : ` of ${levelAmount(level.unit, level.total)}`;
  const { named, more, moreAmount } = namedShares(level);
  const parts = named.map((share) => `${nameOf(share.jobId)} ${shareText(level, share)}`);
  if (more > 0) parts.push(`${more} more jobs ${levelAmount(level.unit, moreAmount)}`);
  parts.push(`unattributed ${levelAmount(level.unit, level.rest)}`);
  return `${level.name}: ${level.used === null ? "not known" : levelAmount(level.unit, level.used)}${of}; ${parts.join(", ")}`;
}
