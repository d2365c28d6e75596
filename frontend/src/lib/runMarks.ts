/** When attempts and phases of a run began, from the snapshots of its progress, and where its checkpoints lie. */
import type { ChartMark, MarkKind } from "./chart/marks";
import { stepToTime, timeToStep, type Rule } from "./chart/zoom";
import type { XBy } from "./chart/view";
import type { ProgressSnapshot, SnapshotMetrics } from "./types/progress";

export interface RunEvent {
  kind: Exclude<MarkKind, "checkpoint">;
  /** Unix seconds. */
  time: number;
  label: string;
}

/** A phase began as long before its snapshot as it had lasted by then. */
function phaseBegan(at: number, { phases, phase }: SnapshotMetrics): number {
  const lasted = phases.find((each) => each.name === phase)?.seconds ?? 0;
  return at - lasted;
}

export function runEvents(snapshots: readonly ProgressSnapshot[]): RunEvent[] {
  const events: RunEvent[] = [];
  let attempt: number | undefined;
  let phase: string | undefined;
  for (const { timestamp, metrics } of snapshots) {
    const time = Date.parse(timestamp) / 1000;
    if (Number.isNaN(time) || metrics === null) continue;
    if (attempt !== undefined && metrics.attempt !== attempt) {
      events.push({ kind: "restart", time, label: `attempt ${metrics.attempt}` });
      phase = metrics.phase;
    }
    attempt = metrics.attempt;
    if (metrics.phase !== undefined && metrics.phase !== phase) {
      // The first phase begins with the run: that needs no mark.
      if (phase !== undefined) events.push({ kind: "phase", time: phaseBegan(time, metrics), label: metrics.phase });
      phase = metrics.phase;
    }
  }
  return events;
}

/** Marks in the units of the x axis. What can't be placed there, because no row says when a step was, is left out. */
export function runMarks(events: readonly RunEvent[], checkpoints: readonly { step: number }[], xBy: XBy, start: number, rule: Rule): ChartMark[] {
  const offset = xBy === "relative" ? start : 0;
  const marks: ChartMark[] = [];
  for (const { step } of checkpoints) {
    const time = xBy === "step" ? step : stepToTime(step, rule);
    if (time !== null) marks.push({ kind: "checkpoint", x: time - (xBy === "step" ? 0 : offset), label: `checkpoint at step ${step.toLocaleString("en-US")}` });
  }
  for (const event of events) {
    const x = xBy === "step" ? timeToStep(event.time, rule) : event.time - offset;
    if (x !== null) marks.push({ kind: event.kind, x, label: event.label });
  }
  return marks;
}
