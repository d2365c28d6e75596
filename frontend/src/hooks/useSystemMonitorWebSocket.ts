/**
 * Feeds the system monitor's store: history once, then live events; polling while those are away. Mounted once, by the app.
 */
import { useCallback, useEffect, useState } from "react";
import { liveSocket, type LiveSocket } from "@/lib/socket";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { useFallbackPolling } from "./useFallbackPolling";
import { useSystemMonitor } from "./useStores";

const CHECK_MS = 500;
const REFRESH_MS = 10_000;

const every = () => systemMonitorStore.getState().sampleInterval;

/** A server that has forgotten what was missed may still know it by REST; and it may be another one, with other GPUs. */
function readAgain({ first, recovered }: { first: boolean; recovered: boolean }): void {
  if (first || recovered) return;
  const { fetchHistory, fetchMetrics } = systemMonitorStore.getState();
  void fetchHistory();
  void fetchMetrics();
}

/** What a reading is follows from its channel; its fields are not asked. */
function subscribeAll(socket: LiveSocket): (() => void)[] {
  const store = systemMonitorStore.getState();
  return [
    socket.subscribe(
      "system/cpu",
      {
        "system:metrics": (payload, info) => {
          if ("percent" in payload) store.updateCPUMetricsFromWebSocket(payload, info.snapshot);
        },
      },
      { every, onSubscribed: readAgain },
    ),
    socket.subscribe(
      "system/memory",
      {
        "system:metrics": (payload, info) => {
          if ("ram" in payload) store.updateMemoryMetricsFromWebSocket(payload, info.snapshot);
        },
      },
      { every },
    ),
    socket.subscribe(
      "system/disk",
      {
        "system:metrics": (payload, info) => {
          if ("filesystems" in payload) store.updateDiskMetricsFromWebSocket(payload, info.snapshot);
        },
      },
      { every },
    ),
    socket.subscribe(
      "system/network",
      {
        "system:metrics": (payload, info) => {
          if ("interfaces" in payload) store.updateNetworkMetricsFromWebSocket(payload, info.snapshot);
        },
      },
      { every },
    ),
  ];
}

/** Silent channels of an open connection are asked for again, in case only the subscription was lost; not more often than it helps. */
function watch(socket: LiveSocket): () => void {
  let refreshedAt = performance.now();
  const check = (now = false) => {
    if (document.hidden) return;
    systemMonitorStore.getState().checkFreshness();
    const silent = new Set(socket.ages().flatMap(({ name, stale }) => (stale ? [name] : [])));
    if (silent.size === 0) refreshedAt = performance.now();
    else if (now || performance.now() - refreshedAt > REFRESH_MS) {
      refreshedAt = performance.now();
      socket.refresh((name) => silent.has(name));
    }
  };
  const wake = () => {
    if (document.hidden) return;
    socket.wake();
    check(true);
  };
  const timer = setInterval(check, CHECK_MS);
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", wake);
    window.removeEventListener("online", wake);
  };
}

export function useSystemMonitorWebSocket(): void {
  const gpuIds = useSystemMonitor((state) => Object.keys(state.gpus).sort().join(","));
  const [socket] = useState(liveSocket);

  useEffect(() => {
    const store = systemMonitorStore.getState();
    if (socket.state === "connected") store.webSocketConnected();
    const releases = [
      socket.onState((state) => {
        if (state === "connected") systemMonitorStore.getState().webSocketConnected();
        else if (state === "disconnected") systemMonitorStore.getState().webSocketFailed();
      }),
      ...subscribeAll(socket),
      watch(socket),
    ];
    void store.fetchHistory();
    void store.fetchMetrics();
    return () => {
      for (const release of releases) release();
    };
  }, [socket]);

  useEffect(() => {
    const store = systemMonitorStore.getState();
    const releases = gpuIds
      .split(",")
      .filter((id) => id !== "")
      .map((id) =>
        socket.subscribe(
          `system/gpu/${id}`,
          {
            "system:metrics": (payload, info) => {
              if ("gpu_id" in payload) store.updateGPUMetricsFromWebSocket(payload, info.snapshot);
            },
          },
          { every },
        ),
      );
    return () => {
      for (const release of releases) release();
    };
  }, [socket, gpuIds]);

  const poll = useCallback(async () => {
    const { fetchMetrics, pollFailed } = systemMonitorStore.getState();
    await fetchMetrics();
    // The server answers again: live data need not wait for the next attempt.
    if (pollFailed && !systemMonitorStore.getState().pollFailed) socket.wake();
  }, [socket]);
  useFallbackPolling(poll);
}
