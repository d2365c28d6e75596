/** Keeps the store of a longer time up to date while it is shown: each time as much of it is new as one step of its charts. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { Poller } from "@/lib/poller";
import { systemRangeStore, type SystemRangeState } from "@/stores/systemRangeStore";

const LEAST_MS = 10_000;
const MOST_MS = 300_000;

/** `seconds` null: none is shown, and nothing is asked; `host` null: of the server's own machine. */
export function useSystemRange(seconds: number | null, host: string | null): SystemRangeState {
  useEffect(() => {
    if (seconds === null) return;
    const { fetchRange } = systemRangeStore.getState();
    const poller = new Poller(
      () => fetchRange(seconds, host),
      () => Math.min(Math.max((systemRangeStore.getState().answer?.resolution_seconds ?? 0) * 1000, LEAST_MS), MOST_MS),
    );
    poller.start();
    return () => {
      poller.stop();
    };
  }, [seconds, host]);
  const state = useStore(systemRangeStore);
  return state.host === host ? state : { ...state, answer: null, error: null };
}
