import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "@/lib/api";
import type { DiskMetrics, GpuMetrics } from "@/lib/types/system";
import { forgetServerTime } from "@/lib/clock";
import { expectedInterval, isChannelStale } from "@/stores/machineReadings";
import { connectionHealth, createSystemMonitorStore } from "@/stores/systemMonitorStore";
import { cpu, memory } from "../support/samples";

type Store = ReturnType<typeof createSystemMonitorStore>;

/** A line of a channel's chart; null is unknown. */
const line = (store: Store, channel: string, index = 0) =>
  Array.from(store.getState().history[channel]?.lines[index] ?? [], (value) => (Number.isNaN(value) ? null : value));

const gpu: GpuMetrics = {
  ts: "2026-01-01T12:00:00.000Z",
  gpu_id: 0,
  name: "GPU",
  utilization: null,
  memory_used: 1,
  memory_total: 2,
  memory_percent: 50,
  temperature: null,
  power_usage: null,
  power_limit: null,
  fan_speed: null,
  clock_sm: null,
  clock_memory: null,
  processes: null,
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "Date"], now: Date.UTC(2026, 0, 1, 12) });
  forgetServerTime();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("systemMonitorStore", () => {
  it("updates from the WebSocket", () => {
    const store = createSystemMonitorStore();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0, 12));
    store.getState().updateCPUMetricsFromWebSocket(cpu(2, 34));
    store.getState().updateMemoryMetricsFromWebSocket(memory(0));
    store.getState().updateGPUMetricsFromWebSocket(gpu);
    const state = store.getState();
    expect(state.cpu?.percent).toBe(34);
    expect(state.memory?.ram?.used_percent).toBe(40);
    expect(line(store, "system/cpu")).toEqual([12, 34]);
    expect(state.gpus[0]?.memory_percent).toBe(50);
  });

  it("keeps a reading that could not be taken as null, never 0 [32]", () => {
    const store = createSystemMonitorStore();
    store.getState().updateGPUMetricsFromWebSocket(gpu);
    expect(store.getState().gpus[0]?.utilization).toBeNull();
    expect([0, 1, 2, 3].map((i) => line(store, "system/gpu/0", i))).toEqual([[null], [50], [null], [null]]);
  });

  it("puts a gap where samples are missing [33]", () => {
    const store = createSystemMonitorStore();
    for (const second of [0, 2, 4, 20]) store.getState().updateCPUMetricsFromWebSocket(cpu(second, 10));
    expect(line(store, "system/cpu")).toEqual([10, 10, 10, null, 10]);
  });

  it("falls back to polling on disconnect", () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketConnected();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    expect(connectionHealth(store.getState())).toBe("live");
    store.getState().webSocketFailed();
    expect(store.getState()).toMatchObject({ isWebSocketConnected: false, isPolling: true });
    expect(connectionHealth(store.getState())).toBe("polling");
  });

  it("falls back to polling when a connected socket brings nothing [7]", () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketConnected();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    vi.advanceTimersByTime(5900);
    store.getState().checkFreshness();
    expect(store.getState().isPolling).toBe(false);
    vi.advanceTimersByTime(200);
    store.getState().checkFreshness();
    expect(store.getState()).toMatchObject({ isPolling: true, isWebSocketConnected: true });
  });

  it("recovers when live data is back, not when the socket is", () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketConnected();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    store.getState().webSocketFailed();
    store.getState().webSocketConnected();
    expect(store.getState().isPolling).toBe(true);
    store.getState().updateCPUMetricsFromWebSocket(cpu(0), true);
    expect(store.getState().isPolling).toBe(true);
    store.getState().updateCPUMetricsFromWebSocket(cpu(6));
    expect(store.getState()).toMatchObject({ isPolling: false, consecutiveWebSocketFailures: 0 });
    expect(connectionHealth(store.getState())).toBe("live");
  });

  it("counts failures in a row", () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketFailed();
    store.getState().webSocketFailed();
    store.getState().webSocketFailed();
    expect(store.getState().consecutiveWebSocketFailures).toBe(3);
    store.getState().webSocketConnected();
    expect(store.getState().consecutiveWebSocketFailures).toBe(3);
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    expect(store.getState().consecutiveWebSocketFailures).toBe(0);
  });

  it("remembers the update interval", () => {
    createSystemMonitorStore().getState().setUpdateInterval(5);
    expect(createSystemMonitorStore().getState().updateInterval).toBe(5);
  });

  it("says offline when polling fails too", async () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketConnected();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    store.getState().webSocketFailed();
    vi.spyOn(api, "systemMetrics").mockRejectedValue(new Error("gone"));
    await store.getState().fetchMetrics();
    expect(connectionHealth(store.getState())).toBe("offline");
    vi.spyOn(api, "systemMetrics").mockResolvedValue({ "system/cpu": cpu(4, 77), gpu_reason: "no driver" });
    await store.getState().fetchMetrics();
    expect(connectionHealth(store.getState())).toBe("polling");
    expect(store.getState()).toMatchObject({ gpuReason: "no driver", cpu: { percent: 77 } });
  });

  it("starts charts full, and keeps what came live meanwhile", async () => {
    const store = createSystemMonitorStore();
    store.getState().updateCPUMetricsFromWebSocket(cpu(6, 4));
    vi.spyOn(api, "systemHistory").mockResolvedValue({
      interval_seconds: 2,
      channels: { "system/cpu": [cpu(0, 1), cpu(2, 2), cpu(4, 3)] },
    });
    await store.getState().fetchHistory();
    expect(line(store, "system/cpu")).toEqual([1, 2, 3, 4]);
    expect(store.getState().cpu?.percent).toBe(4);
  });

  it("counts a silence as a failure, once", () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketConnected();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    vi.advanceTimersByTime(7000);
    store.getState().checkFreshness();
    store.getState().checkFreshness();
    expect(store.getState().consecutiveWebSocketFailures).toBe(1);
  });

  it("keeps an interval within what makes sense, and does not need storage", () => {
    const store = createSystemMonitorStore();
    store.getState().setUpdateInterval(1000);
    expect(store.getState().updateInterval).toBe(60);
    store.getState().setUpdateInterval(NaN);
    expect(store.getState().updateInterval).toBe(2);
    localStorage.setItem("headway.updateInterval", "soon");
    expect(createSystemMonitorStore().getState().updateInterval).toBe(2);
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new Error("forbidden");
    });
    vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
      throw new Error("forbidden");
    });
    store.getState().setUpdateInterval(10);
    expect(store.getState().updateInterval).toBe(10);
    expect(createSystemMonitorStore().getState().updateInterval).toBe(2);
  });

  it("shows what comes once in an update interval, and has every point when it does", () => {
    const store = createSystemMonitorStore();
    store.getState().setUpdateInterval(10);
    for (let second = 0; second <= 8; second += 2) store.getState().updateCPUMetricsFromWebSocket(cpu(second, second));
    expect(store.getState().cpu?.percent).toBe(0);
    store.getState().updateCPUMetricsFromWebSocket(cpu(10, 10));
    expect(store.getState().cpu?.percent).toBe(10);
    expect(line(store, "system/cpu")).toEqual([0, 2, 4, 6, 8, 10]);
    store.getState().updateCPUMetricsFromWebSocket(cpu(12, 12));
    expect(store.getState().cpu?.percent).toBe(10);
    // A shorter one shows at once what has been held back.
    store.getState().setUpdateInterval(2);
    expect(store.getState().cpu?.percent).toBe(12);
  });

  it("is fresh while it holds back what came", () => {
    const store = createSystemMonitorStore();
    store.getState().setUpdateInterval(10);
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    vi.advanceTimersByTime(5000);
    store.getState().updateCPUMetricsFromWebSocket(cpu(5));
    vi.advanceTimersByTime(5000);
    expect(isChannelStale(store.getState(), "system/cpu", performance.now())).toBe(false);
  });

  it("knows one silent channel among others that speak", () => {
    const store = createSystemMonitorStore();
    store.getState().webSocketConnected();
    store.getState().updateCPUMetricsFromWebSocket(cpu(0));
    store.getState().updateMemoryMetricsFromWebSocket(memory(0));
    for (const second of [2, 4, 6, 8]) {
      vi.advanceTimersByTime(2000);
      store.getState().updateCPUMetricsFromWebSocket(cpu(second));
    }
    const stale = (channel: string) => isChannelStale(store.getState(), channel, performance.now());
    expect([stale("system/cpu"), stale("system/memory"), stale("system/disk")]).toEqual([false, true, false]);
    expect(store.getState().isPolling).toBe(false);
  });

  it("expects data as often as it asks while it polls", () => {
    const state = { sampleInterval: 2, updateInterval: 10 };
    expect(expectedInterval({ ...state, isPolling: true })).toBe(10);
    expect(expectedInterval({ ...state, isPolling: false })).toBe(2);
  });

  describe("merges answers and events", () => {
    const placed = (second: number, seq: number, percent: number, epoch = "a") => ({ ...cpu(second, percent), epoch, seq });
    const poll = async (store: Store, answer: Promise<object> | object) => {
      vi.spyOn(api, "systemMetrics").mockResolvedValue(answer as never);
      await store.getState().fetchMetrics();
    };

    it("by seq: an answer made before an event does not take it back, whenever it comes", async () => {
      const store = createSystemMonitorStore();
      let answer: (value: object) => void = () => {};
      vi.spyOn(api, "systemMetrics").mockReturnValue(new Promise((resolve) => (answer = resolve as never)));
      const asked = store.getState().fetchMetrics();
      store.getState().updateCPUMetricsFromWebSocket(placed(4, 3, 30));
      answer({ "system/cpu": placed(2, 2, 20), gpu_reason: null });
      await asked;
      expect(store.getState().cpu?.percent).toBe(30);
      // It is a point of the past all the same.
      store.getState().updateCPUMetricsFromWebSocket(placed(6, 4, 40));
      expect(line(store, "system/cpu")).toEqual([20, 30, 40]);
    });

    it("an event that polling has overtaken is a point of the chart, and not the newest", async () => {
      const store = createSystemMonitorStore();
      await poll(store, { "system/cpu": placed(4, 3, 30), gpu_reason: null });
      store.getState().updateCPUMetricsFromWebSocket(placed(2, 2, 20));
      expect(store.getState().cpu?.percent).toBe(30);
      store.getState().updateCPUMetricsFromWebSocket(placed(6, 4, 40));
      expect(line(store, "system/cpu")).toEqual([20, 30, 40]);
    });

    it("across a restart: what was asked for later is newer, even by a clock that was set back", async () => {
      const store = createSystemMonitorStore();
      store.getState().updateCPUMetricsFromWebSocket(placed(100, 50, 10));
      vi.advanceTimersByTime(1000);
      await poll(store, { "system/cpu": placed(40, 1, 77, "b"), gpu_reason: null });
      expect(store.getState().cpu?.percent).toBe(77);
      expect(line(store, "system/cpu")).toEqual([77]);
    });

    it("draws the time in which the server did not answer as a gap, though it was short", async () => {
      const store = createSystemMonitorStore();
      store.getState().webSocketConnected();
      for (const second of [0, 2, 4]) store.getState().updateCPUMetricsFromWebSocket(cpu(second, 1));
      store.getState().webSocketFailed();
      vi.spyOn(api, "systemMetrics").mockRejectedValue(new Error("gone"));
      await store.getState().fetchMetrics();
      await poll(store, { "system/cpu": cpu(8, 2), gpu_reason: null });
      expect(line(store, "system/cpu")).toEqual([1, 1, 1, null, 2]);
    });

    it("the same answer again does not make it look new", async () => {
      const store = createSystemMonitorStore();
      await poll(store, { "system/cpu": placed(2, 2, 20), gpu_reason: null });
      const at = store.getState().lastDataAt;
      vi.advanceTimersByTime(4000);
      await poll(store, { "system/cpu": placed(2, 2, 20), gpu_reason: null });
      expect(store.getState().lastDataAt).toBe(at);
    });

    it("forgets a GPU that a server has come back without", async () => {
      const store = createSystemMonitorStore();
      store.getState().updateGPUMetricsFromWebSocket(gpu);
      vi.advanceTimersByTime(1000);
      await poll(store, { gpu_reason: "no driver" });
      expect(store.getState()).toMatchObject({ gpus: {}, gpuReason: "no driver" });
    });
  });

  it("says what of its history can't be read, and reads it again", async () => {
    const store = createSystemMonitorStore();
    vi.spyOn(api, "systemHistory").mockRejectedValueOnce(new Error("gone"));
    await store.getState().fetchHistory();
    expect(store.getState()).toMatchObject({ historyLoad: "error", historyError: "gone" });
    vi.spyOn(api, "systemHistory").mockResolvedValue({ interval_seconds: 1, channels: { "system/cpu": [cpu(0, 1), cpu(1, 2)] } });
    await store.getState().fetchHistory();
    expect(store.getState()).toMatchObject({ historyLoad: "ready", historyError: null, sampleInterval: 1, cpu: { percent: 2 } });
  });

  it("keeps each filesystem's free bytes, from history and events", async () => {
    const store = createSystemMonitorStore();
    const disk = (second: number, free: number): DiskMetrics => ({
      ts: cpu(second).ts,
      ...{ read_bytes: 0, write_bytes: 0, read_rate: 0, write_rate: 0, devices: [] },
      filesystems: [{ mount_point: "/", total: 100, used: 100 - free, free, percent: 100 - free }],
    });
    store.getState().updateDiskMetricsFromWebSocket(disk(4, 40));
    vi.spyOn(api, "systemHistory").mockResolvedValue({ interval_seconds: 2, channels: { "system/disk": [disk(0, 60), disk(2, 50)] } });
    await store.getState().fetchHistory();
    expect(Array.from(store.getState().freeSpace["/"]?.lines[0] ?? [])).toEqual([60, 50, 40]);
  });
});
