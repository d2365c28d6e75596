/**
 * The machine's metrics, whether they come live, and the fallback's state.
 *
 * "Connected" and "fresh" are two things: a connected socket that brings nothing for three intervals counts as failed, and
 * polling starts. It stops when live data is back, not already when the socket is.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { noteServerTime } from "@/lib/clock";
import { appendRow, emptySeries, trimBefore, type Series } from "@/lib/series";
import type {
  AnySystemMetrics,
  CpuMetrics,
  DiskMetrics,
  GpuMetrics,
  MemoryMetrics,
  NetworkMetrics,
  SystemSnapshot,
} from "@/lib/types/system";

export const HISTORY_SECONDS = 900;
export const STALE_INTERVALS = 3;
const INTERVAL_KEY = "headway.updateInterval";
const DEFAULT_INTERVAL = 2;
const MIN_STALE_MS = 1500;

export type ConnectionHealth = "live" | "polling" | "offline";
type Source = "event" | "snapshot" | "poll" | "history";

export interface SystemMonitorState {
  cpu: CpuMetrics | null;
  memory: MemoryMetrics | null;
  disk: DiskMetrics | null;
  network: NetworkMetrics | null;
  gpus: Record<number, GpuMetrics>;
  /** Why there is no GPU; null while that is not known, or if there is one. */
  gpuReason: string | null;
  /** By channel: the last minutes, x in Unix seconds. */
  history: Record<string, Series>;
  historyLoad: "loading" | "ready" | "error";
  historyError: string | null;

  /** How often the server samples, seconds. */
  sampleInterval: number;
  /** How often the page asks while live data is away, seconds. Remembered. */
  updateInterval: number;

  isWebSocketConnected: boolean;
  hasEverConnected: boolean;
  consecutiveWebSocketFailures: number;
  isPolling: boolean;
  pollFailed: boolean;
  /** performance.now() when something newer than before arrived: at all, and over the socket. */
  lastDataAt: number | null;
  lastLiveAt: number | null;
  /** The same of each channel, so that one silent panel can say so. */
  channelDataAt: Record<string, number>;
  waitingSince: number;

  updateCPUMetricsFromWebSocket: (payload: CpuMetrics, snapshot?: boolean) => void;
  updateMemoryMetricsFromWebSocket: (payload: MemoryMetrics, snapshot?: boolean) => void;
  updateDiskMetricsFromWebSocket: (payload: DiskMetrics, snapshot?: boolean) => void;
  updateNetworkMetricsFromWebSocket: (payload: NetworkMetrics, snapshot?: boolean) => void;
  updateGPUMetricsFromWebSocket: (payload: GpuMetrics, snapshot?: boolean) => void;
  webSocketConnected: () => void;
  webSocketFailed: () => void;
  checkFreshness: () => void;
  fetchMetrics: () => Promise<void>;
  fetchHistory: () => Promise<void>;
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

export function staleAfterMs(sampleInterval: number): number {
  return Math.max(STALE_INTERVALS * sampleInterval * 1000, MIN_STALE_MS);
}

function readInterval(): number {
  try {
    const stored = Number(localStorage.getItem(INTERVAL_KEY));
    return Number.isFinite(stored) && stored >= 0.5 && stored <= 60 ? stored : DEFAULT_INTERVAL;
  } catch {
    return DEFAULT_INTERVAL;
  }
}

/** What each channel's chart shows. */
function chartRow(channel: string, payload: AnySystemMetrics): (number | null)[] {
  switch (channel) {
    case "system/cpu":
      return [(payload as CpuMetrics).percent];
    case "system/memory": {
      const { ram, swap } = payload as MemoryMetrics;
      return [ram?.used_percent ?? null, swap?.used_percent ?? null];
    }
    case "system/disk": {
      const disk = payload as DiskMetrics;
      return [disk.read_rate, disk.write_rate];
    }
    case "system/network": {
      const network = payload as NetworkMetrics;
      return [network.recv_rate, network.sent_rate];
    }
    default: {
      const gpu = payload as GpuMetrics;
      return [gpu.utilization, gpu.memory_percent];
    }
  }
}

function chartLines(channel: string): number {
  return channel === "system/cpu" ? 1 : 2;
}

function extend(series: Series | undefined, channel: string, payloads: AnySystemMetrics[], interval: number): Series {
  const next: Series =
    series === undefined
      ? emptySeries(chartLines(channel))
      : { x: [...series.x], lines: series.lines.map((line) => [...line]) };
  for (const payload of payloads) {
    const x = Date.parse(payload.ts) / 1000;
    if (!Number.isNaN(x)) appendRow(next, x, chartRow(channel, payload), STALE_INTERVALS * interval);
  }
  const last = next.x[next.x.length - 1];
  if (last !== undefined) trimBefore(next, last - HISTORY_SECONDS);
  return next;
}

function gpuIndex(channel: string): number | null {
  const match = /^system\/gpu\/(\d+)$/.exec(channel);
  return match?.[1] === undefined ? null : Number(match[1]);
}

function newest(state: SystemMonitorState, channel: string): AnySystemMetrics | null {
  const gpu = gpuIndex(channel);
  if (gpu !== null) return state.gpus[gpu] ?? null;
  switch (channel) {
    case "system/cpu":
      return state.cpu;
    case "system/memory":
      return state.memory;
    case "system/disk":
      return state.disk;
    case "system/network":
      return state.network;
    default:
      return null;
  }
}

function withNewest(state: SystemMonitorState, channel: string, payload: AnySystemMetrics): Partial<SystemMonitorState> {
  const gpu = gpuIndex(channel);
  if (gpu !== null) return { gpus: { ...state.gpus, [gpu]: payload as GpuMetrics }, gpuReason: null };
  switch (channel) {
    case "system/cpu":
      return { cpu: payload as CpuMetrics };
    case "system/memory":
      return { memory: payload as MemoryMetrics };
    case "system/disk":
      return { disk: payload as DiskMetrics };
    case "system/network":
      return { network: payload as NetworkMetrics };
    default:
      return {};
  }
}

export function createSystemMonitorStore() {
  return createStore<SystemMonitorState>()((set, get) => {
    /** Takes one payload; true if it told something new. */
    function take(channel: string, payload: AnySystemMetrics, source: Source): boolean {
      const state = get();
      const known = newest(state, channel);
      // An event is news by its seq. What was asked for is news only if its time differs from what is known.
      const news = source === "event" || known === null || known.ts !== payload.ts;
      if (!news) return false;
      if (source !== "history") noteServerTime(payload.ts);
      const now = performance.now();
      set({
        ...withNewest(state, channel, payload),
        history: {
          ...state.history,
          [channel]: extend(state.history[channel], channel, [payload], state.sampleInterval),
        },
        lastDataAt: now,
        channelDataAt: { ...state.channelDataAt, [channel]: now },
      });
      return true;
    }

    function takeLive(channel: string, payload: AnySystemMetrics, snapshot: boolean): void {
      if (take(channel, payload, snapshot ? "snapshot" : "event")) {
        set({ lastLiveAt: performance.now(), isPolling: false, consecutiveWebSocketFailures: 0 });
      }
    }

    return {
      cpu: null,
      memory: null,
      disk: null,
      network: null,
      gpus: {},
      gpuReason: null,
      history: {},
      historyLoad: "loading",
      historyError: null,
      sampleInterval: DEFAULT_INTERVAL,
      updateInterval: readInterval(),
      isWebSocketConnected: false,
      hasEverConnected: false,
      consecutiveWebSocketFailures: 0,
      isPolling: false,
      pollFailed: false,
      lastDataAt: null,
      lastLiveAt: null,
      channelDataAt: {},
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
        set((state) => ({
          isWebSocketConnected: false,
          consecutiveWebSocketFailures: state.consecutiveWebSocketFailures + 1,
          isPolling: true,
        }));
      },

      checkFreshness: () => {
        const { isPolling, lastLiveAt, waitingSince, sampleInterval } = get();
        if (isPolling) return;
        const since = Math.max(lastLiveAt ?? -Infinity, waitingSince);
        if (performance.now() - since > staleAfterMs(sampleInterval)) set({ isPolling: true });
      },

      fetchMetrics: async () => {
        let snapshot: SystemSnapshot;
        try {
          snapshot = await api.systemMetrics();
        } catch {
          set({ pollFailed: true });
          return;
        }
        for (const [channel, payload] of Object.entries(snapshot)) {
          if (channel.startsWith("system/") && typeof payload === "object" && payload !== null) take(channel, payload, "poll");
        }
        set({ pollFailed: false, gpuReason: snapshot.gpu_reason ?? null });
      },

      fetchHistory: async () => {
        try {
          const { interval_seconds: interval, channels } = await api.systemHistory(HISTORY_SECONDS);
          set((state) => {
            const history = { ...state.history };
            let changes: Partial<SystemMonitorState> = {};
            for (const [channel, payloads] of Object.entries(channels)) {
              const live = state.history[channel];
              const series = extend(undefined, channel, payloads, interval);
              // What came live while the answer was under way is newer than its end.
              live?.x.forEach((x, i) => {
                appendRow(series, x, live.lines.map((line) => line[i] ?? null), STALE_INTERVALS * interval);
              });
              history[channel] = series;
              const last = payloads[payloads.length - 1];
              if (last !== undefined && newest(state, channel) === null) {
                changes = { ...changes, ...withNewest({ ...state, ...changes }, channel, last) };
              }
            }
            return { ...changes, history, sampleInterval: interval, historyLoad: "ready", historyError: null };
          });
        } catch (error) {
          set({ historyLoad: "error", historyError: messageOf(error) });
        }
      },

      setUpdateInterval: (seconds) => {
        const updateInterval = Math.min(Math.max(seconds, 0.5), 60);
        try {
          localStorage.setItem(INTERVAL_KEY, String(updateInterval));
        } catch {
          // Storage can be forbidden; the choice then lasts as long as the page.
        }
        set({ updateInterval });
      },
    };
  });
}

export const systemMonitorStore = createSystemMonitorStore();
