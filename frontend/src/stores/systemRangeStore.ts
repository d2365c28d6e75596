/** What the machine did over a longer time: one answer at a time, of the range asked for last. */
import { createStore } from "zustand/vanilla";
import { api, messageOf } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import type { SystemRange } from "@/lib/types/system";

export interface SystemRangeState {
  /** Seconds up to now. */
  seconds: number | null;
  answer: SystemRange | null;
  error: string | null;
  fetchRange: (seconds: number) => Promise<void>;
}

export function createSystemRangeStore() {
  return createStore<SystemRangeState>()((set, get) => ({
    seconds: null,
    answer: null,
    error: null,
    fetchRange: async (seconds) => {
      // Another range's curves are not this one's, not even for a moment.
      if (get().seconds !== seconds) set({ seconds, answer: null, error: null });
      const now = serverNow();
      try {
        const answer = await api.systemRange(new Date(now - seconds * 1000).toISOString(), new Date(now).toISOString());
        if (get().seconds === seconds) set({ answer, error: null });
      } catch (error) {
        // An old answer stays: it says itself until when it reaches.
        if (get().seconds === seconds) set({ error: messageOf(error) });
      }
    },
  }));
}

export const systemRangeStore = createSystemRangeStore();
