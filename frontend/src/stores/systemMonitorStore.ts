/**
 * The machine's metrics, whether they come live, and the fallback's state.
 *
 * "Connected" and "fresh" are two things: a connected socket that brings nothing for three intervals counts as failed, and
 * polling starts. It stops when live data is back, not already when the socket is.
 *
 * Everything that comes goes into the charts' rings at once; the page is shown it once in an update interval.
 */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { ageOf, noteServerTime } from "@/lib/clock";
import { isStale, STALE_INTERVALS, staleAfterMs } from "@/lib/freshness";
import { Ring, type RingView } from "@/lib/ring";
import { chartRow, chartWidth, filesystemRows, gpuIndex, isNewer } from "@/lib/systemChannels";
import type {
  AnySystemMetrics,
  CpuMetrics,
  DiskMetrics,
  GpuMetrics,
  MemoryMetrics,
  NetworkMetrics,
  SystemSnapshot,
} from "@/lib/types/system";
import { readInterval, writeInterval } from "./updateInterval";

export const HISTORY_SECONDS = 900;

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
  /** By channel: the last minutes, x in Unix seconds. A new view each time it is shown. */
  history: Record<string, RingView>;
  /** The same of each filesystem's free bytes, by mount point. */
  freeSpace: Record<string, RingView>;
  historyLoad: "loading" | "ready" | "error";
  historyError: string | null;

  /** How often the server samples, seconds. */
  sampleInterval: number;
  /** How often the page shows what came, and asks while live data is away, seconds. Remembered. */
  updateInterval: number;

  isWebSocketConnected: boolean;
  hasEverConnected: boolean;
  /** Lost connections, failed attempts and silences since live data came last. */
  consecutiveWebSocketFailures: number;
  isPolling: boolean;
  pollFailed: boolean;
  /** performance.now() when the newest data was made: of all, and of what came over the socket. */
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

/** Seconds between two readings as they should come: over the socket as the server samples, by polling as the page asks. */
export function expectedInterval(state: Pick<SystemMonitorState, "isPolling" | "sampleInterval" | "updateInterval">): number {
  return state.isPolling ? Math.max(state.sampleInterval, state.updateInterval) : state.sampleInterval;
}

/** The channel is silent, whatever others do. */
export function isChannelStale(
  state: Pick<SystemMonitorState, "isPolling" | "sampleInterval" | "updateInterval" | "channelDataAt">,
  channel: string,
  now: number,
): boolean {
  return isStale(state.channelDataAt[channel], now, expectedInterval(state));
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

interface Kept {
  newest: AnySystemMetrics | undefined;
  /** performance.now() when it came. */
  arrivedAt: number;
  /** Unix ms of the payload that the page shows. */
  shownAt: number;
  ring: Ring;
}

export function createSystemMonitorStore() {
  return createStore<SystemMonitorState>()((set, get) => {
    const channels = new Map<string, Kept>();
    const free = new Map<string, Ring>();

    function kept(channel: string): Kept {
      let it = channels.get(channel);
      if (it === undefined) {
        it = { newest: undefined, arrivedAt: -Infinity, shownAt: -Infinity, ring: new Ring(chartWidth(channel), HISTORY_SECONDS) };
        channels.set(channel, it);
      }
      return it;
    }

    function freeRing(mount: string): Ring {
      let ring = free.get(mount);
      if (ring === undefined) free.set(mount, (ring = new Ring(1, HISTORY_SECONDS)));
      return ring;
    }

    /** Seconds without a point that are a gap: three intervals, or one missed if it is known that nobody could look. */
    function gap(): number {
      const state = get();
      return (isOutOfReach(state) ? 1.5 : STALE_INTERVALS) * expectedInterval(state);
    }

    function mergeFreeSpace(rows: { x: number; payload: AnySystemMetrics }[]): void {
      const byMount = new Map<string, { x: number; row: (number | null)[] }[]>();
      for (const { x, payload } of rows) {
        for (const [mount, bytes] of filesystemRows(payload)) {
          const of = byMount.get(mount) ?? [];
          of.push({ x, row: [bytes] });
          byMount.set(mount, of);
        }
      }
      for (const [mount, of] of byMount) freeRing(mount).merge(of, gap());
    }

    /** Shows the newest of a channel, and its chart as far as it has come. */
    function show(channel: string, it: Kept): void {
      set((state) => ({
        ...(it.newest === undefined ? {} : withNewest(state, channel, it.newest)),
        history: { ...state.history, [channel]: it.ring.view() },
        ...(channel === "system/disk"
          ? { freeSpace: Object.fromEntries([...free].map(([mount, ring]) => [mount, ring.view()])) }
          : {}),
      }));
      if (it.newest !== undefined) it.shownAt = Date.parse(it.newest.ts);
    }

    function isDue(it: Kept, ts: number): boolean {
      const { updateInterval, sampleInterval } = get();
      // Half a sample early is on time; a clock that was set back shows at once.
      return ts < it.shownAt || ts - it.shownAt >= (updateInterval - sampleInterval / 2) * 1000;
    }

    /** Takes one payload; true if it told something new. */
    function take(channel: string, payload: AnySystemMetrics, source: Source, askedAt = Infinity): boolean {
      const it = kept(channel);
      const ts = Date.parse(payload.ts);
      if (Number.isNaN(ts)) return false;
      const x = ts / 1000;
      const askedAfter = source === "event" || askedAt > it.arrivedAt;
      const news = isNewer(payload, it.newest, askedAfter);
      // Another epoch that begins before what is known: the server's clock was set back, and old points would lie in the future.
      if (news && it.newest?.epoch !== payload.epoch && x < it.ring.lastX) it.ring.clear();
      it.ring.add(x, chartRow(channel, payload), gap());
      if (channel === "system/disk") for (const [mount, bytes] of filesystemRows(payload)) freeRing(mount).add(x, [bytes], gap());
      if (!news) return false;
      if (source === "event") noteServerTime(payload.ts);
      const now = performance.now();
      const madeAt = now - ageOf(payload.ts);
      it.newest = payload;
      it.arrivedAt = now;
      set((state) => ({
        lastDataAt: Math.max(state.lastDataAt ?? -Infinity, madeAt),
        channelDataAt: { ...state.channelDataAt, [channel]: madeAt },
      }));
      if (source !== "event" || isDue(it, ts)) show(channel, it);
      return true;
    }

    function takeLive(channel: string, payload: AnySystemMetrics, snapshot: boolean): void {
      take(channel, payload, snapshot ? "snapshot" : "event");
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

    /** A server that has come back without one of its GPUs says so by leaving it out. */
    function forgetGpus(listed: SystemSnapshot, askedAt: number): void {
      for (const [channel, it] of channels) {
        if (gpuIndex(channel) === null || channel in listed || it.arrivedAt > askedAt) continue;
        channels.delete(channel);
        set((state) => ({ gpus: Object.fromEntries(Object.entries(state.gpus).filter(([id]) => `system/gpu/${id}` !== channel)) }));
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
      freeSpace: {},
      historyLoad: "loading",
      historyError: null,
      sampleInterval: 2,
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
        set({ ...fail(), isWebSocketConnected: false });
      },

      checkFreshness: () => {
        const { isPolling, lastLiveAt, waitingSince, sampleInterval } = get();
        if (isPolling) return;
        const since = Math.max(lastLiveAt ?? -Infinity, waitingSince);
        if (performance.now() - since > staleAfterMs(sampleInterval)) set(fail());
      },

      fetchMetrics: async () => {
        const askedAt = performance.now();
        let snapshot: SystemSnapshot;
        try {
          snapshot = await api.systemMetrics();
        } catch {
          set({ pollFailed: true });
          return;
        }
        for (const [channel, payload] of Object.entries(snapshot)) {
          if (channel.startsWith("system/") && typeof payload === "object" && payload !== null) take(channel, payload, "poll", askedAt);
        }
        forgetGpus(snapshot, askedAt);
        set({ pollFailed: false, gpuReason: snapshot.gpu_reason ?? null });
      },

      fetchHistory: async () => {
        try {
          const { interval_seconds: interval, channels: told } = await api.systemHistory(HISTORY_SECONDS);
          set({ sampleInterval: interval });
          for (const [channel, payloads] of Object.entries(told)) {
            const it = kept(channel);
            const rows = payloads.map((payload) => ({ x: Date.parse(payload.ts) / 1000, payload }));
            it.ring.merge(rows.map(({ x, payload }) => ({ x, row: chartRow(channel, payload) })), gap());
            if (channel === "system/disk") mergeFreeSpace(rows);
            // Shown until something newer comes; it has no place on its channel to be compared by.
            const last = payloads[payloads.length - 1];
            if (it.newest === undefined && last !== undefined) take(channel, last, "history");
            else show(channel, it);
          }
          set({ historyLoad: "ready", historyError: null });
        } catch (error) {
          set({ historyLoad: "error", historyError: messageOf(error) });
        }
      },

      setUpdateInterval: (seconds) => {
        set({ updateInterval: writeInterval(seconds) });
        for (const [channel, it] of channels) show(channel, it);
      },
    };
  });
}

export const systemMonitorStore = createSystemMonitorStore();
