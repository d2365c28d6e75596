/** Calls `fetch` at the update interval while live data is away, and not otherwise. */
import { useEffect } from "react";
import { Poller } from "@/lib/poller";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { useSystemMonitor } from "./useStores";

export function useFallbackPolling(fetch: () => Promise<void>): void {
  const isPolling = useSystemMonitor((state) => state.isPolling);
  useEffect(() => {
    if (!isPolling) return;
    const poller = new Poller(fetch, () => systemMonitorStore.getState().updateInterval * 1000);
    poller.start();
    return () => {
      poller.stop();
    };
  }, [isPolling, fetch]);
}
