/** The machine whose panels are shown: the server's own, unless a provider says another. */
import { createContext, useContext } from "react";
import { useStore } from "zustand";
import type { MachineState } from "@/stores/machineReadings";
import type { MachineStore } from "@/stores/remoteMachineStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";

const MachineContext = createContext<MachineStore>(systemMonitorStore);

export const MachineProvider = MachineContext.Provider;

export function useMachineStore(): MachineStore {
  return useContext(MachineContext);
}

export const useMachineState = <T>(select: (state: MachineState) => T): T => useStore(useMachineStore(), select);
