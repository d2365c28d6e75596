/**
 * From the snapshots of a run to its curve of progress: by the time in which it really ran, and by the clock.
 *
 * Snapshots are rare (one every few percent and every minute at most), but each carries the seconds spent on every tenth of the
 * way, so a curve has eleven points of its own however short the run was. Live points follow the newest snapshot.
 */
import type { ChartMark } from "./chart/marks";
import { duration, progressPercent } from "./format";
import type { ProgressSnapshot, SnapshotMetrics } from "./types/progress";

/** A report that came live: at that time of the server's clock, in ms, it was there. */
export interface LivePoint {
  at: number;
  progress: number;
  phase: string | null;
}

export interface Curve {
  /** Seconds of running, or seconds since 1970. */
  x: number[];
  values: (number | null)[];
  marks: ChartMark[];
}

interface Told extends ProgressSnapshot {
  metrics: SnapshotMetrics;
}

interface Point {
  elapsed: number;
  progress: number;
}

/** Seconds: so short that a break in the line takes no room. */
const BREAK = 1e-4;

const NOTHING: Curve = { x: [], values: [], marks: [] };

function isTold(row: ProgressSnapshot): row is Told {
  return row.metrics !== null;
}

/** Attempt by attempt, in the order of time: a retry is a job of its own. */
export function attemptsOf(snapshots: readonly ProgressSnapshot[]): Told[][] {
  const attempts: Told[][] = [];
  for (const row of snapshots.filter(isTold)) {
    const last = attempts[attempts.length - 1];
    const before = last?.[last.length - 1]?.metrics;
    if (last !== undefined && before?.job_id === row.metrics.job_id && before.attempt === row.metrics.attempt) last.push(row);
    else attempts.push([row]);
  }
  return attempts;
}

/** Where it was at the ends of the tenths that it went through, from its own counts. */
function pointsOfTenths({ from, reached, tenths, elapsed_seconds: elapsed }: SnapshotMetrics): Point[] {
  if (from === null || reached === null) return [];
  const way = tenths.reduce((sum, each) => sum + each, 0);
  // What was spent before any percentage was known lies before the way.
  let at = Math.max(0, elapsed - way);
  const points: Point[] = [{ elapsed: at, progress: from }];
  tenths.forEach((seconds, i) => {
    const end = Math.min((i + 1) * 10, reached);
    if (end <= from || i * 10 >= reached) return;
    at += seconds;
    points.push({ elapsed: Math.min(at, elapsed), progress: end });
  });
  return points;
}

/** Snapshots and tenths in one order, never going back. */
function pointsOf(attempt: readonly Told[]): Point[] {
  const last = attempt[attempt.length - 1];
  if (last === undefined) return [];
  const own = attempt.flatMap(({ progress, metrics }) => (progress === null ? [] : [{ elapsed: metrics.elapsed_seconds, progress }]));
  // Both are cut to thousandths of a second.
  const all = [...own, ...pointsOfTenths(last.metrics)].sort((a, b) => a.elapsed - b.elapsed || a.progress - b.progress);
  const points: Point[] = [];
  for (const point of all) {
    const before = points[points.length - 1];
    if (before !== undefined && point.progress < before.progress) continue;
    if (before?.elapsed === point.elapsed) before.progress = point.progress;
    else points.push({ ...point });
  }
  return points;
}

interface Stretch {
  fromElapsed: number;
  toElapsed: number;
  fromAt: number;
  toAt: number;
}

/** Times in which it ran, told by both clocks; between them it stood. */
function stretchesOf(attempt: readonly Told[]): Stretch[] {
  const stretches: Stretch[] = [];
  attempt.forEach((row, i) => {
    const at = Date.parse(row.timestamp);
    const elapsed = row.metrics.elapsed_seconds;
    const before = attempt[i - 1];
    const last = stretches[stretches.length - 1];
    if (before === undefined || last === undefined || stood(before, row)) {
      stretches.push({ fromElapsed: elapsed, toElapsed: elapsed, fromAt: at, toAt: at });
    } else {
      last.toElapsed = elapsed;
      last.toAt = at;
    }
  });
  return stretches;
}

/** Between these two it was paused: time passed, and none of it counts. */
function stood(before: Told, after: Told): boolean {
  const passed = (Date.parse(after.timestamp) - Date.parse(before.timestamp)) / 1000;
  return before.metrics.status === "paused" && passed > after.metrics.elapsed_seconds - before.metrics.elapsed_seconds;
}

/** Seconds since 1970 at which it had run for so long; at a pause: when that began. */
function clockOf(stretches: readonly Stretch[], elapsed: number): number {
  const stretch = stretches.find((each) => elapsed <= each.toElapsed) ?? stretches[stretches.length - 1];
  if (stretch === undefined) return NaN;
  const length = stretch.toElapsed - stretch.fromElapsed;
  const part = length > 0 ? (elapsed - stretch.fromElapsed) / length : 0;
  return (stretch.fromAt + Math.max(0, part) * (stretch.toAt - stretch.fromAt)) / 1000;
}

function phaseMarks(metrics: SnapshotMetrics, toX: (elapsed: number) => number): ChartMark[] {
  const named = metrics.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  let at = Math.max(0, metrics.elapsed_seconds - named);
  return metrics.phases.map(({ name, seconds }) => {
    const mark: ChartMark = { x: toX(at), kind: "phase", label: name };
    at += seconds;
    return mark;
  });
}

interface Pause {
  elapsed: number;
  progress: number | null;
  seconds: number;
}

/** The pauses of an attempt that are over. */
export function pausesOf(attempt: readonly ProgressSnapshot[]): Pause[] {
  const told = attempt.filter(isTold);
  return told.flatMap((row, i) => {
    const before = told[i - 1];
    if (before === undefined || !stood(before, row)) return [];
    const seconds = (Date.parse(row.timestamp) - Date.parse(before.timestamp)) / 1000;
    return [{ elapsed: before.metrics.elapsed_seconds, progress: before.progress, seconds }];
  });
}

/** Live reports that are newer than the snapshot after which they count. */
function liveAfter(last: Told, live: readonly LivePoint[]): LivePoint[] {
  const from = Date.parse(last.timestamp);
  return live.filter(({ at, progress }) => at > from && progress >= (last.progress ?? 0));
}

/** The newest attempt by its running time, in seconds from its start. A pause takes no room: a break in the line and a mark. */
export function elapsedCurve(snapshots: readonly ProgressSnapshot[], live: readonly LivePoint[]): Curve {
  const attempts = attemptsOf(snapshots);
  const attempt = attempts[attempts.length - 1];
  const last = attempt?.[attempt.length - 1];
  if (attempt === undefined || last === undefined) return NOTHING;
  const pauses = pausesOf(attempt);
  const curve: Curve = {
    x: [],
    values: [],
    marks: [
      ...phaseMarks(last.metrics, (elapsed) => elapsed),
      ...pauses.map(({ elapsed, progress, seconds }): ChartMark => ({ x: elapsed, kind: "pause", label: `paused for ${duration(seconds)} at ${progressPercent(progress)}` })),
    ],
  };
  for (const { elapsed, progress } of pointsOf(attempt)) {
    curve.x.push(elapsed);
    curve.values.push(progress);
    if (!pauses.some((pause) => pause.elapsed === elapsed)) continue;
    curve.x.push(elapsed + BREAK, elapsed + 2 * BREAK);
    curve.values.push(null, progress);
  }
  for (const point of liveAfter(last, live)) {
    curve.x.push(last.metrics.elapsed_seconds + (point.at - Date.parse(last.timestamp)) / 1000);
    curve.values.push(point.progress);
  }
  return curve;
}

/** All attempts by the clock, in seconds since 1970; between attempts and in a pause the line has a gap. */
export function wallCurve(snapshots: readonly ProgressSnapshot[], live: readonly LivePoint[]): Curve {
  const attempts = attemptsOf(snapshots);
  const curve: Curve = { x: [], values: [], marks: [] };
  const push = (x: number, value: number | null) => {
    const before = curve.x[curve.x.length - 1];
    if (Number.isNaN(x) || (before !== undefined && x <= before)) return;
    curve.x.push(x);
    curve.values.push(value);
  };
  const gapBefore = (x: number) => {
    const before = curve.x[curve.x.length - 1];
    if (before !== undefined) push((before + x) / 2, null);
  };
  attempts.forEach((attempt, n) => {
    const stretches = stretchesOf(attempt);
    const points = pointsOf(attempt);
    const last = attempt[attempt.length - 1];
    if (last === undefined) return;
    stretches.forEach((stretch, i) => {
      if (curve.x.length > 0) gapBefore(stretch.fromAt / 1000);
      const inside = points.filter(({ elapsed }) => (i === 0 || elapsed > stretch.fromElapsed) && elapsed <= stretch.toElapsed);
      const begin = points.filter(({ elapsed }) => elapsed <= stretch.fromElapsed).at(-1);
      if (i > 0 && begin !== undefined) push(stretch.fromAt / 1000, begin.progress);
      for (const { elapsed, progress } of inside) push(clockOf([stretch], elapsed), progress);
    });
    const start = (stretches[0]?.fromAt ?? NaN) / 1000;
    if (n > 0) curve.marks.push({ x: start, kind: "restart", label: "tried again" });
    curve.marks.push(...phaseMarks(last.metrics, (elapsed) => Math.max(start, clockOf(stretches, elapsed))));
    for (const pause of pausesOf(attempt)) {
      curve.marks.push({ x: clockOf(stretches, pause.elapsed), kind: "pause", label: `paused for ${duration(pause.seconds)} at ${progressPercent(pause.progress)}` });
    }
    if (n === attempts.length - 1) for (const point of liveAfter(last, live)) push(point.at / 1000, point.progress);
  });
  return curve;
}
