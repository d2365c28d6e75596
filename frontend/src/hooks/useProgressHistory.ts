/** Feeds the store of progress histories with these: their snapshots once and at every turn, and what is reported between. */
import { useCallback, useEffect } from "react";
import { liveSocket } from "@/lib/socket";
import { operationsStore } from "@/stores/operationsStore";
import { progressHistoryStore } from "@/stores/progressHistoryStore";
import type { Operation } from "@/lib/types/job";
import { useFallbackPolling } from "./useFallbackPolling";

const { fetchHistory, noteOperation } = progressHistoryStore.getState();

export function useProgressHistory(entityIds: readonly string[]): void {
  const key = entityIds.join(" ");

  useEffect(() => {
    const ids = key.split(" ").filter((id) => id !== "");
    for (const id of ids) void fetchHistory(id);
    const note = (job: Operation, fetchAtTurns: boolean) => {
      for (const id of ids) {
        if (job.id !== id && job.entity_id !== id) continue;
        if (noteOperation(id, job) && fetchAtTurns) void fetchHistory(id, true);
      }
    };
    for (const job of Object.values(operationsStore.getState().operations)) note(job, false);
    const unsubscribe = operationsStore.subscribe(({ operations }, before) => {
      if (operations === before.operations) return;
      for (const job of Object.values(operations)) if (job !== before.operations[job.id]) note(job, true);
    });
    // What was kept while the connection was away.
    let away = false;
    const release = liveSocket().onState((state) => {
      if (away && state === "connected") for (const id of ids) void fetchHistory(id, true);
      away = state === "disconnected";
    });
    return () => {
      unsubscribe();
      release();
    };
  }, [key]);

  const poll = useCallback(async () => {
    await Promise.all(key.split(" ").filter((id) => id !== "").map((id) => fetchHistory(id, true)));
  }, [key]);
  useFallbackPolling(poll);
}
