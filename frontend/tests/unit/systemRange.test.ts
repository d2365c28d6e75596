import { describe, expect, it, vi } from "vitest";
import { api } from "@/lib/api";
import { liveChart, NO_DATA, rangeCharts } from "@/lib/systemRange";
import type { SystemRange, SystemRangeItem } from "@/lib/types/system";
import { createSystemRangeStore } from "@/stores/systemRangeStore";

function item(minute: number, changes: Partial<SystemRangeItem> = {}): SystemRangeItem {
  return {
    ts: new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString(),
    samples: 30,
    cpu_percent: [1, 2, 9],
    memory_used: [100, 200, 300],
    swap_used: [0, 0, 0],
    disk_read_rate: [0, 5, 50],
    disk_write_rate: null,
    network_sent_rate: [1, 1, 1],
    network_recv_rate: [2, 2, 2],
    gpus: [],
    ...changes,
  };
}

const told = (items: SystemRangeItem[], changes: Partial<SystemRange> = {}): SystemRange => ({
  ...{ host: "box", from: items[0]?.ts ?? "2026-01-01T12:00:00Z", to: items[items.length - 1]?.ts ?? "2026-01-01T13:00:00Z", ...changes },
  ...{ resolution_seconds: 60, source: "disk", items },
});
const SIZES = { ram: 1000, swap: 0, gpus: { 0: 200 } };
const values = (line: { values: ArrayLike<number | null | undefined> } | undefined) => Array.from(line?.values ?? []);

describe("rangeCharts", () => {
  it("draws the mean, and the area from the lowest to the highest", () => {
    const cpu = rangeCharts(told([item(0), item(1)]), SIZES)["system/cpu"];
    expect(values(cpu?.lines[0])).toEqual([2, 2]);
    expect(Array.from(cpu?.lines[0]?.band?.high ?? [])).toEqual([9, 9]);
    expect(Array.from(cpu?.lines[0]?.band?.low ?? [])).toEqual([1, 1]);
  });

  it("leaves a time in which nobody looked open [33]", () => {
    const cpu = rangeCharts(told([item(0), item(1), item(9)]), SIZES)["system/cpu"];
    expect(values(cpu?.lines[0])).toEqual([2, 2, NaN, 2]);
  });

  it("does not make a 0 of what was never read, nor a part of a size that is not known [32]", () => {
    const charts = rangeCharts(told([item(0)]), { ...SIZES, ram: null });
    expect(values(charts["system/disk"]?.lines[1])).toEqual([NaN]);
    expect(values(charts["system/memory"]?.lines[0])).toEqual([NaN]);
    expect(values(charts["system/memory"]?.lines[1])).toEqual([NaN]);
  });

  it("counts memory in percent, and has the four lines of a GPU", () => {
    const gpu = { gpu_id: 0, utilization: [1, 50, 99] as [number, number, number], memory_used: [10, 20, 40] as [number, number, number], temperature: null, power_usage: null };
    const charts = rangeCharts(told([item(0), item(1, { gpus: [gpu] })]), SIZES);
    expect(values(charts["system/memory"]?.lines[0])).toEqual([20, 20]);
    expect(charts["system/gpu/0"]?.lines.map((line) => Array.from(line.values))).toEqual([[NaN, 50], [NaN, 10], [NaN, NaN], [NaN, NaN]]);
  });

  it("shows the whole time asked for, with nothing where the server had not begun or did not run", () => {
    const cpu = rangeCharts(told([item(20), item(21)], { from: "2026-01-01T12:00:00Z", to: "2026-01-01T13:00:00Z" }), SIZES)["system/cpu"];
    expect(Array.from(cpu?.x ?? [], (at) => (at - Date.parse("2026-01-01T12:00:00Z") / 1000) / 60)).toEqual([0, 20, 21, 60]);
    expect(values(cpu?.lines[0])).toEqual([NaN, 2, 2, NaN]);
    expect(Array.from(cpu?.lines[0]?.band?.high ?? [])).toEqual([NaN, 9, 9, NaN]);
  });

  it("has nothing of nothing", () => {
    expect(rangeCharts(told([]), SIZES)["system/cpu"]).toBe(NO_DATA);
    expect(liveChart(undefined)).toBe(NO_DATA);
  });
});

describe("systemRangeStore", () => {
  it("keeps the answer of the range asked for last, whichever comes last", async () => {
    const store = createSystemRangeStore();
    const answers = new Map<number, (answer: SystemRange) => void>();
    vi.spyOn(api, "systemRange").mockImplementation((from, to) => {
      const seconds = Math.round((Date.parse(to ?? "") - Date.parse(from)) / 1000);
      return new Promise((resolve) => answers.set(seconds, resolve));
    });
    const first = store.getState().fetchRange(3600);
    const second = store.getState().fetchRange(86_400);
    const day = told([item(3)]);
    answers.get(86_400)?.(day);
    answers.get(3600)?.(told([item(1)]));
    await Promise.all([first, second]);
    expect(store.getState()).toMatchObject({ seconds: 86_400, answer: day, error: null });
  });

  it("drops the answer of another machine, and one that comes too late of it", async () => {
    const store = createSystemRangeStore();
    let late: (answer: SystemRange) => void = () => {};
    const call = vi.spyOn(api, "systemRange").mockResolvedValueOnce(told([item(1)]));
    await store.getState().fetchRange(3600);
    call.mockReturnValueOnce(new Promise((resolve) => (late = resolve)));
    const there = store.getState().fetchRange(3600, "box2");
    expect(store.getState()).toMatchObject({ host: "box2", answer: null });
    expect(call).toHaveBeenLastCalledWith(expect.any(String), expect.any(String), { host: "box2" });
    const own = told([item(2)]);
    call.mockResolvedValueOnce(own);
    await store.getState().fetchRange(3600);
    late(told([item(3)]));
    await there;
    expect(store.getState()).toMatchObject({ host: null, answer: own });
  });

  it("keeps an old answer beside the error that a new one met, and drops it for another range", async () => {
    const store = createSystemRangeStore();
    const hour = told([item(0)]);
    const call = vi.spyOn(api, "systemRange").mockResolvedValueOnce(hour);
    await store.getState().fetchRange(3600);
    call.mockRejectedValue(new Error("gone"));
    await store.getState().fetchRange(3600);
    expect(store.getState()).toMatchObject({ answer: hour, error: "gone" });
    await store.getState().fetchRange(86_400);
    expect(store.getState()).toMatchObject({ answer: null, error: "gone" });
  });
});
