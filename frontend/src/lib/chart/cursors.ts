/**
 * One cursor over several charts. Where each chart knows the wall time of its points (`clock`), the charts line up by that, whatever
 * their own x is: so a dip in a curve by step stands over what the machine did at that moment.
 */
import type { XKind } from "./axes";
import { lowerBound } from "./values";

type Listener = (at: number | null) => void;

const groups = new Map<string, Set<Listener>>();

/** Tells all of the group but the sender where the cursor is; null: nowhere. */
export function tellCursor(group: string, at: number | null, sender: Listener): void {
  for (const listener of groups.get(group) ?? []) if (listener !== sender) listener(at);
}

export function hearCursor(group: string, listener: Listener): () => void {
  const listeners = groups.get(group) ?? new Set();
  groups.set(group, listeners);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) groups.delete(group);
  };
}

/** `at` in terms of `from`, told in terms of `to`: both ascend and belong together index by index. Null outside of them. */
export function translate(at: number, from: ArrayLike<number>, to: ArrayLike<number>): number | null {
  const last = Math.min(from.length, to.length) - 1;
  const first = from[0];
  const end = from[last];
  if (first === undefined || end === undefined || at < first || at > end) return null;
  const after = lowerBound(from, at);
  const high = from[after] ?? end;
  if (after === 0 || high === at) return to[after] ?? null;
  const low = from[after - 1] ?? first;
  const part = (at - low) / (high - low);
  const [a, b] = [to[after - 1], to[after]];
  return a === undefined || b === undefined ? null : a + (b - a) * part;
}

/** A chart's own x and the wall time that its group shares. Time passes alike on every axis of time, also beyond the chart's points. */
export interface SharedX {
  xKind: XKind;
  x: ArrayLike<number>;
  clock: ArrayLike<number> | undefined;
}

function offsetOf({ x, clock }: SharedX): number | null {
  const [own, shared] = [x[0], clock?.[0]];
  return own === undefined || shared === undefined ? null : shared - own;
}

export function toShared(at: number, chart: SharedX): number | null {
  if (chart.clock === undefined) return at;
  if (chart.xKind === "step") return translate(at, chart.x, chart.clock);
  const offset = offsetOf(chart);
  return offset === null ? null : at + offset;
}

export function fromShared(at: number, chart: SharedX): number | null {
  if (chart.clock === undefined) return at;
  if (chart.xKind === "step") return translate(at, chart.clock, chart.x);
  const offset = offsetOf(chart);
  return offset === null ? null : at - offset;
}
