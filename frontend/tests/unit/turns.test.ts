import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TURN_MS, Turns } from "@/lib/turns";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Turns", () => {
  it("does the first thing at the next frame and what follows in one later turn, in order", () => {
    const turns = new Turns();
    const done: number[] = [];
    turns.push(() => done.push(1));
    expect(done).toEqual([]);
    vi.advanceTimersByTime(16);
    expect(done).toEqual([1]);
    for (const n of [2, 3, 4]) turns.push(() => done.push(n));
    vi.advanceTimersByTime(TURN_MS - 1);
    expect(done).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(done).toEqual([1, 2, 3, 4]);
  });

  it("turns at most ten times a second under load, and drops nothing", () => {
    const turns = new Turns();
    const at = new Set<number>();
    let done = 0;
    for (let ms = 0; ms < 1000; ms += 1) {
      turns.push(() => {
        done += 1;
        at.add(performance.now());
      });
      vi.advanceTimersByTime(1);
    }
    turns.flush();
    expect(done).toBe(1000);
    expect(at.size).toBeLessThanOrEqual(11);
  });

  it("does not wait for a timer that a hidden tab delays", () => {
    const turns = new Turns();
    const timers = vi.spyOn(globalThis, "setTimeout").mockReturnValue(1 as never);
    let done = 0;
    turns.push(() => (done += 1));
    vi.setSystemTime(Date.now());
    vi.advanceTimersByTime(1100);
    expect(done).toBe(0);
    turns.push(() => (done += 1));
    expect(done).toBe(2);
    timers.mockRestore();
  });

  it("goes on after one that fails, and tells of it", () => {
    const told = vi.fn();
    vi.stubGlobal("reportError", told);
    const turns = new Turns();
    let done = 0;
    turns.push(() => {
      throw new Error("no");
    });
    turns.push(() => (done += 1));
    turns.flush();
    expect(done).toBe(1);
    expect(told).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });

  it("forgets what waits when it is closed", () => {
    const turns = new Turns();
    let done = 0;
    turns.push(() => (done += 1));
    turns.close();
    vi.advanceTimersByTime(1000);
    expect(done).toBe(0);
  });
});
