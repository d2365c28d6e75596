/** Reads what the server says of itself while somebody looks at it: its tasks often while one runs, now and then else. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { Poller } from "@/lib/poller";
import { isAnyRunning, serverStore, type ServerState } from "@/stores/serverStore";

const RUNNING_MS = 1000;
const RESTING_MS = 30_000;

export const useServer = <T>(select: (state: ServerState) => T): T => useStore(serverStore, select);

export function useServerFacts(): void {
  const running = useServer((state) => isAnyRunning(state.tasks));
  useEffect(() => {
    void serverStore.getState().fetchServer();
  }, []);
  useEffect(() => {
    const poller = new Poller(serverStore.getState().fetchTasks, () => (isAnyRunning(serverStore.getState().tasks) ? RUNNING_MS : RESTING_MS));
    poller.start();
    return () => {
      poller.stop();
    };
    // A run that begins is followed at once.
  }, [running]);
}
