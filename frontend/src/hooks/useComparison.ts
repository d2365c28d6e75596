/**
 * Feeds the comparison's store: each run once and at every turn of its job; of those that go on, the rows that are new, about once a
 * second; and the server's words about all of them.
 */
import { useEffect, useRef } from "react";
import { useStore } from "zustand";
import { liveSocket } from "@/lib/socket";
import { comparisonStore, isLive, type ComparisonState } from "@/stores/comparisonStore";
import { operationsStore } from "@/stores/operationsStore";
import type { Operation } from "@/lib/types/job";
import { useSystemMonitor } from "./useStores";

const TICK_MS = 1000;
/** Snapshots, which the comparison is made of, come seconds apart at the most often. */
const COMPARE_MS = 5000;
/** With many runs at work each is asked less often. */
const RUNS_A_TICK = 4;

export const useComparisonStore = <T>(select: (state: ComparisonState) => T): T => useStore(comparisonStore, select);

const store = comparisonStore.getState();

function readable(ids: readonly string[]): string[] {
  const { runs } = comparisonStore.getState();
  return ids.filter((id) => runs[id]?.load === "ready");
}

export function useComparison(ids: readonly string[]): void {
  const key = ids.join(" ");
  const known = useComparisonStore(({ runs }) => ids.filter((id) => runs[id]?.load === "ready").join(" "));
  const polling = useSystemMonitor((state) => state.isPolling);

  const fetched = useRef({ polling, ids: new Set<string>() });

  // A run that comes has the others left as they are. While live data is away the app polls the operations; what only this page
  // knows is read again when that begins and when it ends.
  useEffect(() => {
    if (fetched.current.polling !== polling) fetched.current = { polling, ids: new Set() };
    const { ids: before } = fetched.current;
    const wanted = key.split(" ").filter((id) => id !== "");
    for (const id of wanted) if (!before.has(id)) void store.fetchRun(id);
    fetched.current.ids = new Set(wanted);
  }, [key, polling]);

  useEffect(() => {
    void store.fetchComparison(known.split(" ").filter((id) => id !== ""));
  }, [known]);

  useEffect(() => {
    const wanted = key.split(" ").filter((id) => id !== "");
    const dirty = new Set<string>();
    let comparedAt = performance.now();
    let compareSoon = false;
    const turn = async (id: string) => {
      await store.fetchRun(id);
      compareSoon = true;
    };
    const note = (job: Operation) => {
      for (const { id, turn: turned } of store.noteOperation(job)) {
        if (!wanted.includes(id)) continue;
        if (turned) void turn(id);
        else dirty.add(id);
      }
    };
    const unsubscribe = operationsStore.subscribe(({ operations }, before) => {
      if (operations === before.operations) return;
      for (const job of Object.values(operations)) if (job !== before.operations[job.id]) note(job);
    });
    let away = false;
    const release = liveSocket().onState((state) => {
      if (away && state === "connected") for (const id of wanted) void turn(id);
      away = state === "disconnected";
    });
    const timer = setInterval(() => {
      if (document.hidden) return;
      const { runs } = comparisonStore.getState();
      const live = wanted.some((id) => isLive(runs[id]));
      for (const id of [...dirty].slice(0, RUNS_A_TICK)) {
        dirty.delete(id);
        void store.fetchNewRows(id);
      }
      if (!compareSoon && !(live && performance.now() - comparedAt > COMPARE_MS)) return;
      compareSoon = false;
      comparedAt = performance.now();
      void store.fetchComparison(readable(wanted));
    }, TICK_MS);
    return () => {
      unsubscribe();
      release();
      clearInterval(timer);
    };
  }, [key]);
}
