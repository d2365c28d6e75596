/** What the machine did over a longer time: one answer at a time, of the range asked for last. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import type { SystemRange } from "@/lib/types/system";

export interface SystemRangeState {
  /** Seconds up to now. */
  seconds: number | null;
  /** Of which machine; null: the server's own. */
  host: string | null;
  answer: SystemRange | null;
  error: string | null;
  fetchRange: (seconds: number, host?: string | null) => Promise<void>;
}

export function createSystemRangeStore() {
  return createStore<SystemRangeState>()((set, get) => ({
    seconds: null,
    host: null,
    answer: null,
    error: null,
    fetchRange: async (seconds, host = null) => {
      const isWanted = () => get().seconds === seconds && get().host === host;
      // Another range's or machine's curves are not this one's, not even for a moment.
      if (!isWanted()) set({ seconds, host, answer: null, error: null });
      const now = serverNow();
      try {
        const answer = await api.systemRange(new Date(now - seconds * 1000).toISOString(), new Date(now).toISOString(), { host });
        if (isWanted()) set({ answer, error: null });
      } catch (error) {
        // An old answer stays: it says itself until when it reaches.
        if (isWanted()) set({ error: messageOf(error) });
      }
    },
  }));
}

export const systemRangeStore = createSystemRangeStore();
