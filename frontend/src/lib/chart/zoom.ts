/** The part of a run that is looked at: kept in steps, so that it stays the same whatever the x axis counts. */
import type { Span } from "./axes";
import type { Curve, RunCurves } from "./curves";
import { translate } from "./cursors";
import type { XBy } from "./view";

/** "1200~3400"; null: the whole. */
export function readZoom(text: string): Span | null {
  const match = /^(-?[\d.]+)~(-?[\d.]+)$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  return Number.isFinite(from) && Number.isFinite(to) && to > from ? [from, to] : null;
}

export function writeZoom(zoom: Span | null): string {
  return zoom === null ? "" : zoom.map((end) => String(Number(end.toFixed(2)))).join("~");
}

/** Steps and their times. */
export interface Rule {
  step: number[];
  time: number[];
}

/** The layer with the most rows tells when each step was. */
export function ruleOf(run: RunCurves): Rule {
  const longest = Object.values(run.layers).reduce<Curve | null>((a, b) => (a !== null && a.step.length >= b.step.length ? a : b), null);
  const rule: Rule = { step: [], time: [] };
  longest?.step.forEach((step, i) => {
    const time = longest.time[i] ?? NaN;
    if (Number.isNaN(time) || time < (rule.time[rule.time.length - 1] ?? -Infinity)) return;
    rule.step.push(step);
    rule.time.push(time);
  });
  return rule;
}

function within(at: number, of: readonly number[]): number {
  return Math.min(Math.max(at, of[0] ?? at), of[of.length - 1] ?? at);
}

export function stepToTime(step: number, rule: Rule): number | null {
  return translate(within(step, rule.step), rule.step, rule.time);
}

export function timeToStep(time: number, rule: Rule): number | null {
  return translate(within(time, rule.time), rule.time, rule.step);
}

/** A span of steps in the units of the x axis. */
export function toAxis(steps: Span | null, xBy: XBy, start: number, rule: Rule): Span | null {
  if (steps === null || xBy === "step") return steps;
  const [from, to] = [stepToTime(steps[0], rule), stepToTime(steps[1], rule)];
  if (from === null || to === null || to <= from) return null;
  return xBy === "wall" ? [from, to] : [from - start, to - start];
}

export function fromAxis(span: Span | null, xBy: XBy, start: number, rule: Rule): Span | null {
  if (span === null || xBy === "step") return span;
  const offset = xBy === "wall" ? 0 : start;
  const [from, to] = [timeToStep(span[0] + offset, rule), timeToStep(span[1] + offset, rule)];
  return from === null || to === null || to <= from ? null : [from, to];
}

/** Moved by `part` of its width, or made narrower (`factor` below 1) or wider around its middle; never beyond the whole. Null: the whole. */
export function moved(zoom: Span | null, whole: Span, part: number, factor: number): Span | null {
  const [from, to] = zoom ?? whole;
  const width = Math.min((to - from) * factor, whole[1] - whole[0]);
  if (!(width > 0) || width >= whole[1] - whole[0]) return null;
  const middle = (from + to) / 2 + part * (to - from);
  const low = Math.min(Math.max(middle - width / 2, whole[0]), whole[1] - width);
  return [low, low + width];
}
