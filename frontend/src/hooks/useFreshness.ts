/** Whether a channel of the machine that is shown has fallen silent: looked at as time passes, told when it changes. */
import { useCallback, useSyncExternalStore } from "react";
import { isChannelStale } from "@/stores/machineReadings";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { useMachineStore } from "./useMachineState";

const LOOK_MS = 500;

export function useChannelStale(channel: string): boolean {
  const machine = useMachineStore();
  const subscribe = useCallback(
    (changed: () => void) => {
      const release = machine.subscribe(changed);
      const timer = setInterval(changed, LOOK_MS);
      return () => {
        release();
        clearInterval(timer);
      };
    },
    [machine],
  );
  const read = useCallback(() => {
    const { sampleInterval, channelDataAt } = machine.getState();
    const { isPolling, updateInterval } = systemMonitorStore.getState();
    return isChannelStale({ sampleInterval, channelDataAt, isPolling, updateInterval }, channel, performance.now());
  }, [machine, channel]);
  return useSyncExternalStore(subscribe, read);
}
