/**
 * The readings of one machine, the server's own or another one: the newest of each channel, and its last minutes.
 *
 * Everything that comes goes into the charts' rings at once; the page is shown it once in an update interval. Whether a connection
 * is live or polls is not a machine's: it is told here by whoever keeps the store.
 */
import { api, messageOf } from "@/lib/api";
import { ageOf, noteServerTime } from "@/lib/clock";
import { isStale, STALE_INTERVALS } from "@/lib/freshness";
import { Ring, type RingView } from "@/lib/ring";
import { channelTold, chartRow, chartWidth, filesystemRows, gpuIndex, isNewer } from "@/lib/systemChannels";
import type { AnySystemMetrics, CpuMetrics, DiskMetrics, GpuMetrics, MemoryMetrics, NetworkMetrics, SystemSnapshot } from "@/lib/types/system";

export const HISTORY_SECONDS = 900;

export type Source = "event" | "snapshot" | "poll" | "history";

export interface MachineState {
  /** As it is asked for; null: the server's own. */
  host: string | null;
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

  /** How often the machine is sampled, seconds. */
  sampleInterval: number;
  /** performance.now() when the newest data was made: of all, and of each channel, so that one silent panel can say so. */
  lastDataAt: number | null;
  channelDataAt: Record<string, number>;

  fetchMetrics: () => Promise<void>;
  fetchHistory: () => Promise<void>;
}

/** How the page gets its data at present. */
export interface Pace {
  isPolling: boolean;
  /** How often the page shows what came, and asks while live data is away, seconds. */
  updateInterval: number;
  /** It is known that nobody could look. */
  outOfReach: boolean;
}

/** Seconds between two readings as they should come: over the socket as they are sampled, by polling as the page asks. */
export function expectedInterval(state: Pick<Pace, "isPolling" | "updateInterval"> & Pick<MachineState, "sampleInterval">): number {
  return state.isPolling ? Math.max(state.sampleInterval, state.updateInterval) : state.sampleInterval;
}

/** The channel is silent, whatever others do. */
export function isChannelStale(
  state: Parameters<typeof expectedInterval>[0] & Pick<MachineState, "channelDataAt">,
  channel: string,
  now: number,
): boolean {
  return isStale(state.channelDataAt[channel], now, expectedInterval(state));
}

function withNewest(state: MachineState, channel: string, payload: AnySystemMetrics): Partial<MachineState> {
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

export interface MachineReadings {
  /** The state as it begins, and the calls that fill it. */
  state: Omit<MachineState, "fetchMetrics">;
  /** Takes one payload of a channel, named as the server's own are; true if it told something new. */
  take: (channel: string, payload: AnySystemMetrics, source: Source, askedAt?: number) => boolean;
  /** Asks for the newest of each channel; false: there was no answer. */
  readMetrics: () => Promise<boolean>;
  /** Shows what has been held back. */
  showAll: () => void;
}

export function machineReadings(
  host: string | null,
  set: (change: Partial<MachineState> | ((state: MachineState) => Partial<MachineState>)) => void,
  get: () => MachineState,
  pace: () => Pace,
): MachineReadings {
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
    const { outOfReach, isPolling, updateInterval } = pace();
    return (outOfReach ? 1.5 : STALE_INTERVALS) * expectedInterval({ isPolling, updateInterval, sampleInterval: get().sampleInterval });
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
    // Half a sample early is on time; a clock that was set back shows at once.
    return ts < it.shownAt || ts - it.shownAt >= (pace().updateInterval - get().sampleInterval / 2) * 1000;
  }

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

  /** A machine that has come back without one of its GPUs says so by leaving it out. */
  function forgetGpus(listed: ReadonlySet<string>, askedAt: number): void {
    for (const [channel, it] of channels) {
      if (gpuIndex(channel) === null || listed.has(channel) || it.arrivedAt > askedAt) continue;
      channels.delete(channel);
      set((state) => ({ gpus: Object.fromEntries(Object.entries(state.gpus).filter(([id]) => `system/gpu/${id}` !== channel)) }));
    }
  }

  return {
    state: {
      host,
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
      lastDataAt: null,
      channelDataAt: {},

      fetchHistory: async () => {
        try {
          const { interval_seconds: interval, channels: told } = await api.systemHistory(HISTORY_SECONDS, host);
          set({ sampleInterval: interval });
          for (const [name, payloads] of Object.entries(told)) {
            const channel = channelTold(host, name);
            if (channel === null) continue;
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
    },

    take,

    readMetrics: async () => {
      const askedAt = performance.now();
      let snapshot: SystemSnapshot;
      try {
        snapshot = await api.systemMetrics(host);
      } catch {
        return false;
      }
      const listed = new Set<string>();
      for (const [name, payload] of Object.entries(snapshot)) {
        const channel = channelTold(host, name);
        if (channel === null || typeof payload !== "object" || payload === null) continue;
        listed.add(channel);
        take(channel, payload, "poll", askedAt);
      }
      forgetGpus(listed, askedAt);
      set({ gpuReason: snapshot.gpu_reason ?? null });
      return true;
    },

    showAll: () => {
      for (const [channel, it] of channels) show(channel, it);
    },
  };
}
