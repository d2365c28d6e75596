/** A channel's chart: its last minutes as they grow, or the longer time that is chosen. */
import { useCallback, useMemo } from "react";
import { useStore } from "zustand";
import { useMachineState } from "@/hooks/useMachineState";
import { liveChart, NO_DATA, rangeCharts, type ChartData } from "@/lib/systemRange";
import { systemRangeStore } from "@/stores/systemRangeStore";

export function useCharts(live: boolean): (channel: string) => ChartData {
  const history = useMachineState((state) => (live ? state.history : null));
  const host = useMachineState((state) => state.host);
  const answer = useStore(systemRangeStore, (state) => (live || state.host !== host ? null : state.answer));
  const ram = useMachineState((state) => state.memory?.ram?.total ?? null);
  const swap = useMachineState((state) => state.memory?.swap?.total ?? null);
  const gpuSizes = useMachineState((state) => JSON.stringify(Object.values(state.gpus).map((gpu) => [gpu.gpu_id, gpu.memory_total])));
  const ranges = useMemo(
    () => (answer === null ? null : rangeCharts(answer, { ram, swap, gpus: Object.fromEntries(JSON.parse(gpuSizes) as [number, number | null][]) })),
    [answer, ram, swap, gpuSizes],
  );
  // One chart object for each view, so that a panel whose channel has nothing new is not drawn again.
  const charts = useMemo(() => new WeakMap<object, ChartData>(), []);
  return useCallback(
    (channel: string) => {
      if (history === null) return ranges?.[channel] ?? NO_DATA;
      const view = history[channel];
      if (view === undefined) return NO_DATA;
      const known = charts.get(view) ?? liveChart(view);
      charts.set(view, known);
      return known;
    },
    [history, ranges, charts],
  );
}
