/** The machines that report to the server: its own and its workers'. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import type { HostInfo } from "@/lib/types/system";

export interface HostsState {
  /** The server's own first; null: not known yet. */
  hosts: HostInfo[] | null;
  /** Why they could not be read, the last time: what is known of them is old. */
  error: string | null;
  fetchHosts: () => Promise<void>;
}

export function createHostsStore() {
  let asked = 0;
  return createStore<HostsState>()((set) => ({
    hosts: null,
    error: null,
    fetchHosts: async () => {
      const turn = (asked += 1);
      try {
        const { items } = await api.systemHosts();
        if (turn === asked) set({ hosts: items, error: null });
      } catch (error) {
        if (turn === asked) set({ error: messageOf(error) });
      }
    },
  }));
}

export const hostsStore = createHostsStore();
