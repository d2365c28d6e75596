/** Whether a channel has fallen silent: looked at as time passes, told when it changes. */
import { useCallback, useSyncExternalStore } from "react";
import { isChannelStale } from "@/stores/machineReadings";
import { systemMonitorStore } from "@/stores/systemMonitorStore";

const LOOK_MS = 500;

function subscribe(changed: () => void): () => void {
  const release = systemMonitorStore.subscribe(changed);
  const timer = setInterval(changed, LOOK_MS);
  return () => {
    release();
    clearInterval(timer);
  };
}

export function useChannelStale(channel: string): boolean {
  const read = useCallback(() => isChannelStale(systemMonitorStore.getState(), channel, performance.now()), [channel]);
  return useSyncExternalStore(subscribe, read);
}
