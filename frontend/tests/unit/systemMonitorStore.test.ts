import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { api } from "@/lib/api";
import type { GpuMetrics } from "@/lib/types/system";
import { connectionHealth, createSystemMonitorStore } from "@/stores/systemMonitorStore";
import { cpu, memory } from "../support/samples";

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
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
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
    expect(state.history["system/cpu"]?.lines).toEqual([[12, 34]]);
    expect(state.gpus[0]?.memory_percent).toBe(50);
  });

  it("keeps a reading that could not be taken as null, never 0 [32]", () => {
    const store = createSystemMonitorStore();
    store.getState().updateGPUMetricsFromWebSocket(gpu);
    expect(store.getState().gpus[0]?.utilization).toBeNull();
    expect(store.getState().history["system/gpu/0"]?.lines).toEqual([[null], [50]]);
  });

  it("puts a gap where samples are missing [33]", () => {
    const store = createSystemMonitorStore();
    for (const second of [0, 2, 4, 20]) store.getState().updateCPUMetricsFromWebSocket(cpu(second, 10));
    expect(store.getState().history["system/cpu"]?.lines[0]).toEqual([10, 10, 10, null, 10]);
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
    expect(store.getState().history["system/cpu"]?.lines).toEqual([[1, 2, 3, 4]]);
    expect(store.getState().cpu?.percent).toBe(4);
  });
});
