/**
 * The server's own machine, whether its data comes live, and the fallback's state.
 *
 * "Connected" and "fresh" are two things: a connected socket that brings nothing for three intervals counts as failed, and
 * polling starts. It stops when live data is back, not already when the socket is. What the page shows of other machines has no
 * part in that.
 */
import { createStore } from "zustand/vanilla";
import { staleAfterMs } from "@/lib/freshness";
import type { AnySystemMetrics, CpuMetrics, DiskMetrics, GpuMetrics, MemoryMetrics, NetworkMetrics } from "@/lib/types/system";
import { machineReadings, type MachineState } from "./machineReadings";
import { readInterval, writeInterval } from "./updateInterval";

export type ConnectionHealth = "live" | "polling" | "offline";

export interface SystemMonitorState extends MachineState {
  /** How often the page shows what came, and asks while live data is away, seconds. Remembered. */
  updateInterval: number;

  isWebSocketConnected: boolean;
  hasEverConnected: boolean;
  /** Lost connections, failed attempts and silences since live data came last. */
  consecutiveWebSocketFailures: number;
  isPolling: boolean;
  pollFailed: boolean;
  /** performance.now() when the newest data that came over the socket was. */
  lastLiveAt: number | null;
  waitingSince: number;

  updateCPUMetricsFromWebSocket: (payload: CpuMetrics, snapshot?: boolean) => void;
  updateMemoryMetricsFromWebSocket: (payload: MemoryMetrics, snapshot?: boolean) => void;
  updateDiskMetricsFromWebSocket: (payload: DiskMetrics, snapshot?: boolean) => void;
  updateNetworkMetricsFromWebSocket: (payload: NetworkMetrics, snapshot?: boolean) => void;
  updateGPUMetricsFromWebSocket: (payload: GpuMetrics, snapshot?: boolean) => void;
  webSocketConnected: () => void;
  webSocketFailed: () => void;
  checkFreshness: () => void;
  setUpdateInterval: (seconds: number) => void;
}

export function connectionHealth(
  state: Pick<SystemMonitorState, "isWebSocketConnected" | "isPolling" | "pollFailed" | "lastLiveAt" | "lastDataAt">,
): ConnectionHealth {
  if (state.isPolling) return state.pollFailed || state.lastDataAt === null ? "offline" : "polling";
  return state.isWebSocketConnected && state.lastLiveAt !== null ? "live" : "offline";
}

/** What is shown is old: neither events nor answers come. Still connecting is not that. */
export function isOutOfReach(state: Parameters<typeof connectionHealth>[0]): boolean {
  return state.isPolling && connectionHealth(state) === "offline";
}

export function createSystemMonitorStore() {
  return createStore<SystemMonitorState>()((set, get) => {
    const readings = machineReadings(null, set, get, () => {
      const state = get();
      return { isPolling: state.isPolling, updateInterval: state.updateInterval, outOfReach: isOutOfReach(state) };
    });

    function takeLive(channel: string, payload: AnySystemMetrics, snapshot: boolean): void {
      readings.take(channel, payload, snapshot ? "snapshot" : "event");
      if (!snapshot) set({ lastLiveAt: performance.now(), isPolling: false, consecutiveWebSocketFailures: 0 });
    }

    /** A failure is counted and polling bridges it, at first without knowing how that goes. */
    function fail(): Partial<SystemMonitorState> {
      const { consecutiveWebSocketFailures, isPolling, pollFailed } = get();
      return {
        consecutiveWebSocketFailures: consecutiveWebSocketFailures + 1,
        isPolling: true,
        pollFailed: isPolling && pollFailed,
      };
    }

    return {
      ...readings.state,
      updateInterval: readInterval(),
      isWebSocketConnected: false,
      hasEverConnected: false,
      consecutiveWebSocketFailures: 0,
      isPolling: false,
      pollFailed: false,
      lastLiveAt: null,
      waitingSince: performance.now(),

      updateCPUMetricsFromWebSocket: (payload, snapshot = false) => {
        takeLive("system/cpu", payload, snapshot);
      },
      updateMemoryMetricsFromWebSocket: (payload, snapshot = false) => {
        takeLive("system/memory", payload, snapshot);
      },
      updateDiskMetricsFromWebSocket: (payload, snapshot = false) => {
        takeLive("system/disk", payload, snapshot);
      },
      updateNetworkMetricsFromWebSocket: (payload, snapshot = false) => {
        takeLive("system/network", payload, snapshot);
      },
      updateGPUMetricsFromWebSocket: (payload, snapshot = false) => {
        takeLive(`system/gpu/${payload.gpu_id}`, payload, snapshot);
      },

      webSocketConnected: () => {
        set({ isWebSocketConnected: true, hasEverConnected: true, waitingSince: performance.now() });
      },

      webSocketFailed: () => {
        set({ ...fail(), isWebSocketConnected: false });
      },

      checkFreshness: () => {
        const { isPolling, lastLiveAt, waitingSince, sampleInterval } = get();
        if (isPolling) return;
        const since = Math.max(lastLiveAt ?? -Infinity, waitingSince);
        if (performance.now() - since > staleAfterMs(sampleInterval)) set(fail());
      },

      fetchMetrics: async () => {
        set({ pollFailed: !(await readings.readMetrics()) });
      },

      setUpdateInterval: (seconds) => {
        set({ updateInterval: writeInterval(seconds) });
        readings.showAll();
      },
    };
  });
}

export const systemMonitorStore = createSystemMonitorStore();
