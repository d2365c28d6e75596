/**
 * Another machine than the server's, as one of its workers reports it. One store for each machine that is shown, dropped with it.
 *
 * It comes over the page's one connection: whether that is live or polls is systemMonitorStore's to say, and nothing that this
 * machine does or fails to do changes it.
 */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { AnySystemMetrics } from "@/lib/types/system";
import { machineReadings, type MachineState } from "./machineReadings";
import { isOutOfReach, systemMonitorStore } from "./systemMonitorStore";

/** What the panels need of a store, the server's own or this one. */
export type MachineStore = Pick<StoreApi<MachineState>, "getState" | "getInitialState" | "subscribe">;

export interface RemoteMachineState extends MachineState {
  /** A payload from the socket; channels are named as the server's own are. */
  updateFromWebSocket: (channel: string, payload: AnySystemMetrics, snapshot: boolean) => void;
  /** Shows what has been held back, when the update interval is another. */
  showAll: () => void;
}

export function createRemoteMachineStore(host: string) {
  return createStore<RemoteMachineState>()((set, get) => {
    const readings = machineReadings(host, set, get, () => {
      const page = systemMonitorStore.getState();
      return { isPolling: page.isPolling, updateInterval: page.updateInterval, outOfReach: isOutOfReach(page) };
    });
    return {
      ...readings.state,
      fetchMetrics: async () => {
        // Why there is no answer is told by the connection, and by the list of machines.
        await readings.readMetrics();
      },
      updateFromWebSocket: (channel, payload, snapshot) => {
        readings.take(channel, payload, snapshot ? "snapshot" : "event");
      },
      showAll: readings.showAll,
    };
  });
}

export type RemoteMachineStore = ReturnType<typeof createRemoteMachineStore>;
