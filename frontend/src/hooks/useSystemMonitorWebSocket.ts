/**
 * Feeds the system monitor's store: history once, then live events; polling while those are away. Mounted once, by the app.
 */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { useFallbackPolling } from "./useFallbackPolling";
import { useSystemMonitor } from "./useStores";

const CHECK_MS = 500;
const REFRESH_MS = 10_000;
const { fetchMetrics } = systemMonitorStore.getState();

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
      socket.subscribe("system/cpu", {
        "system:metrics": (payload, info) => {
          if ("percent" in payload) store.updateCPUMetricsFromWebSocket(payload, info.snapshot);
        },
      }),
      socket.subscribe("system/memory", {
        "system:metrics": (payload, info) => {
          if ("ram" in payload) store.updateMemoryMetricsFromWebSocket(payload, info.snapshot);
        },
      }),
      socket.subscribe("system/disk", {
        "system:metrics": (payload, info) => {
          if ("filesystems" in payload) store.updateDiskMetricsFromWebSocket(payload, info.snapshot);
        },
      }),
      socket.subscribe("system/network", {
        "system:metrics": (payload, info) => {
          if ("interfaces" in payload) store.updateNetworkMetricsFromWebSocket(payload, info.snapshot);
        },
      }),
    ];
    void store.fetchHistory();
    void store.fetchMetrics();
    let refreshedAt = performance.now();
    const timer = setInterval(() => {
      if (document.hidden) return;
      const now = systemMonitorStore.getState();
      now.checkFreshness();
      // Connected, yet nothing comes: polling bridges it, and asking again ends it if only the subscription was lost.
      const silent = now.isPolling && now.isWebSocketConnected;
      if (!silent) refreshedAt = performance.now();
      else if (performance.now() - refreshedAt > REFRESH_MS) {
        refreshedAt = performance.now();
        socket.refresh();
      }
    }, CHECK_MS);
    return () => {
      clearInterval(timer);
      for (const release of releases) release();
    };
  }, [socket]);

  useEffect(() => {
    const store = systemMonitorStore.getState();
    const releases = gpuIds
      .split(",")
      .filter((id) => id !== "")
      .map((id) =>
        socket.subscribe(`system/gpu/${id}`, {
          "system:metrics": (payload, info) => {
            if ("gpu_id" in payload) store.updateGPUMetricsFromWebSocket(payload, info.snapshot);
          },
        }),
      );
    return () => {
      for (const release of releases) release();
    };
  }, [socket, gpuIds]);

  useFallbackPolling(fetchMetrics);
}
