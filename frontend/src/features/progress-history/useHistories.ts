import { useMemo } from "react";
import { useStore } from "zustand";
import { progressHistoryStore, type RunHistory } from "@/stores/progressHistoryStore";

export interface NamedHistory {
  id: string;
  history: RunHistory | undefined;
}

/** In the order of the ids. */
export function useHistories(entityIds: readonly string[]): NamedHistory[] {
  const histories = useStore(progressHistoryStore, (state) => state.histories);
  const key = entityIds.join(" ");
  return useMemo(
    () => key.split(" ").filter((id) => id !== "").map((id) => ({ id, history: histories[id] })),
    [histories, key],
  );
}
